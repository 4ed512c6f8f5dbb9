"""The rules: working windows, conflicts, openings, booking.

Everything here is pure. No I/O, no clock, no environment: `now` is an argument, and the same
arguments always give the same answer, so a decision may be made as often as needed.
All arithmetic is in UTC; the wall clock is converted once, at the edge of a day.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from shared.models import (
    Appointment,
    DayKey,
    DaySchedule,
    Doctor,
    Interval,
    Patient,
    WorkingHours,
)
from shared.outcomes import Booked, InThePast, Outcome, OutsideWorkingHours, SlotTaken

MINUTE = timedelta(minutes=1)
RECEIPT_LIFETIME = timedelta(hours=48)
"""How long an idempotency key is remembered; the contract promises at least 24 hours."""

LocalTimeProblem = Literal["nonexistent_local_time", "ambiguous_local_time"]
Days = Mapping[DayKey, DaySchedule]


# The wall clock


def resolve_wall_clock(local: datetime, zone: ZoneInfo) -> datetime | LocalTimeProblem:
    """The instant that a naive local time names in a zone, or why it names none or two.

    A change of the clock skips local times (`nonexistent_local_time`) or repeats them
    (`ambiguous_local_time`); see PEP 495 for `fold`.
    """
    earlier, later = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if earlier.utcoffset() == later.utcoffset():
        return earlier.astimezone(UTC)
    instant = earlier.astimezone(UTC)
    exists = instant.astimezone(zone).replace(tzinfo=None, fold=0) == local
    return "ambiguous_local_time" if exists else "nonexistent_local_time"


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The local date on which an instant falls."""
    return instant.astimezone(zone).date()


def day_key(doctor: Doctor, instant: datetime) -> DayKey:
    """The doctor-day that an instant belongs to."""
    return DayKey(doctor.id, local_day(instant, doctor.zone))


