"""The times of series, with every date and offset written out."""

import calendar
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shared.directory.clinic_file import LONGEST_HORIZON
from shared.model.time_zones import time_zone
from shared.rules.occurrences import LONGEST_SERIES, Occurrence, occurrences
from shared.rules.recurrence import InvalidRule, parse_rule
from tests.builders import NEW_YORK, at
from tests.profiling import calls

ROOT = Path(__file__).parents[2]
BERLIN, LORD_HOWE = "Europe/Berlin", "Australia/Lord_Howe"


def series(rule: str, start: str, zone: str = NEW_YORK) -> list[str]:
    """The times of a series with their offsets; what the clock would show where one is skipped."""
    found = occurrences(parse_rule(rule), at(start), time_zone(zone))
    return [_written(each, zone) for each in found]


def _written(each: Occurrence, zone: str) -> str:
    assert each.local.tzinfo is None
    shown = each.local.isoformat(timespec="minutes")
    if each.instant is None:
        return f"{shown} skipped"
    assert str(each.instant.tzinfo) == "UTC"
    written = each.instant.astimezone(time_zone(zone)).isoformat(timespec="minutes")
    assert written.startswith(shown)
    return written


def wrong(rule: str, start: str, zone: str = NEW_YORK) -> str:
    """What is wrong with a rule for a start."""
    with pytest.raises(InvalidRule) as caught:
        series(rule, start, zone)
    assert str(caught.value) == f"{caught.value.part} {caught.value.message}"
    return str(caught.value)


# The examples of RFC 5545, section 3.8.5.3, as far as such rules are allowed. What goes on for ever
# there ends by COUNT here. All begin at nine in New York.

