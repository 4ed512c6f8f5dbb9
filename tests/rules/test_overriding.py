"""Overrides and the days that they touch: where they stand, and whom they affect."""

import pytest
from msgspec.structs import replace

from shared.model.interval import Interval
from shared.model.override import Override, OverrideEntry
from shared.model.time_zones import time_zone
from shared.rules.overriding import (
    Affected,
    NoRoomForOverride,
    affected_by,
    is_on_one_date,
    with_override,
    without_override,
)
from tests.builders import FIRST_OF_2026, appointment, at, key, schedule, span

NOON_TO_NOON = span("2026-11-23T12:00Z", "2026-11-24T12:00Z")
AWAY = Override("strange.override.x", "strange", "time_off", NOON_TO_NOON, FIRST_OF_2026)
MON, TUE = key("2026-11-23"), key("2026-11-24")
EMPTY = {MON: schedule("2026-11-23"), TUE: schedule("2026-11-24")}


def test_an_override_stands_in_every_day_that_it_touches_with_its_whole_time() -> None:
    changed = with_override(EMPTY, AWAY)
    entry = OverrideEntry("strange.override.x", "time_off", NOON_TO_NOON)
    assert not isinstance(changed, NoRoomForOverride)
    assert {day: found.overrides for day, found in changed.items()} == {
        MON: (entry,),
        TUE: (entry,),
    }
    assert without_override(changed, AWAY) == EMPTY


def test_to_delete_an_override_leaves_all_else_as_it_is() -> None:
    other = replace(AWAY, id="strange.override.y")
    there = appointment("2026-11-23T09:00Z", "2026-11-23T10:00Z")
    both = with_override({MON: schedule("2026-11-23", there)}, AWAY)
    assert not isinstance(both, NoRoomForOverride)
    both = with_override(both, other)
    assert not isinstance(both, NoRoomForOverride)
    left = without_override(both, AWAY)[MON]
    assert left.appointments == (there,)
    assert left.overrides == (other.entry,)


def test_a_day_that_is_full_has_no_room_for_an_override() -> None:
    full = EMPTY[TUE]
    for number in range(1716):
        full = replace(full, overrides=(*full.overrides, replace(AWAY.entry, id=f"o{number}")))
    assert isinstance(with_override({**EMPTY, TUE: full}, AWAY), NoRoomForOverride)
    fewer = replace(full, overrides=full.overrides[1:])
    assert not isinstance(with_override({**EMPTY, TUE: fewer}, AWAY), NoRoomForOverride)


# Whom it affects


@pytest.mark.parametrize(
    ("start", "end", "affected"),
    [
        ("2026-11-23T11:30Z", "2026-11-23T12:00Z", False),
        ("2026-11-23T11:59Z", "2026-11-23T12:01Z", True),
        ("2026-11-23T12:00Z", "2026-11-23T12:30Z", True),
        ("2026-11-23T23:45Z", "2026-11-24T00:15Z", True),
        ("2026-11-24T11:59Z", "2026-11-24T12:30Z", True),
        ("2026-11-24T12:00Z", "2026-11-24T12:30Z", False),
        ("2026-11-23T11:00Z", "2026-11-24T13:00Z", True),
    ],
)
def test_affected_is_what_shares_time_with_time_off(
    start: str, end: str, *, affected: bool
) -> None:
    there = appointment(start, end)
    days = [schedule("2026-11-23", there), schedule("2026-11-24", there)]
    assert affected_by(days, AWAY) == (Affected((there,), 1) if affected else Affected())


def test_a_buffer_in_time_off_affects_nobody() -> None:
    there = appointment("2026-11-23T11:00Z", "2026-11-23T12:00Z")
    there = there._replace(after=at("2026-11-23T12:30Z") - at("2026-11-23T12:00Z"))
    assert affected_by([schedule("2026-11-23", there)], AWAY) == Affected()


def test_time_that_was_freed_is_not_affected() -> None:
    gone = appointment("2026-11-23T11:00Z", "2026-11-23T13:00Z")
    early = gone._replace(mark="fulfilled", freed_from=at("2026-11-23T12:00Z"))
    late = gone._replace(mark="fulfilled", freed_from=at("2026-11-23T12:01Z"))
    assert affected_by([schedule("2026-11-23", early)], AWAY) == Affected()
    assert affected_by([schedule("2026-11-23", late)], AWAY) == Affected((late,), 1)


def test_a_no_show_that_freed_all_its_time_is_not_affected() -> None:
    there = appointment("2026-11-23T13:00Z", "2026-11-23T14:00Z")
    absent = there._replace(mark="no_show", freed_from=at("2026-11-23T13:00Z"))
    assert affected_by([schedule("2026-11-23", absent)], AWAY) == Affected()


def test_who_has_arrived_is_affected() -> None:
    there = appointment("2026-11-23T13:00Z", "2026-11-23T14:00Z")._replace(mark="arrived")
    assert affected_by([schedule("2026-11-23", there)], AWAY) == Affected((there,), 1)


def test_extra_hours_and_what_was_deleted_affect_nobody() -> None:
    day = schedule("2026-11-23", appointment("2026-11-23T13:00Z", "2026-11-23T14:00Z"))
    assert affected_by([day], replace(AWAY, kind="extra_hours")) == Affected()
    assert affected_by([day], replace(AWAY, deleted_at=FIRST_OF_2026)) == Affected()


def test_the_affected_are_in_order_of_start_then_id_each_of_them_once() -> None:
    over_midnight = appointment("2026-11-23T23:30Z", "2026-11-24T00:30Z", "c")
    late = appointment("2026-11-23T23:30Z", "2026-11-23T23:45Z", "d")
    early = appointment("2026-11-23T13:00Z", "2026-11-23T14:00Z", "x")
    next_day = appointment("2026-11-24T11:00Z", "2026-11-24T11:30Z", "b")
    tuesday = schedule("2026-11-24", next_day, over_midnight)
    monday = schedule("2026-11-23", late, over_midnight, early)
    found = affected_by([tuesday, monday], AWAY)
    assert found == Affected((early, over_midnight, late, next_day), 4)


def test_the_first_thousand_are_listed_and_all_are_counted() -> None:
    there = [appointment("2026-11-23T13:00Z", "2026-11-23T14:00Z", f"{n:04}") for n in range(1001)]
    found = affected_by([schedule("2026-11-23", *there)], AWAY)
    assert (len(found.first), found.first[-1].id, found.count) == (1000, "0999", 1001)


# One local date


@pytest.mark.parametrize(
    ("start", "end", "one"),
    [
        ("2026-11-23T05:00Z", "2026-11-24T05:00Z", True),
        ("2026-11-23T04:59Z", "2026-11-23T06:00Z", False),
        ("2026-11-24T04:00Z", "2026-11-24T05:01Z", False),
        ("2026-11-01T04:00Z", "2026-11-02T05:00Z", True),  # 25 hours.
        ("2026-11-22T05:00Z", "2026-11-23T06:00Z", False),
    ],
)
def test_a_date_is_that_of_the_doctor_and_ends_at_midnight(
    start: str, end: str, *, one: bool
) -> None:
    assert is_on_one_date(Interval(at(start), at(end)), time_zone("America/New_York")) is one
