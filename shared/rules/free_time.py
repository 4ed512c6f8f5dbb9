"""The one definition of when a doctor can be booked.

A booking asks whether its time lies within free time, a search steps through it; so what is
offered and what is accepted cannot differ. A new rule about when a doctor is bookable goes here.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.rules.working_windows import working_windows


def free_time(
    doctor: Doctor, day: date, busy: Sequence[Interval], bounds: Interval, shortest: timedelta
) -> Iterator[Interval]:
    """Yield the free times of a doctor-day that last at least `shortest`, earliest first.

    Free is what lies in a working window and within the bounds, and is not busy; `busy` is in
    order of start, and that of the next day belongs to it where the windows reach into it. Lazy
    and linear: the first free time costs no more than the way to it.
    """
    earliest, latest = bounds
    for opens, closes in working_windows(doctor, day):
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