OFFSETS = {"EDT": "-04:00", "EST": "-05:00"}
EXAMPLES = {
    "daily for 10 occurrences": (
        "1997-09-02",
        "FREQ=DAILY;COUNT=10",
        ["1997-09 EDT 02 03 04 05 06 07 08 09 10 11"],
    ),
    "every other day until December 24": (
        "1997-09-02",
        "FREQ=DAILY;INTERVAL=2;UNTIL=19971224T000000Z",
        [
            "1997-09 EDT 02 04 06 08 10 12 14 16 18 20 22 24 26 28 30",
            "1997-10 EDT 02 04 06 08 10 12 14 16 18 20 22 24",
            "1997-10 EST 26 28 30",
            "1997-11 EST 01 03 05 07 09 11 13 15 17 19 21 23 25 27 29",
            "1997-12 EST 01 03 05 07 09 11 13 15 17 19 21 23",
        ],
    ),
    "every 10 days, 5 occurrences": (
        "1997-09-02",
        "FREQ=DAILY;INTERVAL=10;COUNT=5",
        ["1997-09 EDT 02 12 22", "1997-10 EDT 02 12"],
    ),
    "weekly for 10 occurrences": (
        "1997-09-02",
        "FREQ=WEEKLY;COUNT=10",
        ["1997-09 EDT 02 09 16 23 30", "1997-10 EDT 07 14 21", "1997-10 EST 28", "1997-11 EST 04"],
    ),
    "weekly until December 24": (
        "1997-09-02",
        "FREQ=WEEKLY;UNTIL=19971224T000000Z",
        [
            "1997-09 EDT 02 09 16 23 30",
            "1997-10 EDT 07 14 21",
            "1997-10 EST 28",
            "1997-11 EST 04 11 18 25",
            "1997-12 EST 02 09 16 23",
        ],
    ),
    "every other week": (
        "1997-09-02",
        "FREQ=WEEKLY;INTERVAL=2;COUNT=13",
        [
            "1997-09 EDT 02 16 30",
            "1997-10 EDT 14",
            "1997-10 EST 28",
            "1997-11 EST 11 25",
            "1997-12 EST 09 23",
            "1998-01 EST 06 20",
            "1998-02 EST 03 17",
        ],
    ),
    "weekly on Tuesday and Thursday for five weeks, until October 7": (
        "1997-09-02",
        "FREQ=WEEKLY;UNTIL=19971007T000000Z;BYDAY=TU,TH",
        ["1997-09 EDT 02 04 09 11 16 18 23 25 30", "1997-10 EDT 02"],
    ),
    "weekly on Tuesday and Thursday for five weeks, 10 occurrences": (
        "1997-09-02",
        "FREQ=WEEKLY;COUNT=10;BYDAY=TU,TH",
        ["1997-09 EDT 02 04 09 11 16 18 23 25 30", "1997-10 EDT 02"],
    ),
    "every other week on Monday, Wednesday and Friday until December 24": (
        "1997-09-01",
        "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;BYDAY=MO,WE,FR",
        [
            "1997-09 EDT 01 03 05 15 17 19 29",
            "1997-10 EDT 01 03 13 15 17",
            "1997-10 EST 27 29 31",
            "1997-11 EST 10 12 14 24 26 28",
            "1997-12 EST 08 10 12 22",
        ],
    ),
    "every other week on Tuesday and Thursday, 8 occurrences": (
        "1997-09-02",
        "FREQ=WEEKLY;INTERVAL=2;COUNT=8;BYDAY=TU,TH",
        ["1997-09 EDT 02 04 16 18 30", "1997-10 EDT 02 14 16"],
    ),
    "every other week on Tuesday and Sunday, where weeks begin on Monday": (
        "1997-08-05",
        "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU",
        ["1997-08 EDT 05 10 19 24"],
    ),
    "monthly on the first Friday for 10 occurrences": (
        "1997-09-05",
        "FREQ=MONTHLY;COUNT=10;BYDAY=1FR",
        [
            "1997-09 EDT 05",
            "1997-10 EDT 03",
            "1997-11 EST 07",
            "1997-12 EST 05",
            "1998-01 EST 02",
            "1998-02 EST 06",
            "1998-03 EST 06",
            "1998-04 EST 03",
            "1998-05 EDT 01",
            "1998-06 EDT 05",
        ],
    ),
    "monthly on the first Friday until December 24": (
        "1997-09-05",
        "FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR",
        ["1997-09 EDT 05", "1997-10 EDT 03", "1997-11 EST 07", "1997-12 EST 05"],
    ),
    "every other month on the first and last Sunday for 10 occurrences": (
        "1997-09-07",
        "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
        [
            "1997-09 EDT 07 28",
            "1997-11 EST 02 30",
            "1998-01 EST 04 25",
            "1998-03 EST 01 29",
            "1998-05 EDT 03 31",
        ],
    ),
    "monthly on the second-to-last Monday for 6 months": (
        "1997-09-22",
        "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO",
        [
            "1997-09 EDT 22",
            "1997-10 EDT 20",
            "1997-11 EST 17",
            "1997-12 EST 22",
            "1998-01 EST 19",
            "1998-02 EST 16",
        ],
    ),
    "every Tuesday, every other month": (
        "1997-09-02",
        "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU;COUNT=18",
        [
            "1997-09 EDT 02 09 16 23 30",
            "1997-11 EST 04 11 18 25",
            "1998-01 EST 06 13 20 27",
            "1998-03 EST 03 10 17 24 31",
        ],
    ),
}


def at_nine(months: list[str]) -> Iterator[str]:
    """The times of `1997-09 EDT 02 03`."""
    for text in months:
        month, offset, *days = text.split()
        yield from (f"{month}-{day}T09:00{OFFSETS[offset]}" for day in days)


@pytest.mark.parametrize(("first", "rule", "months"), EXAMPLES.values(), ids=EXAMPLES)
def test_the_examples_of_the_rfc(first: str, rule: str, months: list[str]) -> None:
    assert series(rule, f"{first}T09:00-04:00") == list(at_nine(months))


def test_weeks_begin_on_monday_whatever_the_program_says() -> None:
    calendar.setfirstweekday(calendar.SUNDAY)
    try:
        found = series("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU", "1997-08-05T09:00-04:00")
    finally:
        calendar.setfirstweekday(calendar.MONDAY)
    assert found == list(at_nine(["1997-08 EDT 05 10 19 24"]))


