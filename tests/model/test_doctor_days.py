"""The doctor-days of instants: plain arithmetic, the same for ever."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.model.doctor import Doctor
from shared.model.doctor_days import day_of, end_of_day, touched_days
from shared.model.interval import Interval
from tests.builders import at, doctor, key, span
from tests.examples import examples
from tests.strategies import CHANGES, DAY, MINUTE, day_shifts

many = examples(200)


def shifted(hours: float) -> Doctor:
    return replace(doctor(), day_shift=timedelta(hours=hours))


@pytest.mark.parametrize(
    ("hours", "instant", "day"),
    [
        (0, "2026-11-23T23:59:59.999999Z", "2026-11-23"),
        (0, "2026-11-24T00:00Z", "2026-11-24"),
        (-5, "2026-11-24T04:59:59.999999Z", "2026-11-23"),
        (-5, "2026-11-24T05:00Z", "2026-11-24"),
        (5.75, "2026-11-23T18:14:59.999999Z", "2026-11-23"),
        (5.75, "2026-11-23T18:15Z", "2026-11-24"),
        (14, "2026-12-31T10:00Z", "2027-01-01"),
        (-5, "2026-07-01T04:59:59.999999Z", "2026-06-30"),  # Though New York has summer then.
        (0, "2028-02-28T23:30-01:00", "2028-02-29"),
    ],
)
def test_the_day_of_an_instant_is_its_utc_date_after_the_shift(
    hours: float, instant: str, day: str
) -> None:
    assert day_of(shifted(hours), at(instant)) == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("hours", "start", "end", "days"),
    [
        (0, "2026-11-23T00:00Z", "2026-11-24T00:00Z", "23"),
        (0, "2026-11-23T00:00Z", "2026-11-24T00:00:00.000001Z", "23 24"),
        (0, "2026-11-23T23:59Z", "2026-11-24T00:01Z", "23 24"),
        (0, "2026-11-23T12:00Z", "2026-11-25T12:00Z", "23 24 25"),
        (-5, "2026-11-23T23:00Z", "2026-11-24T05:00Z", "23"),
        (13, "2026-11-23T10:00Z", "2026-11-23T12:00Z", "23 24"),
    ],
)
def test_an_interval_touches_each_day_that_it_has_an_instant_on(
    hours: float, start: str, end: str, days: str
) -> None:
    keys = tuple(key(f"2026-11-{day}") for day in days.split())
    assert touched_days(shifted(hours), span(start, end)) == keys


def test_a_day_ends_where_the_next_one_begins() -> None:
    assert end_of_day(shifted(-5), date(2026, 12, 31)) == at("2027-01-01T05:00Z")


def starts_of(of: Doctor, day: date) -> datetime:
    return end_of_day(of, day) - DAY


@given(day_shifts(), st.integers(0, 3 * 24 * 60), st.integers(1, 25 * 60))
@many
def test_the_days_that_an_interval_touches_cover_it_and_none_could_be_left_out(
    shift: timedelta, minute: int, length: int
) -> None:
    of = replace(doctor(), day_shift=shift)
    start = at("2026-11-23T00:00Z") + minute * MINUTE
    interval = Interval(start, start + length * MINUTE)
    days = [day for _, day in touched_days(of, interval)]
    assert days == [days[0] + n * DAY for n in range(len(days))]
    assert starts_of(of, days[0]) <= interval.start < end_of_day(of, days[0])
    assert starts_of(of, days[-1]) < interval.end <= end_of_day(of, days[-1])


@given(st.integers(0, 365 * 24 * 60), day_shifts(), st.sampled_from(CHANGES))
@many
def test_the_day_never_depends_on_the_zone_of_the_doctor(
    minute: int, shift: timedelta, change: tuple[str, date]
) -> None:
    instant, (zone, _) = at("2026-01-01T00:00Z") + minute * MINUTE, change
    in_utc, there = (replace(doctor(zone=name), day_shift=shift) for name in ("UTC", zone))
    assert day_of(there, instant) == day_of(in_utc, instant)
