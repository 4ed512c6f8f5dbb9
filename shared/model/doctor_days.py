"""The doctor-days of instants: arithmetic that no change of clock rules can touch.

A doctor-day is the 24 hours whose instants, plus the doctor's shift, have one UTC date. Which day
an appointment is on must be the same for every instance and for all time, so it depends on no
time-zone data. An appointment stands in every doctor-day that it touches, so it does not matter
where the day begins on the wall clock.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from shared.model.day import DayKey
from shared.model.doctor import Doctor
from shared.model.interval import Interval

DAY = timedelta(days=1)

MOST_DAYS_TOUCHED = 3
"""How many doctor-days an appointment touches at most, with its buffers."""


def day_of(doctor: Doctor, instant: datetime) -> date:
    """Return the date that names the doctor-day of an instant."""
    return (instant + doctor.day_shift).date()


def days_of(doctor: Doctor, bounds: Interval) -> tuple[date, date]:
    """Return the first and the last doctor-day that the bounds touch."""
    return day_of(doctor, bounds.start), day_of(doctor, bounds.end - timedelta.resolution)


def touched_days(doctor: Doctor, interval: Interval) -> tuple[DayKey, ...]:
    """Return every doctor-day that an interval touches, in order."""
    first, last = days_of(doctor, interval)
    if first == last:  # Nearly all touch one.
        return (DayKey(doctor.id, first),)
    return tuple(DayKey(doctor.id, day) for day in each_day(first, last))


def end_of_day(doctor: Doctor, day: date) -> datetime:
    """Return the instant at which a doctor-day ends."""
    return _end_of_day(doctor.day_shift, day)


@lru_cache(maxsize=4096)  # A search asks for it several times a day.
def _end_of_day(day_shift: timedelta, day: date) -> datetime:
    return datetime.combine(day, time(), UTC) - day_shift + DAY


def each_day(first: date, last: date) -> Iterator[date]:
    """Yield the dates from first to last, both included."""
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(ordinal)