# Dates


@pytest.mark.parametrize(
    ("rule", "dates"),
    [
        pytest.param(
            "FREQ=DAILY;COUNT=7;BYDAY=MO,SU",
            "2027-02-21 2027-02-22 2027-02-28 2027-03-01 2027-03-07 2027-03-08 2027-03-14",
            id="days-by-weekday",
        ),
        pytest.param(
            "FREQ=DAILY;INTERVAL=5;COUNT=3;BYDAY=MO",
            "2027-02-01 2027-03-08 2027-04-12",
            id="every-fifth-day-that-is-a-Monday",
        ),
        pytest.param(
            "FREQ=DAILY;COUNT=4",
            "2028-02-27 2028-02-28 2028-02-29 2028-03-01",
            id="days-of-a-leap-year",
        ),
        pytest.param(
            "FREQ=DAILY;INTERVAL=366;COUNT=3",
            "2027-01-31 2028-02-01 2029-02-01",
            id="days-far-apart",
        ),
        pytest.param(
            "FREQ=WEEKLY;COUNT=5;BYDAY=WE,FR,MO",
            "2026-12-30 2027-01-01 2027-01-04 2027-01-06 2027-01-08",
            id="weeks-over-new-year-from-their-middle-on",
        ),
        pytest.param(
            "FREQ=MONTHLY;COUNT=7",
            "2027-01-31 2027-03-31 2027-05-31 2027-07-31 2027-08-31 2027-10-31 2027-12-31",
            id="31st",
        ),
        pytest.param(
            "FREQ=MONTHLY;COUNT=4",
            "2027-12-30 2028-01-30 2028-03-30 2028-04-30",
            id="30th",
        ),
        pytest.param(
            "FREQ=MONTHLY;COUNT=5",
            "2027-12-29 2028-01-29 2028-02-29 2028-03-29 2028-04-29",
            id="29th-in-a-leap-year",
        ),
        pytest.param(
            "FREQ=MONTHLY;COUNT=4",
            "2026-12-29 2027-01-29 2027-03-29 2027-04-29",
            id="29th-in-a-common-year",
        ),
        pytest.param(
            "FREQ=MONTHLY;INTERVAL=12;COUNT=4",
            "2088-02-29 2092-02-29 2096-02-29 2104-02-29",
            id="29-February-where-2100-has-none",
        ),
        pytest.param(
            "FREQ=MONTHLY;INTERVAL=2;UNTIL=20280131",
            "2027-01-31 2027-03-31 2027-05-31 2027-07-31 2028-01-31",
            id="31st-of-every-other-month",
        ),
        pytest.param(
            "FREQ=MONTHLY;COUNT=4;BYDAY=5MO",
            "2027-03-29 2027-05-31 2027-08-30 2027-11-29",
            id="fifth-Monday",
        ),
        pytest.param(
            "FREQ=MONTHLY;COUNT=3;BYDAY=-5MO",
            "2027-03-01 2027-05-03 2027-08-02",
            id="fifth-Monday-from-the-end",
        ),
        pytest.param(
            "FREQ=MONTHLY;COUNT=7;BYDAY=MO,2WE,MO",
            "2027-03-08 2027-03-10 2027-03-15 2027-03-22 2027-03-29 2027-04-05 2027-04-12",
            id="each-Monday-and-the-second-Wednesday",
        ),
        pytest.param(
            "FREQ=MONTHLY;COUNT=4;BYDAY=1MO,-1MO,-4MO",
            "2027-02-01 2027-02-22 2027-03-01 2027-03-08",
            id="a-day-with-two-ordinals-comes-once",
        ),
        pytest.param("FREQ=MONTHLY;COUNT=1", "2027-01-31", id="once"),
    ],
)
def test_a_rule_means_these_dates(rule: str, dates: str) -> None:
    found = series(rule, f"{dates[:10]}T09:00Z", "UTC")
    assert found == [f"{date}T09:00+00:00" for date in dates.split()]


