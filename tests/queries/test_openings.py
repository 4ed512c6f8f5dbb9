"""Openings of a snapshot: which days are read for them, and in which order they come out."""

from datetime import timedelta

import pytest

from shared.model.day import DaySchedule
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.queries.openings import all_openings, first_openings, next_openings
from shared.rules.openings import OpeningSearch
from shared.rules.refusals import TimeUnavailable
from tests.builders import (
    Hours,
    appointment,
    at,
    doctor,
    extra,
    key,
    off,
    schedule,
    span,
    with_overrides,
)
from tests.scripted_store import ScriptedStore

MORNING: Hours = (("09:00", "10:00"),)
HALF_HOUR = timedelta(minutes=30)
WEEK = span("2026-11-23T00:00Z", "2026-11-30T00:00Z")


def full(day: str, doctor_id: str = "strange") -> DaySchedule:
    """A doctor-day whose morning is taken."""
    taken = appointment(f"{day}T09:00Z", f"{day}T10:00Z", f"{doctor_id}-{day}")
    return DaySchedule(key(day, doctor_id), (taken,))


async def found(
    store: ScriptedStore, doctors: list[Doctor], count: int, bounds: Interval = WEEK
) -> list[str]:
    search = OpeningSearch(bounds, HALF_HOUR, bounds.start)
    openings = (await first_openings(store.snapshot(), doctors, search, count)).openings
    return [f"{o.doctor.id} {o.interval.start:%d %H:%M}" for o in openings]


def morning_doctor(doctor_id: str, days: str = "mon tue wed thu fri") -> Doctor:
    return doctor(MORNING, days=days, doctor_id=doctor_id)


async def test_openings_come_by_start_and_then_by_doctor_whatever_order_they_are_asked_in() -> None:
    store = ScriptedStore(full("2026-11-23", "b"))
    doctors = [morning_doctor("c"), morning_doctor("b"), morning_doctor("a", "tue")]
    expected = ["c 23 09:00", "c 23 09:30", "a 24 09:00", "b 24 09:00", "c 24 09:00", "a 24 09:30"]
    for count in (1, 2, 3, 4, 5, 6):
        assert await found(store, doctors, count) == expected[:count]


async def test_a_day_without_a_document_is_free() -> None:
    days = [full("2026-11-23"), full("2026-11-25"), full("2026-11-26")]
    expected = ["strange 24 09:00", "strange 24 09:30", "strange 27 09:00", "strange 27 09:30"]
    assert await found(ScriptedStore(*days), [morning_doctor("strange")], 10) == expected


async def test_the_search_reads_more_days_each_time_and_none_after_the_answer() -> None:
    january, every_day = at("2026-01-01T00:00Z"), "mon tue wed thu fri sat sun"
    days = [f"{january + timedelta(days=number):%Y-%m-%d}" for number in range(365)]
    for booked, opens_on, read in [(0, "01", 10), (9, "10", 10), (10, "11", 50), (60, "02", 210)]:
        store = ScriptedStore(*(full(day) for day in days[:booked]))
        bounds = span("2026-01-01T00:00Z", "2026-12-31T00:00Z")
        opening = f"strange {opens_on} 09:00"
        assert await found(store, [morning_doctor("strange", every_day)], 1, bounds) == [opening]
        assert store.days_read() == [f"strange {day}" for day in days[:read]]


async def test_of_many_doctors_the_search_reads_one_day_each_at_first_all_together() -> None:
    names = [f"doctor-{number:02}" for number in range(50)]
    store = ScriptedStore(*(full("2026-11-23", name) for name in names[:49]))
    assert await found(store, [morning_doctor(name) for name in names], 1) == ["doctor-49 23 09:00"]
    assert store.days_read() == [f"{name} 2026-11-23" for name in names]
    assert store.loads == 1


async def test_no_day_is_read_on_which_whatever_is_found_would_come_too_late() -> None:
    names = [f"doctor-{number:02}" for number in range(10)]
    store = ScriptedStore(*(full("2026-11-23", name) for name in names))
    doctors = [morning_doctor(names[0], "mon wed"), *map(morning_doctor, names[1:])]
    assert await found(store, doctors, 1) == ["doctor-01 24 09:00"]
    # The first read is of a day each, the second of four.
    assert {key.day.day for key in store.read} == {23, 24, 25, 26, 27}
    assert store.loads == 2


