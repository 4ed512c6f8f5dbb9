"""Openings of a snapshot: which days are read for them, and in which order they come out."""

from datetime import timedelta

import pytest

from shared.model.day import DaySchedule
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.queries.openings import first_openings, next_openings, why_no_opening
from shared.rules.openings import OpeningSearch
from shared.rules.outcomes import TimeUnavailable
from tests.builders import Hours, appointment, at, doctor, key, schedule, span
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
    search = OpeningSearch(bounds, HALF_HOUR)
    openings = await first_openings(store.snapshot(), doctors, search, count)
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


async def test_the_search_reads_nothing_of_a_doctor_who_only_works_too_late() -> None:
    store = ScriptedStore(full("2026-11-23", "a"), full("2026-11-25", "a"), full("2026-11-27", "b"))
    doctors = [morning_doctor("a", "mon tue"), morning_doctor("b", "fri")]
    assert await found(store, doctors, 1) == ["a 24 09:00"]
    assert store.days_read() == ["a 2026-11-23", "a 2026-11-24", "b 2026-11-27"]


async def test_a_doctor_whose_hours_are_too_short_is_not_read() -> None:
    store = ScriptedStore(full("2026-11-23"))
    search = OpeningSearch(WEEK, timedelta(minutes=61))
    assert await first_openings(store.snapshot(), [morning_doctor("strange")], search, 1) == []
    assert store.read == []


async def test_days_off_are_passed_over_and_a_doctor_without_working_hours_is_not_read() -> None:
    friday_to_monday = span("2026-11-27T00:00Z", "2026-12-01T00:00Z")
    store = ScriptedStore(full("2026-11-27", "a"), full("2026-11-28", "b"), full("2026-11-30", "c"))
    doctors = [morning_doctor("a"), morning_doctor("b", "tue")]
    assert await found(store, doctors, 1, friday_to_monday) == ["a 30 09:00"]
    assert store.days_read() == ["a 2026-11-27", "a 2026-11-30"]


async def test_the_next_day_is_read_too_where_the_doctor_works_into_it() -> None:
    nights = doctor((("00:00", "06:00"), ("22:00", "24:00")))
    taken = appointment("2026-11-24T00:00Z", "2026-11-24T06:00Z", "night")
    store = ScriptedStore(schedule("2026-11-24", taken))
    bounds = span("2026-11-23T22:45Z", "2026-11-24T22:15Z")
    assert await found(store, [nights], 9, bounds) == ["strange 23 22:45", "strange 23 23:15"]
    assert store.days_read() == ["strange 2026-11-23", "strange 2026-11-24", "strange 2026-11-25"]


async def test_the_next_day_is_not_read_where_the_doctor_goes_home_at_midnight() -> None:
    store = ScriptedStore()
    bounds = span("2026-11-23T23:30Z", "2026-11-24T22:30Z")
    assert await found(store, [doctor((("22:00", "24:00"),))], 9, bounds) == [
        *("strange 23 23:30", "strange 24 22:00")
    ]
    assert store.days_read() == ["strange 2026-11-23", "strange 2026-11-24"]


async def offered(store: ScriptedStore, refusal: TimeUnavailable, *known: DaySchedule) -> list[str]:
    """When the openings start that come with a refusal."""
    openings = await next_openings(store.snapshot(), refusal, {day.key: day for day in known})
    assert {opening.interval.length for opening in openings} <= {refusal.asked.length}
    return [f"{opening.interval.start:%d %H:%M}" for opening in openings]


async def test_what_is_known_is_looked_at_before_anything_is_read() -> None:
    three_hours, morning = doctor((("09:00", "12:00"),)), full("2026-11-23")
    hour = TimeUnavailable(three_hours, span("2026-11-23T09:00Z", "2026-11-23T10:00Z"))
    store = ScriptedStore(morning)
    assert await offered(store, hour, morning) == ["23 10:00", "23 11:00", "24 09:00"]
    assert store.days_read() == [f"strange 2026-11-{day}" for day in (24, 25, 26, 27)]
    half_hour = TimeUnavailable(three_hours, span("2026-11-23T09:00Z", "2026-11-23T09:30Z"))
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
    store = ScriptedStore(schedule("2026-11-23", a, b))
    assert await offered(store, TimeUnavailable(doctor(), asked, moving=moving)) == starts


@pytest.mark.parametrize(("busy_days", "starts"), [(90, []), (89, ["31 09:00"])])
async def test_the_next_openings_are_looked_for_in_ninety_days(
    busy_days: int, starts: list[str]
) -> None:
    every_day = doctor(MORNING, days="mon tue wed thu fri sat sun")
    january = at("2026-01-01T00:00Z")
    days = (full(f"{january + timedelta(days=n):%Y-%m-%d}") for n in range(busy_days))
    asked = span("2026-01-01T09:00Z", "2026-01-01T10:00Z")
    assert await offered(ScriptedStore(*days), TimeUnavailable(every_day, asked)) == starts


@pytest.mark.parametrize(
    ("start", "end", "minutes", "reason"),
    [
        ("2026-11-23T00:00Z", "2026-11-24T00:00Z", 60, "fully_booked"),
        ("2026-11-23T00:00Z", "2026-11-24T00:00Z", 61, "duration_too_long"),
        ("2026-11-23T09:45Z", "2026-11-24T09:15Z", 16, "duration_too_long"),
        ("2026-11-23T09:00Z", "2026-11-23T09:00:30Z", 1, "duration_too_long"),
        ("2026-11-28T00:00Z", "2026-11-30T09:00Z", 1, "no_working_hours"),
    ],
    ids=["fits", "long-for-the-hours", "long-for-the-bounds", "half-a-minute", "days-off"],
)
async def test_the_reason_says_why_there_is_no_opening(
    start: str, end: str, minutes: int, reason: str
) -> None:
    search = OpeningSearch(span(start, end), timedelta(minutes=minutes))
    never = morning_doctor("who", days="")
    assert await why_no_opening([never, morning_doctor("strange")], search) == reason


async def test_a_better_opening_on_a_day_that_is_read_later_is_found() -> None:
    one = doctor((("09:00", "10:00"),), doctor_id="a", days="mon")
    other = doctor((("08:00", "09:00"), ("11:00", "12:00")), doctor_id="b")
    days = [f"2026-11-{number}" for number in range(23, 28)]
    taken = [appointment(f"{day}T08:00Z", f"{day}T12:00Z", day, doctor_id="b") for day in days]
    store = ScriptedStore(
        *(DaySchedule(key(d, "b"), (t,)) for d, t in zip(days, taken, strict=True))
    )
    search = OpeningSearch(span("2026-11-23T00:00Z", "2027-01-01T00:00Z"), timedelta(hours=1))
    found = await first_openings(store.snapshot(), [one, other], search, 2)
    assert [(o.doctor.id, o.interval.start) for o in found] == [
        ("a", at("2026-11-23T09:00Z")),
        ("b", at("2026-11-30T08:00Z")),
    ]


async def test_no_doctors_have_no_openings() -> None:
    search = OpeningSearch(WEEK, HALF_HOUR)
    assert await first_openings(ScriptedStore().snapshot(), [], search, 1) == []