# Changes of the clocks


@pytest.mark.parametrize(
    ("zone", "rule", "times"),
    [
        pytest.param(
            NEW_YORK,
            "FREQ=WEEKLY;COUNT=3",
            ["2027-03-07T09:00-05:00", "2027-03-14T09:00-04:00", "2027-03-21T09:00-04:00"],
            id="forward-New-York",
        ),
        pytest.param(
            NEW_YORK,
            "FREQ=WEEKLY;COUNT=3",
            ["2027-10-31T09:00-04:00", "2027-11-07T09:00-05:00", "2027-11-14T09:00-05:00"],
            id="back-New-York",
        ),
        pytest.param(
            BERLIN,
            "FREQ=DAILY;COUNT=3",
            ["2027-03-27T09:00+01:00", "2027-03-28T09:00+02:00", "2027-03-29T09:00+02:00"],
            id="forward-Berlin",
        ),
        pytest.param(
            BERLIN,
            "FREQ=MONTHLY;COUNT=3",
            ["2027-09-30T09:00+02:00", "2027-10-30T09:00+02:00", "2027-11-30T09:00+01:00"],
            id="back-Berlin",
        ),
        pytest.param(
            LORD_HOWE,
            "FREQ=DAILY;COUNT=3",
            ["2027-10-02T09:00+10:30", "2027-10-03T09:00+11:00", "2027-10-04T09:00+11:00"],
            id="forward-Lord-Howe",
        ),
        pytest.param(
            LORD_HOWE,
            "FREQ=DAILY;COUNT=3",
            ["2027-04-03T09:00+11:00", "2027-04-04T09:00+10:30", "2027-04-05T09:00+10:30"],
            id="back-Lord-Howe",
        ),
        # On the date of the start as the doctor sees it, which in UTC is another one.
        pytest.param(
            LORD_HOWE,
            "FREQ=MONTHLY;COUNT=2;BYDAY=1MO",
            ["2027-03-01T08:00+11:00", "2027-04-05T08:00+10:30"],
            id="Monday-there-and-Sunday-in-UTC",
        ),
        # A repeated time means the first instant.
        pytest.param(
            NEW_YORK,
            "FREQ=DAILY;COUNT=3",
            ["2027-11-06T01:30-04:00", "2027-11-07T01:30-04:00", "2027-11-08T01:30-05:00"],
            id="repeated-New-York",
        ),
        pytest.param(
            BERLIN,
            "FREQ=DAILY;COUNT=3",
            ["2027-10-30T02:00+02:00", "2027-10-31T02:00+02:00", "2027-11-01T02:00+01:00"],
            id="repeated-Berlin",
        ),
        pytest.param(
            LORD_HOWE,
            "FREQ=DAILY;COUNT=3",
            ["2027-04-03T01:45+11:00", "2027-04-04T01:45+11:00", "2027-04-05T01:45+10:30"],
            id="repeated-Lord-Howe",
        ),
        # But the start means itself.
        pytest.param(
            NEW_YORK,
            "FREQ=DAILY;COUNT=2",
            ["2027-11-07T01:30-05:00", "2027-11-08T01:30-05:00"],
            id="start-at-the-second-instant",
        ),
        pytest.param(
            NEW_YORK,
            "FREQ=DAILY;COUNT=2",
            ["2027-11-07T01:30-04:00", "2027-11-08T01:30-05:00"],
            id="start-at-the-first-instant",
        ),
        pytest.param(
            NEW_YORK,
            "FREQ=DAILY;UNTIL=20271107T013000",
            ["2027-11-07T01:30-05:00"],
            id="start-at-the-second-instant-which-is-until",
        ),
        # A skipped time has no instant, and counts.
        pytest.param(
            NEW_YORK,
            "FREQ=DAILY;COUNT=3",
            [
                "2027-03-13T02:30-05:00",
                "2027-03-14T02:30 skipped",
                "2027-03-15T02:30-04:00",
            ],
            id="skipped-New-York",
        ),
        pytest.param(
            BERLIN,
            "FREQ=WEEKLY;COUNT=2",
            ["2027-03-21T02:00+01:00", "2027-03-28T02:00 skipped"],
            id="skipped-Berlin",
        ),
        pytest.param(
            LORD_HOWE,
            "FREQ=DAILY;COUNT=2",
            ["2027-10-02T02:29+10:30", "2027-10-03T02:29 skipped"],
            id="skipped-Lord-Howe",
        ),
        pytest.param(
            LORD_HOWE,
            "FREQ=DAILY;COUNT=2",
            ["2027-10-02T02:30+10:30", "2027-10-03T02:30+11:00"],
            id="first-that-is-not-skipped",
        ),
        pytest.param(
            "Pacific/Apia",
            "FREQ=WEEKLY;COUNT=3",
            ["2011-12-23T09:00-10:00", "2011-12-30T09:00 skipped", "2012-01-06T09:00+14:00"],
            id="skipped-with-all-of-its-day",
        ),
        pytest.param(
            NEW_YORK,
            "FREQ=DAILY;COUNT=1",
            ["2027-03-13T02:30-05:00"],
            id="nothing-after-the-last",
        ),
    ],
)
def test_each_occurrence_shows_the_same_time_of_the_day(
    zone: str, rule: str, times: list[str]
) -> None:
    assert series(rule, times[0], zone) == times


