"""What is fixed of a zone when a doctor is stored, and which zones are one."""

import pytest

from shared.model.time_zones import same_rules, standard_offset, time_zone
from tests.builders import at


@pytest.mark.parametrize(
    ("zone", "instant", "minutes"),
    [
        ("UTC", "2026-07-01T00:00Z", 0),
        ("America/New_York", "2026-01-01T00:00Z", -300),
        ("America/New_York", "2026-07-01T00:00Z", -300),
        ("Asia/Kathmandu", "2026-07-01T00:00Z", 345),
        ("Australia/Lord_Howe", "2026-01-01T00:00Z", 630),
        ("Antarctica/Troll", "2026-07-01T00:00Z", 0),
        ("Africa/Monrovia", "1970-01-01T00:00Z", -45),  # 44 minutes and 30 seconds behind.
    ],
)
def test_the_standard_offset_leaves_summer_out_and_is_of_whole_minutes(
    zone: str, instant: str, minutes: int
) -> None:
    assert standard_offset(time_zone(zone), at(instant)).total_seconds() == minutes * 60


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Europe/Kiev", "Europe/Kyiv", True),
        ("Europe/Kyiv", "Europe/Kyiv", True),
        ("Europe/Kyiv", "Europe/Sofia", False),
        ("UTC", "Etc/UTC", True),
    ],
)
def test_zones_are_one_if_their_rules_are_whatever_their_names(
    one: str, other: str, *, same: bool
) -> None:
    assert same_rules(time_zone(one), time_zone(other)) is same
