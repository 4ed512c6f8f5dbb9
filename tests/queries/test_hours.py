"""The hours of the local date of a refusal, with overrides."""

from shared.model.day import DaySchedule
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.queries.openings import hours_of_date
from shared.rules.openings import OpeningSearch
from shared.rules.refusals import OutsideHours
from tests.builders import (
    NEW_YORK,
    Hours,
    doctor,
    extra,
    key,
    off,
    schedule,
    span,
    with_overrides,
)
from tests.scripted_store import ScriptedStore

MON, TUE = "2026-11-23", "2026-11-24"
WITH_A_BREAK: Hours = (("09:00", "12:00"), ("13:00", "17:00"))
NOON = span(f"{MON}T12:00Z", f"{MON}T12:30Z")


async def hours(
    of: Doctor,
    asked: Interval,
    *there: DaySchedule,
    known: tuple[DaySchedule, ...] = (),
    closed: tuple[Interval, ...] = (),
) -> tuple[list[str], list[str]]:
    """The windows on the doctor's clock, and the days that were read for them."""
    store = ScriptedStore(*there)
    refusal = OutsideHours(
        of, asked, OpeningSearch(asked, asked.length, asked.start, closed=closed)
    )
    found = await hours_of_date(store.snapshot(), refusal, {day.key: day for day in known})
    local = [tuple(f"{t.astimezone(of.zone):%d %H:%M}" for t in window) for window in found.windows]
    return [" - ".join(window) for window in local], [f"{k.day:%d}" for k in store.read]


async def test_they_are_the_windows_of_that_date_with_breaks_between() -> None:
    found, read = await hours(doctor(WITH_A_BREAK), NOON)
    assert found == ["23 09:00 - 23 12:00", "23 13:00 - 23 17:00"]
    assert read == ["23"]


async def test_overrides_and_closed_days_are_applied() -> None:
    day = with_overrides(
        schedule(MON),
        off("2026-11-20T00:00Z", f"{MON}T10:00Z"),
        extra(f"{MON}T17:00Z", f"{MON}T18:00Z"),
    )
    closed = (span(f"{MON}T15:00Z", f"{MON}T16:00Z"),)
    found, _ = await hours(doctor(WITH_A_BREAK), NOON, day, closed=closed)
    assert found == [
        "23 10:00 - 23 12:00",
        "23 13:00 - 23 15:00",
        "23 16:00 - 23 18:00",
    ]


async def test_on_a_day_off_there_are_none() -> None:
    assert await hours(doctor(days="tue"), NOON) == ([], ["23"])


async def test_a_local_date_may_lie_in_two_doctor_days_of_which_only_the_unknown_are_read() -> None:
    # The shift is that of winter, and this is a date of summer: it begins an hour before its day.
    new_york = doctor((("00:00", "24:00"),), NEW_YORK, "mon")
    sunday = schedule("2026-07-05")
    monday = schedule("2026-07-06")
    asked = span("2026-07-06T12:00Z", "2026-07-06T13:00Z")
    expected = ["06 00:00 - 07 00:00"]
    assert await hours(new_york, asked) == (expected, ["05", "06"])
    assert await hours(new_york, asked, known=(monday,)) == (expected, ["05"])
    assert await hours(new_york, asked, known=(sunday, monday)) == (expected, [])


async def test_extra_hours_of_another_date_in_the_same_doctor_day_are_not_among_them() -> None:
    new_york = doctor(zone=NEW_YORK)
    late = extra("2026-07-07T04:00Z", "2026-07-07T04:30Z")
    day = with_overrides(DaySchedule(key("2026-07-06")), late)
    found, _ = await hours(new_york, span("2026-07-06T12:00Z", "2026-07-06T13:00Z"), day)
    assert found == ["06 09:00 - 06 17:00"]


async def test_where_a_change_of_the_clock_swallows_midnight_they_end_there() -> None:
    # In 2026 the clocks of Nuuk went from Saturday 23:00 to Sunday 00:00, at 01:00 UTC.
    evening = doctor((("22:00", "23:30"),), "America/Nuuk", "sat")
    found, _ = await hours(evening, span("2026-03-29T00:30Z", "2026-03-29T01:30Z"))
    assert found == ["28 22:00 - 29 00:00"]