# The end


NINE = "2027-03-01T09:00-05:00"  # a Monday, two weeks before the clocks are put forward


@pytest.mark.parametrize(
    ("until", "start", "count"),
    [
        pytest.param("20270301", NINE, 1, id="the-day-of-the-start"),
        pytest.param("20270307", NINE, 1, id="the-day-before-the-second"),
        pytest.param("20270308", NINE, 2, id="the-day-of-the-second"),
        pytest.param("20270308T085959", NINE, 1, id="a-second-before-it"),
        pytest.param("20270308T090000", NINE, 2, id="its-second"),
        pytest.param("20270308T090001", NINE, 2, id="a-second-after-it"),
        pytest.param("20270308T135959Z", NINE, 1, id="a-second-before-it-in-UTC"),
        pytest.param("20270308T140000Z", NINE, 2, id="its-second-in-UTC"),
        pytest.param("20270315T085959", NINE, 2, id="a-second-before-it-in-summer"),
        pytest.param("20270315T090000", NINE, 3, id="its-second-in-summer"),
        pytest.param("20270315T125959Z", NINE, 2, id="a-second-before-it-in-summer-in-UTC"),
        pytest.param("20270315T130000Z", NINE, 3, id="its-second-in-summer-in-UTC"),
        pytest.param("20270308", "2027-03-01T23:59:59-05:00", 2, id="the-last-second-of-the-day"),
        pytest.param("20270308", "2027-03-01T00:00-05:00", 2, id="the-first-second-of-the-day"),
        pytest.param("20270307", "2027-03-01T00:00-05:00", 1, id="a-second-after-the-day"),
        pytest.param("20270307T235959", "2027-03-01T00:00-05:00", 1, id="a-second-earlier"),
        pytest.param("20270301T090000", NINE, 1, id="the-second-of-the-start"),
        pytest.param("20270301T140000Z", NINE, 1, id="the-second-of-the-start-in-UTC"),
    ],
)
def test_until_is_inclusive_and_a_date_its_whole_local_day(
    until: str, start: str, count: int
) -> None:
    assert len(series(f"FREQ=WEEKLY;UNTIL={until}", start)) == count


