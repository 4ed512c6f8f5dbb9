"""How long a requested time may be."""

from datetime import datetime, timedelta
from typing import Literal

import pytest

from shared.model.interval import Interval
from shared.model.time_zones import time_zone
from shared.rules.refusals import UnclearTime
from shared.rules.requested_time import RequestedTime
from tests.builders import span

KYIV = time_zone("Europe/Kyiv")


def asked(start: str, end: str) -> Interval | UnclearTime:
    """What two times on the wall clock of Kyiv come to."""
    opens, closes = (datetime.fromisoformat(f"2026-{time}") for time in (start, end))
    return RequestedTime(opens, closes).on_clock_of(KYIV)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param("06-01T09:00", "06-02T09:00", id="plain"),
        pytest.param("03-28T12:00", "03-29T13:00", id="an-hour-is-skipped"),
        pytest.param("10-25T00:00", "10-25T23:00", id="an-hour-is-repeated"),
    ],
)
def test_a_time_of_24_hours_is_not_too_long_whatever_the_clock_shows(start: str, end: str) -> None:
    interval = asked(start, end)
    assert isinstance(interval, Interval)
    assert interval.length == timedelta(hours=24)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param("06-01T09:00", "06-02T09:01", id="plain"),
        pytest.param("03-28T12:00", "03-29T13:01", id="an-hour-is-skipped"),
        pytest.param("10-25T00:00", "10-26T00:00", id="a-local-day-of-25-hours"),
    ],
)
def test_a_longer_time_is_unclear(start: str, end: str) -> None:
    ends = datetime.fromisoformat(f"2026-{end}")
    assert asked(start, end) == UnclearTime("end", "too_long", ends, KYIV)


@pytest.mark.parametrize(
    ("end", "problem"),
    [
        pytest.param("03-29T02:00", "not_after_start", id="as-the-start"),
        pytest.param("03-29T03:30", "nonexistent_local_time", id="skipped"),
    ],
)
def test_an_end_that_is_not_behind_the_start_or_never_comes_is_unclear(
    end: str, problem: Literal["not_after_start", "nonexistent_local_time"]
) -> None:
    ends = datetime.fromisoformat(f"2026-{end}")
    assert asked("03-29T02:00", end) == UnclearTime("end", problem, ends, KYIV)


def test_a_start_that_happens_twice_is_unclear_whatever_the_end() -> None:
    starts = datetime.fromisoformat("2026-10-25T03:30")
    refusal = UnclearTime("start", "ambiguous_local_time", starts, KYIV)
    assert asked("10-25T03:30", "10-25T04:30") == refusal


def test_an_end_of_instants_may_come_before_the_start_on_the_clock() -> None:
    """The clock of Kyiv shows 03:45 when it starts and 03:15 when it ends."""
    interval = asked("10-25T03:45+03:00", "10-25T03:15+02:00")
    assert interval == span("2026-10-25T00:45Z", "2026-10-25T01:15Z")
