"""The frozen values that the rules are about.

An instant is an aware `datetime` in UTC; a day is the local date of a doctor. What is made and
compared by the thousand is a tuple with names: made in half the time, compared in a tenth.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

from msgspec import Struct, field

AppointmentStatus = Literal["booked", "cancelled"]


class Interval(NamedTuple):
    """The half-open time `[start, end)`: instants in UTC, `start` before `end`."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """The elapsed time from start to end."""
        return self.end - self.start

    def overlaps(self, other: Self) -> bool:
        """Whether the two share any time; intervals that only touch share none."""
        return self.start < other.end and other.start < self.end

    def contains(self, other: Self) -> bool:
        """Whether no part of the other lies outside this one."""
        return self.start <= other.start and other.end <= self.end


class WorkingHours(NamedTuple):
    """One stretch of a working day, in minutes of the wall clock since midnight.

    `0 <= opens < closes <= 1440`; 1440 is the midnight that ends the day.
    """

    opens: int
    closes: int


class Doctor(Struct, frozen=True):
    """A doctor, and the hours worked in every week of the year.

    `week` holds the stretches of each weekday, Monday first, ordered and not overlapping.
    """

    id: str
    name: str
    zone: ZoneInfo
    week: tuple[tuple[WorkingHours, ...], ...]


class Patient(NamedTuple):
    """The person whom an appointment is for. Personal: never logged, never in an error."""

    name: str
    email: str | None = None
    phone: str | None = None


class Appointment(NamedTuple):
    """A time with a doctor that a patient holds, or held until it was cancelled."""

    id: str
    doctor_id: str
    interval: Interval
    patient: Patient
    created_at: datetime
    updated_at: datetime
    reason: str | None = None
    cancelled_at: datetime | None = None
    cancellation_reason: str | None = None

    @property
    def status(self) -> AppointmentStatus:
        """`cancelled` from the moment of cancelling on, else `booked`."""
        return "booked" if self.cancelled_at is None else "cancelled"

    @property
    def position(self) -> tuple[datetime, str]:
        """Where it stands in every list: by start, then by id."""
        return (self.interval.start, self.id)


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


class Opening(Struct, frozen=True):
    """A time that could be booked; computed, never stored."""

    doctor: Doctor
    interval: Interval


class Receipt(Struct, frozen=True):
    """The record of an idempotency key: which request it was used for, and what came of it.

    `key` and `fingerprint` are hashes; from the instant `expires_at` on the key is free again.
    `request_id` names the very request that left it, which another with its key is not.
    """

    key: str
    fingerprint: str
    appointment_id: str
    expires_at: datetime
    request_id: str = ""
