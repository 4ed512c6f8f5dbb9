"""Hypothesis strategies for doctors and times around the days on which clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import strategies as st

from shared.model.doctor import Doctor, WorkingHours
from shared.model.interval import Interval
from shared.model.time_zones import time_zone

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

CHANGES = [
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Pacific/Chatham", date(2026, 4, 5)),
    ("Pacific/Chatham", date(2026, 9, 27)),
    ("America/Nuuk", date(2026, 3, 28)),
    ("America/Nuuk", date(2026, 10, 24)),
    ("UTC", date(2026, 2, 28)),
]
"""Zones, and a local day on which the clock is put forward or back (in UTC it never is)."""

STEPS = [15, 60, 80, 90, 180, 720]


@st.composite
def stretches(draw: st.DrawFn) -> tuple[WorkingHours, ...]:
    """The hours of a weekday: up to four stretches, some touching, most ending in the night."""
    night = st.integers(1, 16) | st.integers(91, 95)
    quarters = draw(st.sets(night | st.integers(17, 90), min_size=1, max_size=3))
    points = [0, *(15 * quarter for quarter in sorted(quarters)), 24 * 60]
    hours = [WorkingHours(opens, closes) for opens, closes in pairwise(points)]
    return tuple(stretch for stretch in hours if draw(st.integers(0, 3)))


ALL_DAY = (WorkingHours(0, 1440),)
NIGHTS = (WorkingHours(0, 360), WorkingHours(1200, 1440))


def hours() -> st.SearchStrategy[tuple[WorkingHours, ...]]:
    """The hours of a weekday; many meet those of the next day at midnight."""
    return stretches() | st.sampled_from([ALL_DAY, NIGHTS])


def day_shifts() -> st.SearchStrategy[timedelta]:
    """Any number of minutes by which doctor-days may be shifted, whatever the zone."""
    return st.integers(-16 * 60, 16 * 60).map(lambda minutes: minutes * MINUTE)


@st.composite
def doctors_and_dates(draw: st.DrawFn) -> tuple[Doctor, tuple[date, date, date]]:
    """A doctor whose hours change from day to day, and three days about a change of the clock."""
    zone, change = draw(st.sampled_from(CHANGES))
    one, other = draw(hours()), draw(hours())
    week = (one, other, one, other, one, other, one)
    doctor = Doctor("strange", "Doctor Strange", time_zone(zone), week, draw(day_shifts()))
    return doctor, (change - DAY, change, change + DAY)


def noon(doctor: Doctor, day: date) -> datetime:
    return datetime.combine(day, time(12), doctor.zone).astimezone(UTC)


@st.composite
def instants(draw: st.DrawFn, doctor: Doctor, day: date) -> datetime:
    """A time of a local day, or up to an hour off it; on a multiple of five minutes."""
    return noon(doctor, day) + draw(st.integers(-13 * 12, 13 * 12)) * 5 * MINUTE


@st.composite
def intervals(draw: st.DrawFn, doctor: Doctor, day: date, longest: int = 60) -> Interval:
    """From such a time on, at most so many minutes."""
    start = draw(instants(doctor, day))
    return Interval(start, start + draw(st.integers(1, longest)) * MINUTE)


@st.composite
def long_intervals(draw: st.DrawFn, doctor: Doctor, day: date) -> Interval:
    """From the night or the evening before to some time before noon of the next day."""
    before, after = draw(st.integers(9 * 60, 20 * 60)), draw(st.integers(1, 24 * 60))
    return Interval(noon(doctor, day) - before * MINUTE, noon(doctor, day) + after * MINUTE)


@st.composite
def several_days(draw: st.DrawFn, doctor: Doctor, day: date) -> Interval:
    """From any time of the day before to any time of the day after, on the minute."""
    before, after = draw(st.integers(12 * 60, 36 * 60)), draw(st.integers(12 * 60, 36 * 60))
    return Interval(noon(doctor, day) - before * MINUTE, noon(doctor, day) + after * MINUTE)


@st.composite
def whiles(draw: st.DrawFn) -> Interval:
    """A short time within the same hour as all the others, so that many touch and overlap."""
    start = datetime(2026, 5, 4, 9, draw(st.integers(0, 40)), tzinfo=UTC)
    return Interval(start, start + draw(st.integers(1, 20)) * MINUTE)
