"""Openings within a day and across midnight, and the grid that they may have to lie on."""

import asyncio
from datetime import datetime, timedelta

import pytest

from shared.model.day import DaySchedule
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.queries.openings import first_openings
from shared.rules.openings import OpeningSearch
from tests.builders import NEW_YORK, Hours, appointment, doctor, schedule, span
from tests.scripted_store import ScriptedStore

WITH_A_BREAK: Hours = (("09:00", "12:00"), ("13:00", "17:00"))
LORD_HOWE, LONDON = "Australia/Lord_Howe", "Europe/London"


def starts(
    of: Doctor, bounds: Interval, minutes: int, step: int | None, *days: DaySchedule
) -> list[datetime]:
    """When the openings start, by the doctor's clock."""
    search = OpeningSearch(bounds, timedelta(minutes=minutes), bounds.start, step)
    found = asyncio.run(first_openings(ScriptedStore(*days).snapshot(), [of], search, 99))
    assert {opening.interval.length for opening in found.openings} <= {timedelta(minutes=minutes)}
    return [opening.interval.start.astimezone(of.zone) for opening in found.openings]


@pytest.mark.parametrize(
    ("bounds", "minutes", "step", "expected"),
    [
        pytest.param("00:00-23:59", 60, None, "10:00 11:00 15:00 16:00", id="one-after-another"),
        pytest.param("00:00-23:59", 50, None, "10:00 10:50 15:00 15:50", id="rest-too-short"),
        pytest.param("00:00-23:59", 120, None, "10:00 15:00", id="as-long-as-the-gap"),
        pytest.param("00:00-23:59", 121, None, "", id="longer-than-any-gap"),
        pytest.param("10:20-15:40", 40, None, "10:20 11:00 15:00", id="bounds-cut-both-ends"),
        pytest.param("00:00-11:00", 60, None, "10:00", id="ends-exactly-at-the-bound"),
        pytest.param("00:00-10:59", 60, None, "", id="ends-a-minute-after-the-bound"),
        pytest.param("12:00-13:00", 10, None, "", id="bounds-in-the-break"),
        pytest.param("00:00-23:59", 60, 30, "10:00 10:30 11:00 15:00 15:30 16:00", id="grid"),
        pytest.param("00:00-23:59", 90, 45, "10:30 15:00", id="grid-counted-from-midnight"),
        pytest.param("10:01-11:59", 30, 30, "10:30 11:00", id="bounds-off-the-grid"),
        pytest.param("10:00-11:59", 10, 1440, "", id="grid-of-midnights"),
        pytest.param("15:57-16:03", 2, 1, "15:57 15:58 15:59 16:00 16:01", id="every-minute"),
    ],
)
def test_openings_are_the_free_times_of_that_length(
    bounds: str, minutes: int, step: int | None, expected: str
) -> None:
    from_nine, at_noon = (
        appointment(f"2026-11-23T{start}:00Z", f"2026-11-23T{end}:00Z", start)
        for start, end in (("09", "10"), ("13", "15"))
    )
    start, end = (f"2026-11-23T{clock}Z" for clock in bounds.split("-"))
    day = schedule("2026-11-23", from_nine, at_noon)
    found = starts(doctor(WITH_A_BREAK), span(start, end), minutes, step, day)
    assert " ".join(f"{start:%H:%M}" for start in found) == expected


@pytest.mark.parametrize(
    ("zone", "day", "step", "expected"),
    [
        (NEW_YORK, "2026-03-08", 60, "00-0500 01-0500 03-0400 04-0400 05-0400"),
        (NEW_YORK, "2026-03-08", 90, "00-0500 01:30-0500 03-0400 04:30-0400"),
        (NEW_YORK, "2026-03-08", 180, "00-0500 03-0400"),
        (NEW_YORK, "2026-11-01", 60, "00-0400 01-0400 01-0500 02-0500 03-0500 04-0500 05-0500"),
        (NEW_YORK, "2026-11-01", 120, "00-0400 02-0500 04-0500"),
        (NEW_YORK, "2026-11-01", 90, "00-0400 01:30-0400 01:30-0500 03-0500 04:30-0500"),
        (LONDON, "2026-03-29", 120, "00+0000 02+0100 04+0100"),
        (LONDON, "2026-10-25", 90, "00+0100 01:30+0100 01:30+0000 03+0000 04:30+0000"),
        (LORD_HOWE, "2026-04-05", 60, "00+1100 01+1100 02+1030 03+1030 04+1030 05+1030"),
        (LORD_HOWE, "2026-04-05", 90, "00+1100 01:30+1100 01:30+1030 03+1030 04:30+1030"),
        (LORD_HOWE, "2026-10-04", 60, "00+1030 01+1030 03+1100 04+1100 05+1100"),
        (LORD_HOWE, "2026-10-04", 180, "00+1030 03+1100"),
    ],
)
def test_the_grid_is_read_off_the_wall_clock(zone: str, day: str, step: int, expected: str) -> None:
    early_bird = doctor((("00:00", "06:00"),), zone, "sun")
    noon = datetime.fromisoformat(f"{day}T12:00Z")
    bounds = Interval(noon - timedelta(days=1), noon + timedelta(days=1))
    found = starts(early_bird, bounds, 30, step)
    assert " ".join(f"{start:%H:%M%z}".replace(":00", "") for start in found) == expected


