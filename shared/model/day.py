"""The doctor-day, the unit of consistency."""

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import NamedTuple, Self

from msgspec import Struct, field

from shared.model.appointment import Appointment
from shared.model.interval import Interval


class DayKey(NamedTuple):
    """The name of a doctor-day; `day` is the doctor's local date."""

    doctor_id: str
    day: date


Entry = Appointment | DayKey
"""What a day holds under an appointment's id: the appointment, or the day it was moved to."""


class DaySchedule(Struct, frozen=True, dict=True):
    """All appointments of one doctor-day, in order of their positions.

    `forwarded` tells where those are now that were born on this day and moved to another.
    """

    key: DayKey
    appointments: tuple[Appointment, ...] = ()
    forwarded: Mapping[str, DayKey] = field(default_factory=dict)

    @cached_property
    def busy(self) -> tuple[Interval, ...]:
        """The times that booked appointments hold, in order."""
        return tuple(a.interval for a in self.appointments if a.cancelled_at is None)

    def busy_without(self, appointment_id: str | None) -> tuple[Interval, ...]:
        """Return the busy times, leaving out those of one appointment if an id is given."""
        return self.busy if appointment_id is None else self.without(appointment_id).busy

    def find(self, appointment_id: str) -> Appointment | None:
        """Return the appointment of this id, or None."""
        return next((a for a in self.appointments if a.id == appointment_id), None)

    def knows(self, appointment_id: str) -> bool:
        """Whether the appointment is on this day, or was moved away from it."""
        return appointment_id in self.forwarded or self.find(appointment_id) is not None

    def entries(self) -> dict[str, Entry]:
        """Return everything the day holds, by appointment id."""
        return {**self.forwarded, **{a.id: a for a in self.appointments}}

    def without(self, appointment_id: str) -> Self:
        """Return the same day without any entry of an appointment."""
        appointments = tuple(a for a in self.appointments if a.id != appointment_id)
        forwarded = {name: to for name, to in self.forwarded.items() if name != appointment_id}
        return type(self)(self.key, appointments, forwarded)

    def with_appointment(self, appointment: Appointment) -> Self:
        """Return the same day with this appointment replacing any entry of its id."""
        rest = self.without(appointment.id)
        appointments = sorted((*rest.appointments, appointment), key=lambda a: a.position)
        return type(self)(self.key, tuple(appointments), rest.forwarded)

    def forwarding(self, appointment_id: str, to: DayKey) -> Self:
        """Return the same day after an appointment moved from it to another day."""
        rest = self.without(appointment_id)
        return type(self)(self.key, rest.appointments, {**rest.forwarded, appointment_id: to})