async def test_extra_hours_are_found_on_a_day_off() -> None:
    saturday = with_overrides(
        schedule("2026-11-28"), extra("2026-11-28T10:00Z", "2026-11-28T11:00Z")
    )
    weekend = span("2026-11-28T00:00Z", "2026-11-30T00:00Z")
    expected = ["strange 28 10:00", "strange 28 10:30"]
    assert await found(ScriptedStore(saturday), [doctor()], 9, weekend) == expected


async def test_time_off_and_closed_days_are_passed_over() -> None:
    week_off = off("2026-11-22T12:00Z", "2026-11-24T09:30Z")
    days = [
        with_overrides(schedule("2026-11-23"), week_off),
        with_overrides(schedule("2026-11-24"), week_off),
    ]
    search = OpeningSearch(
        span("2026-11-23T00:00Z", "2026-11-27T00:00Z"),
        HALF_HOUR,
        at("2026-11-23T00:00Z"),
        closed=(span("2026-11-25T00:00Z", "2026-11-26T00:00Z"),),
    )
    snapshot = ScriptedStore(*days).snapshot()
    openings = await all_openings(snapshot, [morning_doctor("strange")], search)
    starts = [f"{opening.interval.start:%d %H:%M}" for opening in openings]
    assert starts == ["24 09:30", "26 09:00", "26 09:30"]


EVENING: Hours = (("22:00", "24:00"),)


@pytest.mark.parametrize(
    ("hours", "bounds", "minutes", "read"),
    [
        pytest.param(EVENING, "23T22:00 23T23:59", (30, 0, 0), "23", id="not-until-midnight"),
        pytest.param(EVENING, "23T22:00 24T00:00", (30, 0, 0), "23", id="bounds-end-at-midnight"),
        pytest.param(EVENING, "23T22:00 24T00:00", (30, 0, 5), "23 24", id="buffer-behind-it"),
        pytest.param(EVENING, "23T22:00 23T23:50", (30, 0, 5), "23", id="buffer-before-midnight"),
        pytest.param(
            EVENING, "23T22:00 23T23:50", (30, 0, 15), "23 24", id="buffer-across-midnight"
        ),
        pytest.param(
            MORNING, "23T00:00 23T23:00", (30, 540, 0), "22 23", id="day-before-may-matter"
        ),
        pytest.param(MORNING, "23T00:00 24T00:00", (30, 0, 900), "23 24", id="buffer-of-hours"),
        pytest.param(
            (("00:00", "24:00"),),
            "23T10:00 25T00:00",
            (1440, 0, 1),
            "23 24 25",
            id="two-days-behind",
        ),
    ],
)
async def test_days_are_read_as_far_as_what_starts_on_one_may_reach_with_its_buffers(
    hours: Hours, bounds: str, minutes: tuple[int, int, int], read: str
) -> None:
    start, end = (f"2026-11-{time}Z" for time in bounds.split())
    length, before, after = (timedelta(minutes=each) for each in minutes)
    store = ScriptedStore()
    search = OpeningSearch(span(start, end), length, at(start), before=before, after=after)
    found = await first_openings(store.snapshot(), [doctor(hours)], search, 99)
    assert found.openings
    assert {f"{key.day:%d}" for key in store.read} == {*read.split()}
    assert len(store.read) == len({*store.read})


async def test_what_lies_two_days_behind_a_start_is_not_forgotten() -> None:
    around = doctor((("00:00", "24:00"),))
    far = appointment("2026-11-25T00:05Z", "2026-11-25T01:00Z")
    day_and_buffer = OpeningSearch(
        span("2026-11-23T23:30Z", "2026-11-25T00:00Z"),
        timedelta(days=1),
        at("2026-11-23T23:30Z"),
        after=timedelta(hours=1),
    )
    for days, expected in (([], ["23 23:30"]), ([schedule("2026-11-25", far)], [])):
        store = ScriptedStore(*days)
        found = await first_openings(store.snapshot(), [around], day_and_buffer, 1)
        assert [f"{o.interval.start:%d %H:%M}" for o in found.openings] == expected


