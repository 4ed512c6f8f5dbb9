"""The doctor-day, the unit of consistency."""

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from typing import NamedTuple, Self

from msgspec import Struct

from shared.model.appointment import Appointment
from shared.model.interval import Interval


class DayKey(NamedTuple):
    """The name of a doctor-day; `day` is the UTC date of an instant plus the doctor's shift."""

    doctor_id: str
    day: date


class DaySchedule(Struct, frozen=True, dict=True):
    """All booked appointments that touch one doctor-day, in order of their positions."""

    key: DayKey
    appointments: tuple[Appointment, ...] = ()

    @cached_property
    def busy(self) -> tuple[Interval, ...]:
        """The times that they hold, in order."""
        return tuple(a.interval for a in self.appointments)

    def busy_without(self, appointment_id: str | None) -> tuple[Interval, ...]:
        """Return the busy times, leaving out those of one appointment if an id is given."""
        return self.busy if appointment_id is None else self.without(appointment_id).busy

    def find(self, appointment_id: str) -> Appointment | None:
        """Return the appointment of this id, or None."""
        return next((a for a in self.appointments if a.id == appointment_id), None)

    def entries(self) -> dict[str, Appointment]:
        """Return everything the day holds, by appointment id."""
        return {a.id: a for a in self.appointments}

    def without(self, appointment_id: str) -> Self:
        """Return the same day without an appointment."""
        return type(self)(self.key, tuple(a for a in self.appointments if a.id != appointment_id))

    def with_appointment(self, appointment: Appointment) -> Self:
        """Return the same day with this appointment, replacing the one of its id."""
        others = self.without(appointment.id).appointments
        return type(self)(self.key, tuple(sorted((*others, appointment), key=lambda a: a.position)))


def busy_times(days: Sequence[DaySchedule], without: str | None = None) -> tuple[Interval, ...]:
    """Return the busy times of several days, in order and each once.

    Leaves out those of the appointment `without`, if an id is given.
    """
    if len(days) == 1:
        return days[0].busy_without(without)
    return tuple(sorted({time for day in days for time in day.busy_without(without)}))