@pytest.mark.parametrize(
    ("until", "times"),
    [
        # 02:00 to 03:00 are skipped: all of it is the instant of the change, which is 03:00.
        ("20270314T015959", ["2027-03-13T03:00-05:00"]),
        ("20270314T020000", ["2027-03-13T03:00-05:00", "2027-03-14T03:00-04:00"]),
        ("20270314T025959", ["2027-03-13T03:00-05:00", "2027-03-14T03:00-04:00"]),
        ("20270314T065959Z", ["2027-03-13T03:00-05:00"]),
        ("20270314T025959", ["2027-03-13T03:01-05:00"]),
        # What is skipped itself stands there, too.
        ("20270314T015959", ["2027-03-13T02:30-05:00"]),
        ("20270314T023000", ["2027-03-13T02:30-05:00", "2027-03-14T02:30 skipped"]),
        ("20270314T065959Z", ["2027-03-13T02:30-05:00"]),
        ("20270314T070000Z", ["2027-03-13T02:30-05:00", "2027-03-14T02:30 skipped"]),
        ("20270313", ["2027-03-13T02:30-05:00"]),
        ("20270314", ["2027-03-13T02:30-05:00", "2027-03-14T02:30 skipped"]),
        # 01:00 to 02:00 are repeated: the second time is meant.
        ("20271107T005959", ["2027-11-06T01:45-04:00"]),
        ("20271107T010000", ["2027-11-06T01:45-04:00", "2027-11-07T01:45-04:00"]),
        ("20271107T054459Z", ["2027-11-06T01:45-04:00"]),
        ("20271107T054500Z", ["2027-11-06T01:45-04:00", "2027-11-07T01:45-04:00"]),
    ],
)
def test_until_is_understood_where_the_clocks_change(until: str, times: list[str]) -> None:
    assert series(f"FREQ=DAILY;UNTIL={until}", times[0]) == times


def test_a_date_has_also_what_is_skipped_at_its_end() -> None:
    """23:30 to 00:30 were skipped in Toronto."""
    times = ["1919-03-29T23:45-05:00", "1919-03-30T23:45 skipped"]
    assert series("FREQ=DAILY;UNTIL=19190330", times[0], "America/Toronto") == times


@pytest.mark.parametrize(
    ("until", "start"),
    [
        pytest.param("20280313", "2027-03-13T09:00-05:00", id="date"),
        pytest.param("20280313", "2027-03-13T00:00-05:00", id="date-of-a-start-at-midnight"),
        pytest.param("20280313T090000", "2027-03-13T09:00-05:00", id="an-hour-less-of-time"),
        pytest.param("20280313T140000Z", "2027-03-13T09:00-05:00", id="an-hour-more-on-the-clock"),
        pytest.param("20281106T090000", "2027-11-07T09:00-05:00", id="to-winter"),
        pytest.param("20281106T090000", "2027-11-06T09:00-04:00", id="an-hour-more-of-time"),
        pytest.param("20281106T130000Z", "2027-11-06T09:00-04:00", id="to-winter-in-UTC"),
    ],
)
def test_until_may_be_366_days_after_the_start(until: str, start: str) -> None:
    assert len(series(f"FREQ=WEEKLY;UNTIL={until}", start)) == 53


@pytest.mark.parametrize(
    ("until", "start"),
    [
        pytest.param("20280314", "2027-03-13T09:00-05:00", id="date"),
        pytest.param("20280314", "2027-03-13T23:59-05:00", id="date-of-a-late-start"),
        pytest.param("20280313T090001", "2027-03-13T09:00-05:00", id="time"),
        pytest.param("20280313T140001Z", "2027-03-13T09:00-05:00", id="time-in-UTC"),
        pytest.param("20281106T130001Z", "2027-11-06T09:00-04:00", id="to-winter-in-UTC"),
        pytest.param("99981231T235959Z", "2027-11-06T09:00-04:00", id="very-far"),
    ],
)
def test_until_is_no_later(until: str, start: str) -> None:
    assert wrong(f"FREQ=WEEKLY;UNTIL={until}", start) == (
        "UNTIL must be at most 366 days after start"
    )


@pytest.mark.parametrize(
    ("until", "start"),
    [
        pytest.param("20270228", NINE, id="date"),
        pytest.param("20270301T085959", NINE, id="time"),
        pytest.param("20270301T135959Z", NINE, id="time-in-UTC"),
        pytest.param("20271107T053000Z", "2027-11-07T01:30-05:00", id="the-first-of-two-instants"),
        pytest.param("19000101", NINE, id="long-ago"),
        pytest.param("19000101T000000Z", NINE, id="long-ago-in-UTC"),
    ],
)
def test_until_is_not_before_the_start(until: str, start: str) -> None:
    assert wrong(f"FREQ=WEEKLY;UNTIL={until}", start) == "UNTIL must not be before start"