async def test_extra_hours_of_the_next_day_join_those_that_end_at_midnight() -> None:
    tuesday = with_overrides(
        schedule("2026-11-24"), extra("2026-11-24T00:00Z", "2026-11-24T01:00Z")
    )
    search = OpeningSearch(
        span("2026-11-23T23:30Z", "2026-11-24T02:00Z"),
        timedelta(hours=1),
        at("2026-11-23T23:30Z"),
    )
    evenings = doctor(EVENING)
    found = await first_openings(ScriptedStore(tuesday).snapshot(), [evenings], search, 1)
    assert [o.interval for o in found.openings] == [span("2026-11-23T23:30Z", "2026-11-24T00:30Z")]


async def test_extra_hours_until_midnight_join_those_of_the_next_day() -> None:
    monday = with_overrides(schedule("2026-11-23"), extra("2026-11-23T23:00Z", "2026-11-24T00:00Z"))
    search = OpeningSearch(
        span("2026-11-23T23:30Z", "2026-11-24T02:00Z"),
        timedelta(hours=1),
        at("2026-11-23T23:30Z"),
    )
    early = doctor((("00:00", "06:00"),))
    found = await first_openings(ScriptedStore(monday).snapshot(), [early], search, 1)
    assert [o.interval for o in found.openings] == [span("2026-11-23T23:30Z", "2026-11-24T00:30Z")]


async def test_time_off_until_midnight_is_passed_over_by_a_doctor_who_works_through_it() -> None:
    monday = with_overrides(schedule("2026-11-23"), off("2026-11-23T23:30Z", "2026-11-24T00:00Z"))
    search = OpeningSearch(
        span("2026-11-23T23:30Z", "2026-11-24T02:00Z"),
        HALF_HOUR,
        at("2026-11-23T23:30Z"),
    )
    nights = doctor((("00:00", "06:00"), ("22:00", "24:00")))
    found = await first_openings(ScriptedStore(monday).snapshot(), [nights], search, 1)
    assert [o.interval for o in found.openings] == [span("2026-11-24T00:00Z", "2026-11-24T00:30Z")]


async def test_a_day_that_a_search_has_to_know_too_is_read_once() -> None:
    nights = doctor((("00:00", "06:00"), ("22:00", "24:00")))
    taken = appointment("2026-11-24T00:00Z", "2026-11-24T06:00Z", "night")
    store = ScriptedStore(schedule("2026-11-24", taken))
    bounds = span("2026-11-23T22:45Z", "2026-11-24T22:15Z")
    assert await found(store, [nights], 9, bounds) == ["strange 23 22:45", "strange 23 23:15"]
    assert store.days_read() == ["strange 2026-11-23", "strange 2026-11-24"]
    assert store.loads == 1


def refused(of: Doctor, asked: Interval, moving: str | None = None) -> TimeUnavailable:
    """A refusal whose next openings are looked for from the asked time on."""
    bounds = Interval(asked.start, asked.start + timedelta(days=30))
    return TimeUnavailable(
        of, asked, OpeningSearch(bounds, asked.length, bounds.start, moving=moving)
    )


async def offered(store: ScriptedStore, refusal: TimeUnavailable, *known: DaySchedule) -> list[str]:
    """When the openings start that come with a refusal."""
    found = await next_openings(store.snapshot(), refusal, {day.key: day for day in known})
    assert {opening.interval.length for opening in found.openings} <= {refusal.asked.length}
    return [f"{opening.interval.start:%d %H:%M}" for opening in found.openings]


async def test_what_is_known_is_looked_at_before_anything_is_read() -> None:
    three_hours, morning = doctor((("09:00", "12:00"),)), full("2026-11-23")
    hour = refused(three_hours, span("2026-11-23T09:00Z", "2026-11-23T10:00Z"))
    store = ScriptedStore(morning)
    assert await offered(store, hour, morning) == ["23 10:00", "23 11:00", "24 09:00"]
    assert store.days_read() == ["strange 2026-11-24"]
    half_hour = refused(three_hours, span("2026-11-23T09:00Z", "2026-11-23T09:30Z"))
    store = ScriptedStore(morning)
    assert await offered(store, half_hour, morning) == ["23 10:00", "23 10:30", "23 11:00"]
    assert store.read == []


