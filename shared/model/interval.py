"""Half-open intervals of time, and the set operations on them."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple, Self


class Interval(NamedTuple):
    """The half-open time `[start, end)`: instants in UTC, `start` not after `end`.

    A tuple, because a search makes and compares thousands: a struct takes twice as long to make.
    """

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


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the same time as the fewest intervals, in order, joining what overlaps or touches."""
    result: list[Interval] = []
    for interval in sorted(intervals):
        if result and interval.start <= result[-1].end:
            result[-1] = Interval(result[-1].start, max(result[-1].end, interval.end))
        else:
            result.append(interval)
    return result


def clipped(intervals: Iterable[Interval], bounds: Interval) -> Iterator[Interval]:
    """Yield the parts of the intervals that lie within the bounds."""
    for interval in intervals:
        if interval.overlaps(bounds):
            start = max(interval.start, bounds.start)
            yield Interval(start, min(interval.end, bounds.end))


def without(intervals: Iterable[Interval], gone: Iterable[Interval]) -> list[Interval]:
    """Return what is left of intervals in order once some times are gone; those need no order."""
    left = list(intervals)
    for start, end in gone:
        # Of many closed days few are near.
        if left and start < left[-1].end and left[0].start < end:
            left = [part for each in left for part in _around(each, start, end)]
    return left


def _around(each: Interval, start: datetime, end: datetime) -> Iterator[Interval]:
    if end <= each.start or each.end <= start:
        yield each
        return
    if each.start < start:
        yield Interval(each.start, start)
    if end < each.end:
        yield Interval(end, each.end)
