"""The local dates that a time touches."""

from collections.abc import Iterator
from datetime import date, timedelta

from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.rules.wall_clock import local_day


def days_of(bounds: Interval, doctor: Doctor) -> tuple[date, date]:
    """Return the first and the last of the doctor's local dates that the bounds touch."""
    last_instant = bounds.end - timedelta.resolution
    return local_day(bounds.start, doctor.zone), local_day(last_instant, doctor.zone)


def each_day(first: date, last: date) -> Iterator[date]:
    """Yield the dates from first to last, both included."""
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(ordinal)
