"""Bounds of a window where clocks change, with every instant written out."""

from datetime import datetime

import pytest

from shared.model.time_zones import time_zone
from shared.rules.window_bounds import end_instant, start_instant
from tests.builders import at

# Zone, what the clock shows, and the instant that this means as a start and as an end.
BOUNDS = [
    ("UTC", "2027-03-28T01:30", "2027-03-28T01:30Z", "2027-03-28T01:30Z"),
    (
        "America/New_York",
        "2027-03-14T01:59:59.9",
        "2027-03-14T06:59:59.9Z",
        "2027-03-14T06:59:59.9Z",
    ),
    ("America/New_York", "2027-03-14T02:00", "2027-03-14T07:00Z", "2027-03-14T07:00Z"),
    ("America/New_York", "2027-03-14T02:59:59.9", "2027-03-14T07:00Z", "2027-03-14T07:00Z"),
    ("America/New_York", "2027-03-14T03:00", "2027-03-14T07:00Z", "2027-03-14T07:00Z"),
    ("America/New_York", "2027-11-07T00:59", "2027-11-07T04:59Z", "2027-11-07T04:59Z"),
    ("America/New_York", "2027-11-07T01:00", "2027-11-07T05:00Z", "2027-11-07T06:00Z"),
    ("America/New_York", "2027-11-07T01:59:59", "2027-11-07T05:59:59Z", "2027-11-07T06:59:59Z"),
    ("America/New_York", "2027-11-07T02:00", "2027-11-07T07:00Z", "2027-11-07T07:00Z"),
    # Midnight is skipped, comes twice, or is skipped with all of its day.
    ("America/Santiago", "2027-09-05T00:00", "2027-09-05T04:00Z", "2027-09-05T04:00Z"),
    ("America/Havana", "2027-11-07T00:00", "2027-11-07T04:00Z", "2027-11-07T05:00Z"),
    ("Pacific/Apia", "2011-12-30T00:00", "2011-12-30T10:00Z", "2011-12-30T10:00Z"),
    ("Pacific/Apia", "2011-12-30T23:59", "2011-12-30T10:00Z", "2011-12-30T10:00Z"),
    ("Pacific/Apia", "2011-12-31T00:00", "2011-12-30T10:00Z", "2011-12-30T10:00Z"),
    # Half an hour, and an offset of odd seconds before it.
    ("Australia/Lord_Howe", "2026-10-04T02:10", "2026-10-03T15:30Z", "2026-10-03T15:30Z"),
    ("Africa/Monrovia", "1972-01-07T00:20", "1972-01-07T00:44:30Z", "1972-01-07T00:44:30Z"),
]


@pytest.mark.parametrize(("zone", "shown", "start", "end"), BOUNDS)
def test_a_bound_that_a_change_skips_or_repeats_is_understood(
    zone: str, shown: str, start: str, end: str
) -> None:
    local = datetime.fromisoformat(shown)
    assert start_instant(local, time_zone(zone)) == at(start)
    assert end_instant(local, time_zone(zone)) == at(end)
