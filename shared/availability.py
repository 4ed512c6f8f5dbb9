"""The rules of time: wall clocks, working windows, what is free, openings.

Pure, like the decisions that rest on it: no I/O, no clock, no environment. All arithmetic is in
UTC; the wall clock is converted once, at the edge of a day.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from shared.models import DayKey, Doctor, Interval, WorkingHours

MINUTE = timedelta(minutes=1)
WINDOWS_REMEMBERED = 4096  # About 1.5 MB; doctors who work the same hours share them.

LocalTimeProblem = Literal["nonexistent_local_time", "ambiguous_local_time"]


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


def gaps(window: Interval, busy: Iterable[Interval], length: timedelta) -> Iterator[Interval]:
    """The free parts of a window that have a length, given what is busy in order of start."""
    free_from, closes = window
    for start, end in busy:
        if start > free_from:
            if start >= closes:
                break
            if start - free_from >= length:
                yield Interval(free_from, start)
        if end > free_from:  # noqa: PLR1730 - `max` takes as long as all the rest
            free_from = end
    if closes - free_from >= length:
        yield Interval(free_from, closes)


# Working windows and openings


def working_windows(doctor: Doctor, day: date) -> tuple[Interval, ...]:
    """When a doctor works on a local date, as instants, in order, with breaks between.

    Hours that touch make one window. A date that the zone skipped (Pacific/Apia, 2011-12-30)
    has none, nor is there a window that a change of the clock leaves nothing of.
    """
    return _windows_of(doctor.week[day.weekday()], day, doctor.zone)


@lru_cache(maxsize=WINDOWS_REMEMBERED)
def _windows_of(
    stretches: tuple[WorkingHours, ...], day: date, zone: ZoneInfo
) -> tuple[Interval, ...]:
    """Remembered, as a search over a year would spend most of its time on converting them."""
    windows = (_working_window(hours, day, zone) for hours in stretches)
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


class OpeningSearch(Struct, frozen=True):
    """What openings are looked for: of this length, within these bounds, on this grid.

    Without `step` the openings of a doctor are the earliest that do not overlap each other;
    with it, every start whose wall clock is a multiple of `step` minutes since midnight.
    The time of the appointment `moving` counts as free.
    """

    bounds: Interval
    length: timedelta
    step: int | None = None
    moving: str | None = None


def openings(
    windows: Iterable[Interval], busy: Iterable[Interval], search: OpeningSearch, zone: ZoneInfo
) -> Iterator[Interval]:
    """The openings of one doctor-day, earliest first; `busy` is in order of start.

    Lazy, and linear in what is busy: the first opening costs no more than the way to it.
    """
    stride = MINUTE if search.step else search.length
    for window in clipped(windows, search.bounds):
        for gap in gaps(window, busy, search.length):
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
