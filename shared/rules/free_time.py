"""The one definition of when a doctor can be booked.

A booking asks whether its time lies within free time, a search steps through it; so what is
offered and what is accepted cannot differ. A new rule about when a doctor is bookable goes here.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from shared.model.interval import Interval


def free_time(
    windows: Iterable[Interval], busy: Sequence[Interval], bounds: Interval, shortest: timedelta
) -> Iterator[Interval]:
    """Yield the free times that last at least `shortest`, earliest first.

    Free is what lies in one of the `windows` in which the doctor works and within the bounds, and
    is not busy; both are in order of start. `busy` holds what is blocked on all days into which the
    windows reach. Lazy and linear: the first free time costs no more than the way to it.
    """
    earliest, latest = bounds
    for opens, closes in windows:
        free_from, closed_at = max(opens, earliest), min(closes, latest)
        for start, end in busy:
            if start > free_from:
                if start >= closed_at:
                    break
                if start - free_from >= shortest:
                    yield Interval(free_from, start)
            if end > free_from:  # noqa: PLR1730 - calling `max` takes as long as the rest
                free_from = end
        if closed_at - free_from >= shortest:
            yield Interval(free_from, closed_at)
