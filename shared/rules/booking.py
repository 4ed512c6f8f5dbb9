"""The decision to book an appointment, and why a time cannot be booked."""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule, busy_times
from shared.model.doctor import Doctor
from shared.model.doctor_days import touched_days
from shared.model.documents import Documents
from shared.model.interval import Interval, clipped, merged
from shared.model.placement import placed, placement
from shared.rules.day_limit import is_full
from shared.rules.free_time import free_time
from shared.rules.outcomes import (
    Accepted,
    AlreadyApplied,
    DayFull,
    Decision,
    InThePast,
    OutsideWorkingHours,
    SlotTaken,
)
from shared.rules.wall_clock import local_day, round_down_to_minute
from shared.rules.working_windows import windows_on_date, working_windows

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


class Booking(Struct, frozen=True):
    """A request to book an appointment as given.

    Its id is chosen before the first attempt, and every later attempt keeps it.
    """

    doctor: Doctor
    appointment: Appointment

    @property
    def days(self) -> tuple[DayKey, ...]:
        """The doctor-days that the appointment would touch; on the first it would be born."""
        return touched_days(self.doctor, self.appointment.interval)


def book(documents: Documents, booking: Booking, now: datetime) -> Decision:
    """Decide a booking on the doctor-days that it would touch."""
    doctor, appointment, keys = booking.doctor, booking.appointment, booking.days
    if documents.knows(appointment.id):
        return Documents(), AlreadyApplied()
    days = [documents.days[key] for key in keys]
    if refusal := why_unavailable(days, doctor, appointment, now):
        return Documents(), refusal
    return placed(documents, None, placement(appointment, keys[0], doctor)), Accepted(appointment)


def why_unavailable(
    days: Sequence[DaySchedule],
    doctor: Doctor,
    wanted: Appointment,
    now: datetime,
    moving: str | None = None,
) -> InThePast | OutsideWorkingHours | SlotTaken | DayFull | None:
    """Return why an appointment cannot have its time, or None if that is free from now on.

    The running minute is not in the past: whoever walks in can be booked from its start on.
    `days` are those that it would touch. The time of the appointment `moving` counts as free.
    """
    earliest = round_down_to_minute(now)
    asked, date = wanted.interval, days[0].key.day
    busy = busy_times(days, without=moving)
    free = free_time(doctor, date, busy, Interval(earliest, _END_OF_TIME), asked.length)
    if any(time.contains(asked) for time in free):
        return DayFull() if any(is_full(day, wanted) for day in days) else None
    if asked.start < earliest:
        return InThePast()
    if not any(window.contains(asked) for window in working_windows(doctor, date)):
        windows = windows_on_date(doctor, local_day(asked.start, doctor.zone))
        return OutsideWorkingHours(doctor, asked, working_windows=windows, moving=moving)
    conflicts = merged(clipped(busy, asked))
    return SlotTaken(doctor, asked, conflicts=tuple(conflicts), moving=moving)
