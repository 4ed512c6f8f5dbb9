"""Openings: steps through free time."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from shared.model.interval import Interval, clipped
from shared.rules.free_time import gaps
from shared.rules.wall_clock import MINUTE, minutes_of_day


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
    while past := minutes_of_day(instant, zone) % step:
        due = instant + (step - past) * MINUTE
        # Where the clock is changed on the way, a leap could miss what it skips or repeats.
        steady = instant.astimezone(zone).utcoffset() == due.astimezone(zone).utcoffset()
        instant = due if steady else instant + MINUTE
    return instant