@pytest.mark.parametrize(
    ("last", "start"),
    [
        pytest.param("20270301", "2027-01-01T09:00-05:00", id="plain"),
        pytest.param("20270401", "2027-02-01T02:30-05:00", id="with-one-that-is-skipped"),
    ],
)
def test_there_are_at_most_60_by_until(last: str, start: str) -> None:
    assert len(series(f"FREQ=DAILY;UNTIL={last}", start)) == 60
    one_more = wrong(f"FREQ=DAILY;UNTIL={int(last) + 1}", start)
    assert one_more == "UNTIL must allow at most 60 occurrences"


# The start


@pytest.mark.parametrize(
    ("rule", "start", "day"),
    [
        ("FREQ=DAILY;COUNT=2;BYDAY=TU,WE", NINE, "2027-03-01 (MO)"),
        ("FREQ=WEEKLY;COUNT=2;BYDAY=SU", NINE, "2027-03-01 (MO)"),
        ("FREQ=WEEKLY;UNTIL=20270228;BYDAY=SU", NINE, "2027-03-01 (MO)"),
        ("FREQ=MONTHLY;COUNT=2;BYDAY=TU", NINE, "2027-03-01 (MO)"),
        ("FREQ=MONTHLY;COUNT=2;BYDAY=2MO,1TU", NINE, "2027-03-01 (MO)"),
        ("FREQ=MONTHLY;COUNT=2;BYDAY=-4MO", NINE, "2027-03-01 (MO)"),
        ("FREQ=MONTHLY;COUNT=2;BYDAY=5MO", "2027-03-22T09:00-04:00", "2027-03-22 (MO)"),
        # Where INTERVAL leads to the same weekday only.
        ("FREQ=DAILY;INTERVAL=7;COUNT=2;BYDAY=TU", NINE, "2027-03-01 (MO)"),
        # In UTC it is Tuesday.
        ("FREQ=WEEKLY;COUNT=2;BYDAY=TU", "2027-03-02T01:00Z", "2027-03-01 (MO)"),
    ],
)
def test_the_start_is_an_occurrence(rule: str, start: str, day: str) -> None:
    assert wrong(rule, start) == f"BYDAY must include the day of start, {day}"


# Bounds of the calendar, and of work

TOO_FAR = "COUNT must end the series within 36600 days and by the end of 9998"


