"""The one definition of when a doctor can be booked."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from shared.model.interval import Interval


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