@pytest.mark.parametrize(
    ("moving", "starts"),
    [
        pytest.param(None, ["23 10:00", "23 11:30", "23 12:15"], id="of-a-booking"),
        pytest.param("a", ["23 09:15", "23 10:00", "23 11:30"], id="of-a-move"),
        pytest.param("unknown", ["23 10:00", "23 11:30", "23 12:15"], id="of-what-is-not-there"),
    ],
)
async def test_the_next_openings_are_three_to_which_the_time_of_what_moves_is_free(
    moving: str | None, starts: list[str]
) -> None:
    a = appointment("2026-11-23T09:00Z", "2026-11-23T10:00Z", "a")
    b = appointment("2026-11-23T10:45Z", "2026-11-23T11:30Z", "b")
    asked = span("2026-11-23T09:15Z", "2026-11-23T10:00Z")
    there = schedule("2026-11-23", a, b)
    assert await offered(ScriptedStore(there), refused(doctor(), asked, moving), there) == starts


@pytest.mark.parametrize(
    ("start", "end", "minutes", "reason"),
    [
        ("2026-11-23T00:00Z", "2026-11-24T00:00Z", 60, "fully_booked"),
        ("2026-11-24T00:00Z", "2026-11-25T00:00Z", 60, "no_working_hours"),
        ("2026-11-23T00:00Z", "2026-11-24T00:00Z", 61, "duration_too_long"),
        ("2026-11-23T09:45Z", "2026-11-24T09:15Z", 16, "duration_too_long"),
        ("2026-11-23T09:00Z", "2026-11-23T09:00:30Z", 1, "duration_too_long"),
        ("2026-11-28T00:00Z", "2026-11-30T09:00Z", 1, "no_working_hours"),
    ],
    ids=[
        "fits",
        "away",
        "long-for-the-hours",
        "long-for-the-bounds",
        "half-a-minute",
        "days-off",
    ],
)
async def test_the_reason_says_why_there_is_no_opening(
    start: str, end: str, minutes: int, reason: str
) -> None:
    search = OpeningSearch(span(start, end), timedelta(minutes=minutes), at(start))
    tuesday_off = off("2026-11-24T09:15Z", "2026-11-24T10:00Z")
    if reason == "no_working_hours":
        tuesday_off = off("2026-11-24T09:00Z", "2026-11-24T10:00Z")
    store = ScriptedStore(full("2026-11-23"), with_overrides(full("2026-11-24"), tuesday_off))
    doctors = [morning_doctor("who", days=""), morning_doctor("strange")]
    found = await first_openings(store.snapshot(), doctors, search, 1)
    assert (found.openings, found.reason) == ([], reason)


async def test_a_better_opening_on_a_day_that_is_read_later_is_found() -> None:
    one = doctor((("09:00", "10:00"),), doctor_id="a", days="mon")
    other = doctor((("08:00", "09:00"), ("11:00", "12:00")), doctor_id="b")
    days = [f"2026-11-{number}" for number in range(23, 28)]
    taken = [appointment(f"{day}T08:00Z", f"{day}T12:00Z", day, doctor_id="b") for day in days]
    store = ScriptedStore(
        *(DaySchedule(key(d, "b"), (t,)) for d, t in zip(days, taken, strict=True))
    )
    search = OpeningSearch(
        span("2026-11-23T00:00Z", "2027-01-01T00:00Z"),
        timedelta(hours=1),
        at("2026-11-23T00:00Z"),
    )
    found = await first_openings(store.snapshot(), [one, other], search, 2)
    assert found.reason is None
    assert [(o.doctor.id, o.interval.start) for o in found.openings] == [
        ("a", at("2026-11-23T09:00Z")),
        ("b", at("2026-11-30T08:00Z")),
    ]


async def test_no_doctors_have_no_openings() -> None:
    search = OpeningSearch(WEEK, HALF_HOUR, WEEK.start)
    found = await first_openings(ScriptedStore().snapshot(), [], search, 1)
    assert (found.openings, found.reason) == ([], "no_working_hours")
    assert await all_openings(ScriptedStore().snapshot(), [], search) == []