@pytest.mark.parametrize(
    ("rule", "start"),
    [
        pytest.param("FREQ=DAILY;COUNT=2", "9998-12-31T09:00Z", id="days"),
        pytest.param("FREQ=WEEKLY;COUNT=60", "9998-01-01T09:00Z", id="weeks"),
        pytest.param("FREQ=MONTHLY;COUNT=60", "9998-01-31T09:00Z", id="months"),
        pytest.param("FREQ=MONTHLY;INTERVAL=366;COUNT=2", "9998-12-31T09:00Z", id="far-months"),
        pytest.param("FREQ=MONTHLY;BYDAY=5MO;COUNT=60", "9998-08-31T09:00Z", id="fifth-Monday"),
        pytest.param("FREQ=DAILY;INTERVAL=366;COUNT=2", "9998-12-31T23:59Z", id="far-days"),
        # The last week of the year 9999 ends in the next one.
        pytest.param("FREQ=WEEKLY;INTERVAL=104;COUNT=2;BYDAY=SA", "9998-01-03T09:00Z", id="week"),
        # No such date comes again.
        pytest.param("FREQ=MONTHLY;INTERVAL=348;COUNT=2", "9996-02-29T09:00Z", id="29-February"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_no_series_leaves_the_calendar(rule: str, start: str, zone: str) -> None:
    local = at(start).replace(tzinfo=time_zone(zone)).isoformat()
    assert wrong(rule, local, zone) == TOO_FAR


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_a_series_may_go_to_the_end_of_the_calendar(zone: str) -> None:
    start = datetime(9998, 12, 1, 23, 59, 59, tzinfo=time_zone(zone)).isoformat()
    for rule in ("FREQ=DAILY;COUNT=31", "FREQ=DAILY;UNTIL=99981231"):
        found = series(rule, start, zone)
        assert len(found) == 31
        assert found[-1].startswith("9998-12-31T23:59")


def test_what_is_skipped_counts_at_the_end_of_the_calendar_too() -> None:
    rule = "FREQ=WEEKLY;COUNT="
    found = series(f"{rule}44", "9998-03-01T02:30-05:00")
    assert len(found) == 44
    assert found[1] == "9998-03-08T02:30 skipped"
    assert found[-1] == "9998-12-27T02:30-05:00"
    assert wrong(f"{rule}45", "9998-03-01T02:30-05:00") == TOO_FAR


def test_a_start_in_the_last_hours_of_all_is_alone() -> None:
    """A request may name it, with an offset."""
    start = "9998-12-31T23:59-12:00"
    found = ["9999-01-02T01:59+14:00"]
    assert series("FREQ=DAILY;COUNT=1", start, "Pacific/Kiritimati") == found
    assert wrong("FREQ=DAILY;COUNT=2", start, "Pacific/Kiritimati") == TOO_FAR


def test_a_series_is_no_longer_than_a_clinic_can_book_ahead() -> None:
    """The 42nd occurrence is 36,600 days after the first."""
    assert timedelta(days=LONGEST_HORIZON) == LONGEST_SERIES
    rule = "FREQ=WEEKLY;INTERVAL=249;BYDAY=TU,FR;COUNT="
    assert series(f"{rule}42", "2027-03-05T09:00Z", "UTC")[-1] == "2127-05-20T09:00+00:00"
    assert wrong(f"{rule}43", "2027-03-05T09:00Z", "UTC") == TOO_FAR


@pytest.mark.parametrize(
    ("rule", "start"),
    [
        ("FREQ=MONTHLY;INTERVAL=366;BYDAY=5MO;COUNT=60", "2027-03-29T09:00Z"),
        ("FREQ=MONTHLY;INTERVAL=12;BYDAY=5TU;COUNT=60", "2028-02-29T09:00Z"),
        ("FREQ=MONTHLY;INTERVAL=12;BYDAY=-5TU;COUNT=60", "2028-02-01T09:00Z"),
        ("FREQ=MONTHLY;INTERVAL=12;COUNT=60", "2028-02-29T09:00Z"),
        ("FREQ=MONTHLY;INTERVAL=300;COUNT=60", "2000-02-29T09:00Z"),
        ("FREQ=DAILY;INTERVAL=366;BYDAY=MO;COUNT=60", "2027-03-29T09:00Z"),
        ("FREQ=DAILY;INTERVAL=90;BYDAY=MO;COUNT=60", "2027-03-29T09:00Z"),
        ("FREQ=DAILY;INTERVAL=364;BYDAY=TU;COUNT=60", "2027-03-29T09:00Z"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=TU;UNTIL=20280328", "2027-03-29T09:00Z"),
        ("FREQ=WEEKLY;INTERVAL=366;COUNT=60", "2027-03-29T09:00Z"),
        ("FREQ=DAILY;UNTIL=20280328", "2027-03-29T09:00Z"),
        ("FREQ=DAILY;COUNT=60", "2027-03-29T09:00Z"),
    ],
)
def test_no_rule_takes_long(rule: str, start: str) -> None:
    def expand() -> None:
        with contextlib.suppress(InvalidRule):
            series(rule, start)

    expand()  # what is imported does not count
    assert calls(expand) < 10_000


def test_what_expands_rules_is_loaded_only_for_series() -> None:
    program = "import shared.rules.occurrences, sys; print('dateutil' in sys.modules)"
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
