"""Appointments of a snapshot, listed by window or found by id: what is read, in which order."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from msgspec.structs import replace

from shared.access.caller import ANYBODY
from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.elsewhere import ElsewhereKey, Pointer
from shared.model.interval import Interval
from shared.queries.appointments import ListQuery, list_window
from shared.queries.look_ups import find_appointment, look_up
from shared.queries.paging import Page, Position, in_order
from shared.store.port import StoreUnavailable
from tests.builders import appointment, at, doctor, key, schedule, span
from tests.scripted_store import ScriptedStore, after, fails_before, prompt

WEEK = span("2026-11-23T00:00Z", "2026-11-30T00:00Z")


def full(day: str, doctor_id: str = "strange") -> DaySchedule:
    """A doctor-day whose morning is taken."""
    taken = appointment(f"{day}T09:00Z", f"{day}T10:00Z", f"{doctor_id}-{day}")
    return DaySchedule(key(day, doctor_id), (taken,))


def put_ended(store: ScriptedStore, *appointments: Appointment) -> None:
    for ended in appointments:
        store.put_elsewhere(ElsewhereKey(ended.doctor_id, ended.id), ended)


MONDAY = schedule(
    "2026-11-23",
    appointment("2026-11-23T09:00Z", "2026-11-23T10:00Z", "b"),
    appointment("2026-11-23T09:00Z", "2026-11-23T09:15Z", "a"),
    appointment("2026-11-23T11:00Z", "2026-11-23T12:00Z", "early"),
)
GONE = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "c", cancelled=True)
TUESDAY = schedule("2026-11-24", appointment("2026-11-24T09:00Z", "2026-11-24T10:00Z", "d"))
NINE, ELEVEN = at("2026-11-23T09:00Z"), at("2026-11-23T11:00Z")


async def listed(
    window: Interval = WEEK,
    *,
    with_cancelled: bool = False,
    size: int = 100,
    after: Position | None = None,
) -> tuple[list[str], Position | None]:
    query = ListQuery(doctor(), window, with_cancelled, size, after)
    store = ScriptedStore(TUESDAY, full("2026-11-23", "who"), MONDAY)
    put_ended(
        store,
        GONE,
        appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "x", cancelled=True, doctor_id="who"),
    )
    page = await list_window(store.snapshot(), query)
    return [a.id for a in page.entries], page.next_position


async def test_equal_starts_are_listed_by_id_and_cancelled_ones_only_if_wanted() -> None:
    assert await listed() == (["a", "b", "early", "d"], None)
    assert await listed(with_cancelled=True) == (["a", "b", "c", "early", "d"], None)


@pytest.mark.parametrize(
    ("after", "ids", "following"),
    [
        pytest.param(None, "a b", (NINE, "b"), id="first-page"),
        pytest.param((NINE, "a"), "b early", (ELEVEN, "early"), id="between-ties"),
        pytest.param((NINE, "b"), "early d", None, id="last-page"),
        pytest.param((ELEVEN, "early"), "d", None, id="next-day"),
        pytest.param((at("2026-11-24T09:00Z"), "d"), "", None, id="end"),
    ],
)
async def test_a_page_goes_on_after_a_position_and_tells_where_to_go_on(
    after: Position | None, ids: str, following: Position | None
) -> None:
    assert await listed(size=2, after=after) == (ids.split(), following)


async def test_a_later_page_still_holds_to_the_window_that_an_appointment_runs_into() -> None:
    window = span("2026-11-23T09:20Z", "2026-11-23T09:40Z")
    assert await listed(window, after=(NINE, "a")) == (["b"], None)


@pytest.mark.parametrize(
    ("after", "size", "read"),
    [
        pytest.param(None, 2, ["2026-11-23"], id="a-full-page-ends-the-reading"),
        pytest.param(None, 3, ["2026-11-23", "2026-11-24"], id="is-there-more"),
        pytest.param(at("2026-11-24T09:00Z"), 3, ["2026-11-24"], id="goes-on-at-its-day"),
        pytest.param(at("2026-11-22T09:00Z"), 9, ["2026-11-23", "2026-11-24"], id="in-the-window"),
    ],
)
async def test_listing_reads_only_the_days_that_it_needs(
    after: datetime | None, size: int, read: list[str]
) -> None:
    store = ScriptedStore(full("2026-11-22"), MONDAY, TUESDAY, full("2026-11-30"))
    position = (after, "") if after else None
    query = ListQuery(doctor(), WEEK, with_cancelled=False, size=size, after=position)
    await list_window(store.snapshot(), query)
    assert [str(day.day) for day in store.read] == read


@pytest.mark.parametrize(
    ("zone", "day", "start", "end"),
    [
        ("America/New_York", "2026-11-23", "2026-11-24T01:30Z", "2026-11-24T01:31Z"),
        ("UTC", "2026-11-24", "2026-11-23T12:00Z", "2026-11-24T00:00:00.000001Z"),
    ],
    ids=["shifted-days", "a-day-touched-for-a-moment"],
)
async def test_listing_reads_every_doctor_day_of_the_window(
    zone: str, day: str, start: str, end: str
) -> None:
    late = appointment("2026-11-24T00:00Z", "2026-11-24T02:00Z")
    query = ListQuery(doctor(zone=zone), span(start, end), with_cancelled=False, size=1)
    page = await list_window(ScriptedStore(schedule(day, late)).snapshot(), query)
    assert page.entries == [late]


# What crosses midnight stands on both days.

NIGHT = appointment("2026-11-23T23:00Z", "2026-11-24T01:00Z", "night")
MORNING_AFTER = appointment("2026-11-24T01:00Z", "2026-11-24T02:00Z", "morning")
EVENING = appointment("2026-11-23T22:00Z", "2026-11-23T23:00Z", "evening")


async def listed_around_midnight(
    start: str, end: str, size: int = 9, after: Position | None = None
) -> list[str]:
    store = ScriptedStore(
        schedule("2026-11-23", EVENING, NIGHT), schedule("2026-11-24", NIGHT, MORNING_AFTER)
    )
    window = span(f"2026-11-{start}Z", f"2026-11-{end}Z")
    query = ListQuery(doctor(), window, with_cancelled=False, size=size, after=after)
    page = await list_window(store.snapshot(), query)
    return [a.id for a in page.entries]


@pytest.mark.parametrize(
    ("start", "end", "ids"),
    [
        ("23T00:00", "25T00:00", "evening night morning"),
        ("23T23:30", "24T00:30", "night"),
        ("23T23:30", "24T00:00", "night"),
        ("24T00:00", "24T00:01", "night"),
        ("24T00:30", "25T00:00", "night morning"),
        ("24T01:00", "25T00:00", "morning"),
    ],
    ids=["both-days", "both-in-part", "the-first", "from-midnight", "the-second", "behind-it"],
)
async def test_what_crosses_midnight_is_listed_once_whichever_day_the_window_begins_on(
    start: str, end: str, ids: str
) -> None:
    assert await listed_around_midnight(start, end) == ids.split()


@pytest.mark.parametrize(
    ("after", "ids"),
    [
        pytest.param(EVENING, "night", id="a-page-begins-with-it"),
        pytest.param(NIGHT, "morning", id="a-page-ended-with-it"),
        pytest.param(MORNING_AFTER, "", id="it-is-long-past"),
    ],
)
async def test_what_crosses_midnight_is_on_one_page_only(after: Appointment, ids: str) -> None:
    found = await listed_around_midnight("23T00:00", "25T00:00", size=1, after=after.position)
    assert found == ids.split()


async def test_a_page_that_begins_on_the_second_day_leaves_out_what_an_earlier_page_listed() -> (
    None
):
    window = "24T00:30", "25T00:00"
    assert await listed_around_midnight(*window, after=NIGHT.position) == ["morning"]


# What has ended is kept beside the days.


async def pages_of_everything(store: ScriptedStore, window: Interval, size: int) -> list[list[str]]:
    query = ListQuery(doctor(), window, with_cancelled=True, size=size)
    found = []
    while True:
        page = await list_window(store.snapshot(), query)
        found.append([a.id for a in page.entries])
        if page.next_position is None:
            return found
        query = replace(query, after=page.next_position)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (9, ["a b c early d"]),
        (5, ["a b c early d"]),
        (3, ["a b c", "early d"]),
        (2, ["a b", "c early", "d"]),
        (1, ["a", "b", "c", "early", "d"]),
    ],
)
async def test_ended_and_booked_ones_come_merged_in_order_on_pages_of_any_size(
    size: int, expected: list[str]
) -> None:
    store = ScriptedStore(MONDAY, TUESDAY)
    put_ended(store, GONE)
    assert await pages_of_everything(store, WEEK, size) == [ids.split() for ids in expected]


@pytest.mark.parametrize(
    ("start", "end", "listed"),
    [
        pytest.param("2026-11-22T09:01Z", "2026-11-23T11:01Z", True, id="26-hours-long"),
        pytest.param("2026-11-22T10:00Z", "2026-11-23T11:00Z", False, id="ends-at-the-window"),
        pytest.param("2026-11-23T11:59Z", "2026-11-23T12:30Z", True, id="starts-in-it"),
        pytest.param("2026-11-23T12:00Z", "2026-11-23T12:30Z", False, id="starts-behind-it"),
    ],
)
async def test_an_ended_one_is_listed_if_it_overlaps_the_window_however_long_it_is(
    start: str, end: str, *, listed: bool
) -> None:
    store = ScriptedStore()
    put_ended(store, appointment(start, end, "gone", cancelled=True))
    window = span("2026-11-23T11:00Z", "2026-11-23T12:00Z")
    assert await pages_of_everything(store, window, 9) == [["gone"] if listed else []]


async def test_of_what_has_ended_no_more_is_read_than_a_page_needs() -> None:
    store = ScriptedStore(MONDAY)
    days = range(1, 28)
    ended = [
        appointment(f"2026-12-{d:02}T09:00Z", f"2026-12-{d:02}T10:00Z", f"{d:02}", cancelled=True)
        for d in days
    ]
    put_ended(store, *ended)
    window = span("2026-11-23T10:00Z", "2027-01-01T00:00Z")
    query = ListQuery(doctor(), window, with_cancelled=True, size=3)
    page = await list_window(store.snapshot(), query)
    assert [a.id for a in page.entries] == ["early", "01", "02"]
    # The day, the first two, the one that follows, and nothing after that.
    assert store.loads == 4


AT_HOME = appointment("2026-11-23T09:00Z", "2026-11-23T10:00Z", "strange.20261123.home")
AWAY = appointment(
    "2026-11-24T09:00Z", "2026-11-24T10:00Z", "strange.20261123.away", doctor_id="who"
)
ENDED = appointment(
    "2026-11-23T11:00Z", "2026-11-23T12:00Z", "strange.20261123.gone", cancelled=True
)
ENDED_THERE = appointment(
    "2026-11-24T11:00Z",
    "2026-11-24T12:00Z",
    "strange.20261123.gone2",
    cancelled=True,
    doctor_id="who",
)
LOST, LOST_THERE = "strange.20261123.lost", "strange.20261123.lost2"


def moving_about() -> ScriptedStore:
    """Appointments that were born on Monday; two of them are nowhere, though pointers exist."""
    store = ScriptedStore(
        schedule("2026-11-23", AT_HOME), schedule("2026-11-24", AWAY, doctor_id="who")
    )
    put_ended(store, ENDED, ENDED_THERE)
    pointers: dict[str, DayKey | ElsewhereKey] = {
        AWAY.id: key("2026-11-24", "who"),
        ENDED_THERE.id: ElsewhereKey("who", ENDED_THERE.id),
        LOST: key("2026-11-25"),
        LOST_THERE: ElsewhereKey("who", LOST_THERE),
    }
    for name, to in pointers.items():
        store.put_elsewhere(ElsewhereKey("strange", name), Pointer(to))
    return store


@pytest.mark.parametrize(
    ("appointment_id", "expected", "loads", "read"),
    [
        pytest.param(AT_HOME.id, AT_HOME, 1, ["strange 2026-11-23"], id="at-home"),
        pytest.param(ENDED.id, ENDED, 1, ["strange 2026-11-23"], id="ended"),
        pytest.param(AWAY.id, AWAY, 2, ["strange 2026-11-23", "who 2026-11-24"], id="moved"),
        pytest.param(
            ENDED_THERE.id, ENDED_THERE, 2, ["strange 2026-11-23"], id="ended-with-another-doctor"
        ),
        pytest.param("strange.20261123.x", None, 1, ["strange 2026-11-23"], id="unknown"),
        pytest.param("strange.20261230.x", None, 1, ["strange 2026-12-30"], id="no-such-day"),
        pytest.param("no id of ours", None, 0, [], id="no-id-of-ours"),
    ],
)
async def test_an_appointment_is_found_by_its_id_in_two_loads_at_most(
    appointment_id: str, expected: Appointment | None, loads: int, read: list[str]
) -> None:
    store = moving_about()
    assert await find_appointment(store.snapshot(), appointment_id, ANYBODY) == expected
    assert store.loads == loads
    assert store.days_read() == read


@pytest.mark.parametrize("lost", [LOST, LOST_THERE])
async def test_where_pointers_lead_nowhere_nobody_says_that_there_is_no_such_appointment(
    lost: str,
) -> None:
    with pytest.raises(StoreUnavailable, match=f"{lost} has left the day of its birth, and is"):
        await find_appointment(moving_about().snapshot(), lost, ANYBODY)


async def test_a_look_up_looks_again_where_a_store_showed_half_of_a_commit() -> None:
    store = moving_about()
    with pytest.raises(StoreUnavailable, match="nowhere else"):
        await look_up(store, LOST, ANYBODY)
    assert store.loads == 4
    there = appointment("2026-11-25T09:00Z", "2026-11-25T09:30Z", LOST)
    store.on_load += [prompt, prompt, after(lambda: store.put(schedule("2026-11-25", there)))]
    assert await look_up(store, LOST, ANYBODY) == there


# Several doctors


def of_each(*names: str, with_cancelled: bool = False) -> list[ListQuery]:
    return [ListQuery(doctor(doctor_id=name), WEEK, with_cancelled, 100) for name in names]


async def test_the_appointments_of_several_doctors_are_in_one_order() -> None:
    theirs = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "aa", doctor_id="who")
    store = ScriptedStore(TUESDAY, schedule("2026-11-23", theirs, doctor_id="who"), MONDAY)
    page = await list_window(store.snapshot(), *of_each("who", "strange"))
    assert [a.id for a in page.entries] == ["a", "aa", "b", "early", "d"]


async def test_nobody_has_no_appointments() -> None:
    assert await list_window(ScriptedStore().snapshot()) == Page([], None)


async def test_the_beginnings_of_all_lists_are_read_together_once_the_first_one_is() -> None:
    reading: list[str] = []
    all_began = asyncio.Event()

    async def list_of(name: str) -> AsyncIterator[Appointment]:
        reading.append(name)
        if len(reading) == 3:
            all_began.set()
        if name != "a":
            await all_began.wait()
        yield appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", name)

    async with asyncio.timeout(5):
        merged = [a.id async for a in in_order(*map(list_of, "acb"))]
    assert merged == ["a", "b", "c"]
    assert reading == ["a", "c", "b"]


async def test_a_list_that_cannot_be_read_is_an_error_whatever_the_others_are() -> None:
    steps = [prompt, fails_before]
    store = ScriptedStore(full("2026-11-23", "who"), MONDAY)
    store.on_load.extend(steps)
    with pytest.raises(StoreUnavailable):
        await list_window(store.snapshot(), *of_each("who", "strange"))
