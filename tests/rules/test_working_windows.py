"""The wall clock, its changes, and intervals: cases from `tests/data/cases.json` and more."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from shared.model.doctor import Doctor
from shared.model.interval import Interval, clipped
from shared.model.time_zones import time_zone
from shared.queries.appointments import ListQuery
from shared.rules.wall_clock import resolve_wall_clock
from shared.rules.working_windows import windows_on_date, working_windows
from tests.builders import NEW_YORK, Hours, appointment, at, doctor, span

Case = dict[str, Any]
CASES: list[Case] = json.loads(
    (Path(__file__).parent.parent / "data" / "cases.json").read_text(encoding="utf-8")
)["cases"]
EVERY_DAY = "mon tue wed thu fri sat sun"


def cases(category: str) -> pytest.MarkDecorator:
    chosen = [case for case in CASES if case["category"] == category]
    assert chosen
    return pytest.mark.parametrize("case", chosen, ids=lambda case: case["id"])


def interval(times: Case) -> Interval:
    return span(times["start"], times["end"])


def doctor_of(given: Case) -> Doctor:
    """All entries of a case are for the same weekdays; there, an end of 00:00 ends the day."""
    hours = tuple((h["start"], h["end"].replace("00:00", "24:00")) for h in given["weekly"])
    (days,) = {" ".join(h["days"]) for h in given["weekly"]}
    return doctor(hours, given["timezone"], days)


@cases("expand_availability")
def test_weekly_hours_become_the_windows_of_each_local_date(case: Case) -> None:
    bounds = interval(case["input"]["range"])
    someone = doctor_of(case["input"])
    first = bounds.start.date() - timedelta(days=1)
    days = (first + timedelta(days=n) for n in range((bounds.end.date() - first).days + 2))
    windows = [window for day in days for window in windows_on_date(someone, day)]
    expected = [interval(times) for times in case["expected"]["intervals"]]
    assert list(clipped(windows, bounds)) == expected


@cases("interval_intersect")
def test_clipping_keeps_what_lies_within_the_bounds(case: Case) -> None:
    (bounds,) = map(interval, case["input"]["b"])
    expected = [interval(times) for times in case["expected"]["intervals"]]
    assert list(clipped(map(interval, case["input"]["a"]), bounds)) == expected


@cases("conflict_check")
def test_intervals_overlap_where_they_share_time(case: Case) -> None:
    existing, candidate = interval(case["input"]["existing"]), interval(case["input"]["candidate"])
    assert existing.overlaps(candidate) is case["expected"]["conflict"]
    assert candidate.overlaps(existing) is case["expected"]["conflict"]


@cases("list_window")
def test_a_window_wants_what_overlaps_it(case: Case) -> None:
    query = ListQuery(doctor(), interval(case["input"]["window"]), with_cancelled=False, size=1)
    times = case["input"]["appointment"]
    assert query.includes(appointment(times["start"], times["end"])) is case["expected"]["listed"]


CHATHAM, TROLL = "Pacific/Chatham", "Antarctica/Troll"


@pytest.mark.parametrize(
    ("zone", "day", "hours", "window"),
    [
        ("Asia/Kathmandu", "2026-06-01", "09:00-17:00", "06-01T03:15 06-01T11:15"),  # +5:45
        (CHATHAM, "2026-06-01", "09:00-17:00", "05-31T20:15 06-01T04:15"),  # +12:45
        (CHATHAM, "2026-09-27", "02:00-05:00", "09-26T13:15 09-26T15:15"),  # skips from 02:45
        (CHATHAM, "2026-04-05", "02:00-05:00", "04-04T12:15 04-04T16:15"),  # repeats from 02:45
        (TROLL, "2026-03-29", "00:00-24:00", "03-29T00:00 03-29T22:00"),  # skips two hours
        (TROLL, "2026-10-25", "00:00-24:00", "10-24T22:00 10-26T00:00"),  # repeats two hours
        (NEW_YORK, "2026-03-08", "01:00-02:30", "03-08T06:00 03-08T07:30"),  # closes when skipped
        (NEW_YORK, "2026-03-08", "02:30-04:00", "03-08T07:30 03-08T08:00"),  # opens when skipped
        (NEW_YORK, "2026-03-08", "02:15-02:45", "03-08T07:15 03-08T07:45"),  # moves forward
        (NEW_YORK, "2026-11-01", "00:00-01:30", "11-01T04:00 11-01T05:30"),  # the earlier of two
        ("America/Nuuk", "2026-03-28", "22:00-23:30", "03-29T00:00 03-29T01:00"),  # midnight early
    ],
)
def test_a_window_runs_from_opening_to_closing_in_elapsed_time(
    zone: str, day: str, hours: str, window: str
) -> None:
    opens, closes = hours.split("-")
    start, end = window.split()
    windows = windows_on_date(doctor(((opens, closes),), zone, EVERY_DAY), date.fromisoformat(day))
    assert windows == (span(f"2026-{start}Z", f"2026-{end}Z"),)


def test_a_day_that_has_no_midnight_starts_when_the_clocks_have_changed() -> None:
    all_day = doctor((("00:00", "24:00"),), "America/Sao_Paulo", EVERY_DAY)
    saturday, sunday = (windows_on_date(all_day, date(2018, 11, day)) for day in (3, 4))
    assert saturday == (span("2018-11-03T03:00Z", "2018-11-04T03:00Z"),)
    assert sunday == (span("2018-11-04T03:00Z", "2018-11-05T02:00Z"),)


@pytest.mark.parametrize(
    ("hours", "zone", "day"),
    [
        pytest.param((("02:00", "03:00"),), NEW_YORK, "2026-03-08", id="all-of-the-gap"),
        pytest.param((("02:30", "03:30"),), NEW_YORK, "2026-03-08", id="as-long-as-the-gap"),
        pytest.param((("02:30", "03:15"),), NEW_YORK, "2026-03-08", id="shorter-than-the-gap"),
        pytest.param((("23:00", "23:30"),), "America/Nuuk", "2026-03-28", id="end-of-the-day"),
        pytest.param((("09:00", "17:00"),), "Pacific/Apia", "2011-12-30", id="skipped-date"),
        pytest.param((), NEW_YORK, "2026-03-08", id="day-off"),
    ],
)
def test_hours_that_do_not_happen_make_no_window(hours: Hours, zone: str, day: str) -> None:
    assert windows_on_date(doctor(hours, zone, EVERY_DAY), date.fromisoformat(day)) == ()


def test_hours_that_lie_apart_on_the_clock_can_touch_where_it_skips() -> None:
    night = doctor((("01:00", "02:00"), ("03:00", "04:00")), NEW_YORK, "sun")
    expected = (span("2026-03-08T06:00Z", "2026-03-08T08:00Z"),)
    assert windows_on_date(night, date(2026, 3, 8)) == expected


NIGHTS: Hours = (("00:00", "06:00"), ("22:00", "24:00"))
ALL_DAY: Hours = (("00:00", "24:00"),)
MORNINGS: Hours = (("00:00", "08:00"),)


@pytest.mark.parametrize(
    ("zone", "hours", "day", "windows"),
    [
        pytest.param(
            "UTC", NIGHTS, "2026-06-01", ["01T00:00 01T06:00", "01T22:00 02T06:00"], id="nights"
        ),
        pytest.param("UTC", ALL_DAY, "2026-06-01", ["01T00:00 03T00:00"], id="around-the-clock"),
        pytest.param(
            "UTC", MORNINGS, "2026-06-01", ["01T00:00 01T08:00"], id="nothing-meets-at-midnight"
        ),
        pytest.param(
            NEW_YORK,
            NIGHTS,
            "2026-03-07",
            ["07T05:00 07T11:00", "08T03:00 08T10:00"],
            id="a-night-that-skips-an-hour",
        ),
        pytest.param(
            NEW_YORK,
            NIGHTS,
            "2026-10-31",
            ["31T05:00 31T10:00", "01T02:00 01T11:00"],
            id="a-night-that-repeats-an-hour",
        ),
        pytest.param(
            NEW_YORK,
            MORNINGS,
            "2026-05-31",
            ["31T05:00 31T12:00", "01T04:00 01T12:00"],
            id="in-summer-the-day-begins-at-one",
        ),
        pytest.param(
            "America/Sao_Paulo",
            NIGHTS,
            "2018-11-03",
            ["03T03:00 03T09:00", "04T01:00 04T08:00"],
            id="a-night-without-a-midnight",
        ),
        pytest.param(
            "America/Nuuk",
            NIGHTS,
            "2026-03-28",
            ["28T02:00 28T08:00", "29T00:00 29T07:00"],
            id="a-night-in-which-the-last-hour-is-swallowed",
        ),
        pytest.param(
            "Pacific/Apia", ALL_DAY, "2011-12-30", ["29T11:00 31T11:00"], id="over-a-skipped-date"
        ),
    ],
)
def test_windows_that_meet_at_midnight_are_one_from_the_day_to_24_hours_behind_it(
    zone: str, hours: Hours, day: str, windows: list[str]
) -> None:
    found = working_windows(doctor(hours, zone, EVERY_DAY), date.fromisoformat(day))
    assert [f"{start:%dT%H:%M} {end:%dT%H:%M}" for start, end in found] == windows


def test_windows_do_not_depend_on_where_the_doctor_day_begins() -> None:
    nights = replace(doctor(NIGHTS, NEW_YORK, EVERY_DAY), day_shift=timedelta(hours=13))
    assert working_windows(nights, date(2026, 6, 2)) == (
        span("2026-06-02T02:00Z", "2026-06-02T10:00Z"),
    )


@pytest.mark.parametrize(
    ("zone", "local", "meant"),
    [
        (NEW_YORK, "2026-11-23T09:00", at("2026-11-23T14:00Z")),
        ("Asia/Kathmandu", "2026-11-23T09:00", at("2026-11-23T03:15Z")),
        (NEW_YORK, "2026-03-08T01:59", at("2026-03-08T06:59Z")),
        (NEW_YORK, "2026-03-08T02:00", "nonexistent_local_time"),
        (NEW_YORK, "2026-03-08T02:59", "nonexistent_local_time"),
        (NEW_YORK, "2026-03-08T03:00", at("2026-03-08T07:00Z")),
        (NEW_YORK, "2026-11-01T00:59", at("2026-11-01T04:59Z")),
        (NEW_YORK, "2026-11-01T01:00", "ambiguous_local_time"),
        (NEW_YORK, "2026-11-01T01:59", "ambiguous_local_time"),
        (NEW_YORK, "2026-11-01T02:00", at("2026-11-01T07:00Z")),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "ambiguous_local_time"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "nonexistent_local_time"),
        ("America/Sao_Paulo", "2018-11-04T00:00", "nonexistent_local_time"),
        ("Pacific/Apia", "2011-12-30T12:00", "nonexistent_local_time"),
    ],
)
def test_a_local_time_names_one_instant_or_says_why_not(
    zone: str, local: str, meant: datetime | str
) -> None:
    resolved = resolve_wall_clock(datetime.fromisoformat(local), time_zone(zone))
    assert resolved == meant
    assert isinstance(meant, str) or (isinstance(resolved, datetime) and resolved.tzinfo is UTC)


@pytest.mark.parametrize("name", ["", "America", "Mars/Olympus", "../UTC", "/UTC", "UTC\0", "é"])
def test_a_time_zone_that_does_not_exist_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(ValueError, match="is not an IANA time zone; use one such as"):
        time_zone(name)
