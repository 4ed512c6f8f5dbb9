"""The decision to book an appointment, and why a time cannot be booked."""

from datetime import UTC, datetime

from msgspec import Struct

from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.interval import Interval, clipped, merged
from shared.rules.free_time import free_time
from shared.rules.outcomes import (
    Accepted,
    AlreadyApplied,
    Days,
    Decision,
    InThePast,
    OutsideWorkingHours,
    SlotTaken,
)
from shared.rules.wall_clock import day_key, round_down_to_minute
from shared.rules.working_windows import working_windows

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


class Booking(Struct, frozen=True):
    """A request to book an appointment as given.

    Its id is chosen before the first attempt, and every later attempt keeps it.
    """

    doctor: Doctor
    appointment: Appointment

    @property
    def key(self) -> DayKey:
        """The doctor-day that the appointment would belong to."""
        return day_key(self.doctor, self.appointment.interval.start)


def book(days: Days, booking: Booking, now: datetime) -> Decision:
    """Decide a booking on its doctor-day."""
    day, appointment = days[booking.key], booking.appointment
    if day.knows(appointment.id):
        return {}, AlreadyApplied()
    if refusal := why_unavailable(day, booking.doctor, appointment.interval, now):
        return {}, refusal
    return {day.key: day.with_appointment(appointment)}, Accepted(appointment)


def why_unavailable(
    day: DaySchedule, doctor: Doctor, asked: Interval, now: datetime, moving: str | None = None
) -> InThePast | OutsideWorkingHours | SlotTaken | None:
    """Return why a time cannot be booked, or None if it lies within free time from now on.

    The running minute is not in the past: whoever walks in can be booked from its start on. The
    time of the appointment `moving` counts as free.
    """
    earliest = round_down_to_minute(now)
    date, busy = day.key.day, day.busy_without(moving)
    free = free_time(doctor, date, busy, Interval(earliest, _END_OF_TIME), asked.length)
    if any(time.contains(asked) for time in free):
        return None
    if asked.start < earliest:
        return InThePast()
    windows = working_windows(doctor, date)
    if not any(window.contains(asked) for window in windows):
        return OutsideWorkingHours(doctor, asked, working_windows=windows, moving=moving)
    conflicts = merged(clipped(busy, asked))
    return SlotTaken(doctor, asked, conflicts=tuple(conflicts), moving=moving)
