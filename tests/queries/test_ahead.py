"""The booked appointments that lie ahead: which they are, and what is found wrong with them."""

from collections.abc import Sequence

from shared.model.clinic import Clinic
from shared.model.day import DaySchedule
from shared.model.doctor import Doctor
from shared.model.override import OverrideEntry, OverrideKind
from shared.queries.ahead import booked_ahead, checked_ahead, count_ahead
from shared.rules.findings import DuringTimeOff, Finding, OutsideHours, Overlap
from tests.builders import appointment, at, doctor, schedule, span
from tests.scripted_store import ScriptedStore

NIGHT_AND_DAY = doctor((("00:00", "24:00"),), days="mon tue wed thu fri sat sun")
OVER = appointment("2026-11-23T08:00Z", "2026-11-23T09:00Z", "over")
RUNNING = appointment("2026-11-22T23:00Z", "2026-11-23T09:01Z", "running")
ACROSS = appointment("2026-11-23T23:30Z", "2026-11-24T00:30Z", "across-midnight")
NEXT_YEAR = appointment("2027-11-24T09:00Z", "2027-11-24T09:30Z", "next-year")
DAYS = (
    schedule("2026-11-22", RUNNING),
    schedule("2026-11-23", RUNNING, OVER, ACROSS),
    schedule("2026-11-24", ACROSS),
    schedule("2027-11-24", NEXT_YEAR),
)
NINE = at("2026-11-23T09:00Z")


async def test_those_that_have_not_ended_lie_ahead_each_once_in_order() -> None:
    ahead = booked_ahead(ScriptedStore(*DAYS).snapshot(), NIGHT_AND_DAY, NINE)
    assert [a.id async for a in ahead] == ["running", "across-midnight", "next-year"]


async def test_what_began_on_an_earlier_day_and_has_not_ended_lies_ahead() -> None:
    after_midnight = at("2026-11-24T00:10Z")
    ahead = booked_ahead(ScriptedStore(*DAYS).snapshot(), NIGHT_AND_DAY, after_midnight)
    assert [a.id async for a in ahead] == ["across-midnight", "next-year"]


async def test_they_are_counted() -> None:
    snapshot = ScriptedStore(*DAYS).snapshot()
    assert await count_ahead(snapshot, NIGHT_AND_DAY, NINE) == 3
    assert await count_ahead(snapshot, doctor(doctor_id="who"), NINE) == 0


async def checked(of: Doctor, *days: DaySchedule) -> list[Sequence[Finding]]:
    """What is wrong with each appointment, in order."""
    return [
        each async for each in checked_ahead(ScriptedStore(*days).snapshot(), of, NINE, Clinic())
    ]


async def test_each_is_checked_by_itself() -> None:
    noon = appointment("2026-11-23T12:00Z", "2026-11-23T12:30Z", "noon")
    evening = appointment("2026-11-23T17:00Z", "2026-11-23T17:30Z", "evening")
    found = await checked(doctor(), schedule("2026-11-23", noon, evening))
    assert found == [[], [OutsideHours(doctor(), evening)]]


async def test_one_that_overlaps_a_long_earlier_one_is_found_behind_a_short_one() -> None:
    long = appointment("2026-11-23T09:00Z", "2026-11-23T12:00Z", "long")
    short = appointment("2026-11-23T09:10Z", "2026-11-23T09:20Z", "short")
    late = appointment("2026-11-23T11:30Z", "2026-11-23T12:30Z", "late")
    after = appointment("2026-11-23T12:30Z", "2026-11-23T13:00Z", "after")
    found = await checked(doctor(), schedule("2026-11-23", long, short, late, after))
    assert found == [[], [Overlap(doctor(), short, long)], [Overlap(doctor(), late, long)], []]


async def test_two_that_overlap_across_midnight_are_found() -> None:
    early = appointment("2026-11-24T00:15Z", "2026-11-24T00:45Z", "early")
    days = schedule("2026-11-23", ACROSS), schedule("2026-11-24", ACROSS, early)
    assert await checked(NIGHT_AND_DAY, *days) == [[], [Overlap(NIGHT_AND_DAY, early, ACROSS)]]


def override(kind: OverrideKind, start: str, end: str) -> OverrideEntry:
    return OverrideEntry(f"strange.override.{start[:10]}{kind}", kind, span(start, end))


NIGHT = appointment("2026-11-24T22:00Z", "2026-11-25T02:00Z", "night")
EVENING = override("extra_hours", "2026-11-24T22:00Z", "2026-11-25T00:00Z")
MORNING = override("extra_hours", "2026-11-25T00:00Z", "2026-11-25T02:00Z")


async def test_extra_hours_of_all_days_that_it_touches_count() -> None:
    first = schedule("2026-11-24", NIGHT).with_override(EVENING)
    alone, both = (
        schedule("2026-11-25", NIGHT),
        schedule("2026-11-25", NIGHT).with_override(MORNING),
    )
    later = schedule("2026-12-24", appointment("2026-12-24T10:00Z", "2026-12-24T11:00Z", "later"))
    assert await checked(doctor(), first, both, later) == [[], []]
    assert await checked(doctor(), first, alone, later) == [[OutsideHours(doctor(), NIGHT)], []]


async def test_extra_hours_of_the_day_on_which_a_running_one_began_count() -> None:
    first = schedule("2026-11-24", NIGHT).with_override(EVENING)
    second = schedule("2026-11-25", NIGHT).with_override(MORNING)
    snapshot = ScriptedStore(first, second).snapshot()
    running = checked_ahead(snapshot, doctor(), at("2026-11-25T01:00Z"), Clinic())
    assert [each async for each in running] == [[]]


async def test_time_off_on_the_last_day_that_it_touches_is_found() -> None:
    off = override("time_off", "2026-11-25T01:00Z", "2026-11-25T08:00Z")
    days = schedule("2026-11-24", NIGHT), schedule("2026-11-25", NIGHT).with_override(off)
    assert await checked(NIGHT_AND_DAY, *days) == [[DuringTimeOff(NIGHT_AND_DAY, NIGHT)]]


async def test_time_that_was_freed_does_not_overlap_and_does_not_lie_ahead() -> None:
    seen = appointment("2026-11-23T09:30Z", "2026-11-23T12:00Z", "seen")
    seen = seen._replace(mark="fulfilled", freed_from=at("2026-11-23T10:00Z"))
    over = appointment("2026-11-23T08:00Z", "2026-11-23T12:00Z", "over")
    over = over._replace(mark="no_show", freed_from=at("2026-11-23T08:30Z"))
    next_ = appointment("2026-11-23T10:00Z", "2026-11-23T11:00Z", "next")
    day = schedule("2026-11-23", over, seen, next_)
    assert await checked(doctor(), day) == [[], []]


async def test_time_that_was_freed_hides_no_overlap_of_others() -> None:
    done = appointment("2026-11-23T09:00Z", "2026-11-23T12:00Z", "done")
    done = done._replace(mark="fulfilled", freed_from=at("2026-11-23T09:30Z"))
    one = appointment("2026-11-23T10:00Z", "2026-11-23T11:00Z", "one")
    other = appointment("2026-11-23T10:30Z", "2026-11-23T11:30Z", "other")
    found = await checked(doctor(), schedule("2026-11-23", done, one, other))
    assert found == [[], [], [Overlap(doctor(), other, one)]]
