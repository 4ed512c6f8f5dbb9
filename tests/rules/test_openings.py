"""Openings within one doctor-day, and the grid that they may have to lie on."""

from datetime import date, timedelta

import pytest

from shared.model.interval import Interval
from shared.rules.openings import OpeningSearch, openings
from shared.rules.working_windows import working_windows
from tests.builders import NEW_YORK, Hours, doctor, span

WITH_A_BREAK: Hours = (("09:00", "12:00"), ("13:00", "17:00"))
LORD_HOWE = "Australia/Lord_Howe"


def on_monday(times: str) -> Interval:
    start, end = times.split("-")
    return span(f"2026-11-23T{start}Z", f"2026-11-23T{end}Z")


@pytest.mark.parametrize(
    ("bounds", "minutes", "step", "starts"),
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
    bounds: str, minutes: int, step: int | None, starts: str
) -> None:
    booked = [on_monday("09:00-10:00"), on_monday("13:00-15:00")]
    search = OpeningSearch(on_monday(bounds), timedelta(minutes=minutes), step)
    found = list(openings(doctor(WITH_A_BREAK), date(2026, 11, 23), booked, search))
    assert " ".join(f"{opening.start:%H:%M}" for opening in found) == starts
    assert {opening.length for opening in found} <= {timedelta(minutes=minutes)}


@pytest.mark.parametrize(
    ("zone", "day", "step", "starts"),
    [
        (NEW_YORK, "2026-03-08", 60, "00-0500 01-0500 03-0400 04-0400 05-0400"),
        (NEW_YORK, "2026-03-08", 90, "00-0500 01:30-0500 03-0400 04:30-0400"),
        (NEW_YORK, "2026-03-08", 180, "00-0500 03-0400"),
        (NEW_YORK, "2026-11-01", 60, "00-0400 01-0400 01-0500 02-0500 03-0500 04-0500 05-0500"),
        (NEW_YORK, "2026-11-01", 120, "00-0400 02-0500 04-0500"),
        (NEW_YORK, "2026-11-01", 90, "00-0400 01:30-0400 01:30-0500 03-0500 04:30-0500"),
        (LORD_HOWE, "2026-04-05", 60, "00+1100 01+1100 02+1030 03+1030 04+1030 05+1030"),
        (LORD_HOWE, "2026-04-05", 90, "00+1100 01:30+1100 01:30+1030 03+1030 04:30+1030"),
        (LORD_HOWE, "2026-10-04", 60, "00+1030 01+1030 03+1100 04+1100 05+1100"),
        (LORD_HOWE, "2026-10-04", 180, "00+1030 03+1100"),
    ],
)
def test_the_grid_is_read_off_the_wall_clock(zone: str, day: str, step: int, starts: str) -> None:
    early_bird = doctor((("00:00", "06:00"),), zone, "sun")
    (window,) = working_windows(early_bird, date.fromisoformat(day))
    search = OpeningSearch(window, timedelta(minutes=30), step)
    found = openings(early_bird, date.fromisoformat(day), (), search)
    local = [opening.start.astimezone(early_bird.zone) for opening in found]
    assert " ".join(f"{start:%H:%M%z}".replace(":00", "") for start in local) == starts