def _on_wall_clock(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The instant at which the wall clock of a day has run `minutes` since midnight.

    A skipped local time moves forward by what was skipped, a repeated one means the earlier
    instant: RFC 5545, section 3.3.5.
    """
    local = datetime.combine(day, time()) + timedelta(minutes=minutes)
    return local.replace(tzinfo=zone).astimezone(UTC)


# Intervals


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time as fewest intervals, in order: what overlaps or touches becomes one."""
    result: list[Interval] = []
    for interval in sorted(intervals):
        if result and interval.start <= result[-1].end:
            result[-1] = Interval(result[-1].start, max(result[-1].end, interval.end))
        else:
            result.append(interval)
    return result


def clipped(intervals: Iterable[Interval], bounds: Interval) -> Iterator[Interval]:
    """The parts of the intervals that lie within the bounds."""
    for interval in intervals:
        if interval.overlaps(bounds):
            start = max(interval.start, bounds.start)
            yield Interval(start, min(interval.end, bounds.end))


def gaps(window: Interval, busy: Iterable[Interval]) -> Iterator[Interval]:
    """The free parts of a window, given what is busy in order of start."""
    free_from = window.start
    for taken in busy:
        if taken.start >= window.end:
            break
        if taken.start > free_from:
            yield Interval(free_from, taken.start)
        free_from = max(free_from, taken.end)
    if free_from < window.end:
        yield Interval(free_from, window.end)


# Working windows and openings


def working_windows(doctor: Doctor, day: date) -> tuple[Interval, ...]:
    """When a doctor works on a local date, as instants, in order, with breaks between.

    Hours that touch make one window. A date that the zone skipped (Pacific/Apia, 2011-12-30)
    has none, nor is there a window that a change of the clock leaves nothing of.
    """
    windows = (_working_window(hours, day, doctor.zone) for hours in doctor.week[day.weekday()])
    return tuple(merged(window for window in windows if window))


def _working_window(hours: WorkingHours, day: date, zone: ZoneInfo) -> Interval | None:
    """The window of these hours, if anything of it lies on the local date.

    It never reaches into another date, also where a change of the clock swallows midnight
    (America/Nuuk, 2026-03-28): a time that two doctor-days held could be booked twice.
    """
    opens_at = _on_wall_clock(day, hours.opens, zone)
    closes_at = _on_wall_clock(day, hours.closes, zone)
    if local_day(opens_at, zone) != day:
        return None
    while local_day(closes_at - MINUTE, zone) > day:
        closes_at -= MINUTE
    return Interval(opens_at, closes_at) if opens_at < closes_at else None


@dataclass(frozen=True, slots=True)
class OpeningSearch:
    """What openings are looked for: of this length, within these bounds, on this grid.

    Without `step` the openings of a doctor are the earliest that do not overlap each other;
    with it, every start whose wall clock is a multiple of `step` minutes since midnight.
    """

    bounds: Interval
    length: timedelta
    step: int | None = None


def openings(
    windows: Iterable[Interval], busy: Iterable[Interval], search: OpeningSearch, zone: ZoneInfo
) -> Iterator[Interval]:
    """The openings of one doctor-day, earliest first; `busy` is in order of start.

    Lazy, and linear in what is busy: the first opening costs no more than the way to it.
    """
    stride = MINUTE if search.step else search.length
    for window in clipped(windows, search.bounds):
        for gap in gaps(window, busy):
            start = _on_grid(gap.start, search.step, zone)
            while start + search.length <= gap.end:
                yield Interval(start, start + search.length)
                start = _on_grid(start + stride, search.step, zone)


def _on_grid(instant: datetime, step: int | None, zone: ZoneInfo) -> datetime:
    """The first instant from this one on whose wall clock lies on the grid."""
    if step is None:
        return instant
    while past := _minutes_of_day(instant, zone) % step:
        due = instant + (step - past) * MINUTE
        # Where the clock is changed on the way, a leap could miss what it skips or repeats.
        steady = instant.astimezone(zone).utcoffset() == due.astimezone(zone).utcoffset()
        instant = due if steady else instant + MINUTE
    return instant


def _minutes_of_day(instant: datetime, zone: ZoneInfo) -> int:
    local = instant.astimezone(zone)
    return local.hour * 60 + local.minute


def round_up_to_minute(instant: datetime) -> datetime:
    """The instant itself where it is a whole minute, else the next whole minute."""
    whole = instant.replace(second=0, microsecond=0)
    return whole if whole == instant else whole + MINUTE


# Booking


@dataclass(frozen=True, slots=True)
class Booking:
    """A wish to hold a time. The id is chosen before the first try, and kept by every other."""

    appointment_id: str
    doctor: Doctor
    interval: Interval
    patient: Patient
    reason: str | None = None

    @property
    def key(self) -> DayKey:
        """The doctor-day that the appointment would belong to."""
        return day_key(self.doctor, self.interval.start)


def appointment_id(key: DayKey, token: str) -> str:
    """An id that says where the appointment was born, and that nobody can guess.

    `token` is random, of letters and digits.
    """
    return f"{key.doctor_id}.{key.day:%Y%m%d}.{token}"


def book(days: Days, booking: Booking, now: datetime) -> tuple[Days, Outcome]:
    """Decide a booking on its doctor-day: the days as they would be then, and the outcome.

    An appointment that already has the booking's id is this very booking, made by an earlier
    try whose answer was lost; it is granted again and nothing changes.
    """
    day = days[booking.key]
    if made := day.find(booking.appointment_id):
        return days, Booked(made)
    if refusal := _refusal(day, booking, now):
        return days, refusal
    appointment = Appointment(
        id=booking.appointment_id,
        doctor_id=booking.doctor.id,
        interval=booking.interval,
        patient=booking.patient,
        reason=booking.reason,
        created_at=now,
        updated_at=now,
    )
    return {**days, day.key: day.with_appointment(appointment)}, Booked(appointment)


def _refusal(
    day: DaySchedule, booking: Booking, now: datetime
) -> InThePast | OutsideWorkingHours | SlotTaken | None:
    asked, doctor = booking.interval, booking.doctor
    if asked.start < now:
        return InThePast()
    windows = working_windows(doctor, day.key.day)
    if not any(window.contains(asked) for window in windows):
        return OutsideWorkingHours(doctor, asked, working_windows=windows)
    if conflicts := merged(clipped(day.busy, asked)):
        return SlotTaken(doctor, asked, conflicts=tuple(conflicts))
    return None