NIGHTS: Hours = (("00:00", "06:00"), ("18:00", "24:00"))
ALL_DAY: Hours = (("00:00", "24:00"),)


@pytest.mark.parametrize(
    ("hours", "bounds", "minutes", "step", "expected"),
    [
        pytest.param(
            NIGHTS,
            "23T22:30 24T02:00",
            50,
            None,
            "23 22:30, 23 23:20, 24 00:10, 24 01:00",
            id="one-after-another",
        ),
        pytest.param(
            NIGHTS,
            "23T23:00 24T01:30",
            30,
            None,
            "23 23:00, 23 23:30, 24 00:00, 24 00:30, 24 01:00",
            id="one-ends-at-midnight",
        ),
        pytest.param(
            NIGHTS,
            "23T22:30 24T01:30",
            60,
            30,
            "23 22:30, 23 23:00, 23 23:30, 24 00:00, 24 00:30",
            id="on-a-grid",
        ),
        pytest.param(
            NIGHTS, "23T22:00 25T00:00", 720, None, "", id="longer-than-what-is-left-of-the-night"
        ),
        pytest.param(NIGHTS, "23T00:00 25T00:00", 720, None, "23 18:00", id="as-long-as-the-night"),
        pytest.param(
            ALL_DAY,
            "23T00:00 25T07:00",
            660,
            None,
            "23 00:00, 23 11:00, 23 22:00, 24 09:00, 24 20:00",
            id="around-the-clock",
        ),
        pytest.param(
            ALL_DAY,
            "23T09:00 26T09:00",
            1440,
            None,
            "23 09:00, 24 09:00, 25 09:00",
            id="as-long-as-may-be",
        ),
        pytest.param(
            ALL_DAY, "27T12:00 28T12:00", 480, None, "27 12:00", id="not-into-the-weekend"
        ),
    ],
)
def test_openings_go_on_over_midnight_as_if_it_were_not_there(
    hours: Hours, bounds: str, minutes: int, step: int | None, expected: str
) -> None:
    start, end = (f"2026-11-{time}Z" for time in bounds.split())
    found = starts(doctor(hours), span(start, end), minutes, step)
    assert ", ".join(f"{start:%d %H:%M}" for start in found) == expected


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        pytest.param(40, "23 22:10, 23 22:50, 24 00:10, 24 00:50", id="beside-it"),
        pytest.param(100, "23 22:10, 24 00:10", id="just-as-long-as-the-time-before-it"),
        pytest.param(101, "24 00:10", id="longer-than-the-time-before-it"),
    ],
)
def test_no_opening_overlaps_what_crosses_midnight(minutes: int, expected: str) -> None:
    taken = appointment("2026-11-23T23:50Z", "2026-11-24T00:10Z")
    days = schedule("2026-11-23", taken), schedule("2026-11-24", taken)
    bounds = span("2026-11-23T22:10Z", "2026-11-24T02:00Z")
    found = starts(doctor(NIGHTS), bounds, minutes, None, *days)
    assert ", ".join(f"{start:%d %H:%M}" for start in found) == expected


@pytest.mark.parametrize(
    ("taken", "minutes", "expected"),
    [
        pytest.param("2026-11-23T23:45Z 2026-11-23T23:46Z", 44, ["23 23:46"], id="before-it"),
        pytest.param("2026-11-23T23:45Z 2026-11-23T23:46Z", 45, [], id="too-little-behind-that"),
        pytest.param("2026-11-24T00:14Z 2026-11-24T00:15Z", 44, ["23 23:30"], id="behind-it"),
        pytest.param("2026-11-24T00:14Z 2026-11-24T00:15Z", 45, [], id="too-little-before-that"),
    ],
)
def test_what_is_booked_on_either_side_of_midnight_limits_an_opening_across_it(
    taken: str, minutes: int, expected: list[str]
) -> None:
    booked = appointment(*taken.split())
    bounds = span("2026-11-23T23:30Z", "2026-11-24T00:30Z")
    found = starts(doctor(NIGHTS), bounds, minutes, None, schedule(taken[:10], booked))
    assert [f"{start:%d %H:%M}" for start in found] == expected
