"""The one definition of when a doctor can be booked.

A booking asks whether its time lies within free time, a search steps through it; so what is
offered and what is accepted cannot differ. A new rule about when a doctor is bookable goes here.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from shared.model.day import DaySchedule
from shared.model.doctor import Doctor
from shared.model.interval import Interval, clipped
from shared.rules.working_windows import working_windows


def free_time(
    doctor: Doctor,
    day: DaySchedule,
    bounds: Interval,
    shortest: timedelta,
    moving: str | None = None,
) -> Iterator[Interval]:
    """Yield the free times of a doctor-day that last at least `shortest`, earliest first.

    Free is what lies in a working window and within the bounds, and is not busy; the time of the
    appointment `moving` counts as free. Lazy and linear: the first free time costs no more than
    the way to it.
    """
    busy = day.busy_without(moving)
    for window in clipped(working_windows(doctor, day.key.day), bounds):
        yield from _gaps(window, busy, shortest)


def _gaps(window: Interval, busy: Sequence[Interval], shortest: timedelta) -> Iterator[Interval]:
    """Yield the parts of a window between busy times, which are in order of start."""
    free_from, closes = window
    for start, end in busy:
        if start > free_from:
            if start >= closes:
                break
            if start - free_from >= shortest:
                yield Interval(free_from, start)
        if end > free_from:  # noqa: PLR1730 - calling `max` takes as long as the rest of the loop
            free_from = end
    if closes - free_from >= shortest:
        yield Interval(free_from, closes)
