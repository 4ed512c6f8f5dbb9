"""The doctor-day, the unit of consistency."""

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import NamedTuple, Self

from msgspec import Struct, field

from shared.model.appointment import Appointment
from shared.model.interval import Interval


class DayKey(NamedTuple):
    """Names a doctor-day, the unit of consistency; `day` is the doctor's local date."""

    doctor_id: str
    day: date


Entry = Appointment | DayKey
"""What a day knows by an appointment's id: the appointment, or the day that it was moved to."""


class DaySchedule(Struct, frozen=True, dict=True):
    """All appointments of one doctor-day, in order of their positions.

    `forwarded` says where those lie now that were born on this day and moved to another.
    """

    key: DayKey
    appointments: tuple[Appointment, ...] = ()
    forwarded: Mapping[str, DayKey] = field(default_factory=dict)

    @cached_property
    def busy(self) -> tuple[Interval, ...]:
        """The times that appointments hold, in order; cancelled ones hold none."""
        return tuple(a.interval for a in self.appointments if a.cancelled_at is None)

    def busy_without(self, appointment_id: str | None) -> tuple[Interval, ...]:
        """The times that appointments hold, but for one of them if there is one to leave out."""
        return self.busy if appointment_id is None else self.without(appointment_id).busy

    def find(self, appointment_id: str) -> Appointment | None:
        """The appointment of this id, or None."""
        return next((a for a in self.appointments if a.id == appointment_id), None)

    def knows(self, appointment_id: str) -> bool:
        """Whether the appointment lies on this day, or was moved from here."""
        return appointment_id in self.forwarded or self.find(appointment_id) is not None

    def entries(self) -> dict[str, Entry]:
        """All that the day knows, by the appointments' ids."""
        return {**self.forwarded, **{a.id: a for a in self.appointments}}

    def without(self, appointment_id: str) -> Self:
        """The same day, knowing nothing of an appointment."""
        appointments = tuple(a for a in self.appointments if a.id != appointment_id)
        forwarded = {name: day for name, day in self.forwarded.items() if name != appointment_id}
        return type(self)(self.key, appointments, forwarded)

    def with_appointment(self, appointment: Appointment) -> Self:
        """The same day with this appointment, in place of what it knew by the same id."""
        rest = self.without(appointment.id)
        appointments = sorted((*rest.appointments, appointment), key=lambda a: a.position)
        return type(self)(self.key, tuple(appointments), rest.forwarded)

    def forwarding(self, appointment_id: str, to: DayKey) -> Self:
        """The same day, from which an appointment has moved to another."""
        rest = self.without(appointment_id)
        return type(self)(self.key, rest.appointments, {**rest.forwarded, appointment_id: to})
