"""mark_appointment: what happened at the clinic, and the time that it frees."""

import asyncio

import pytest

from tests.builders import at
from tests.functions.api import ON_BOTH_STORES, Api, Json, calling, field_errors, problem
from tests.functions.callers import ADA, CLERK, STEPHEN
from tests.functions.faults import CutOff, cut_off

NINE = "2050-11-21T09:00"
"""With Doctor Strange, in New York: 14:00Z to 14:30Z."""


async def marked(api: Api, appointment: Json, status: str, now: str) -> Json:
    """An appointment, marked at an instant at which it can be."""
    api.clock.now = at(now)
    response = await api.mark(appointment, status)
    assert response.status_code == 200, response.text
    found: Json = response.json()
    return found


# In this order only


@ON_BOTH_STORES
async def test_a_patient_arrives_and_is_seen(api: Api) -> None:
    booked = await api.book(NINE)
    arrived = await marked(api, booked, "arrived", "2050-11-21T13:50Z")
    expected = {**booked, "status": "arrived", "version": 2}
    assert arrived == {**expected, "updated_at": "2050-11-21T08:50:00-05:00"}
    assert await api.found(booked) == arrived
    assert await api.listed(status="booked") == [arrived]
    fulfilled = await marked(api, booked, "fulfilled", "2050-11-21T14:30Z")
    expected = {**booked, "status": "fulfilled", "version": 3}
    assert fulfilled == {**expected, "updated_at": "2050-11-21T09:30:00-05:00"}
    assert await api.listed(status="all") == [fulfilled]


STATES = {
    "booked": (),
    "arrived": ("arrived",),
    "fulfilled": ("fulfilled",),
    "seen": ("arrived", "fulfilled"),
    "no_show": ("no_show",),
}
ALLOWED = {
    "booked": {"arrived", "fulfilled", "no_show"},
    "arrived": {"arrived", "fulfilled"},
    "fulfilled": {"fulfilled"},
    "seen": {"fulfilled"},
    "no_show": {"no_show"},
}


@pytest.mark.parametrize("status", ["arrived", "fulfilled", "no_show"])
@pytest.mark.parametrize("state", STATES)
async def test_every_other_order_is_refused(api: Api, state: str, status: str) -> None:
    booked = await api.book(NINE)
    api.clock.now = at("2050-11-21T14:10Z")
    before = booked
    for each in STATES[state]:
        before = (await api.mark(booked, each)).json()
    api.clock.now = at("2050-11-21T14:20Z")
    response = await api.mark(booked, status)
    if status in ALLOWED[state]:
        assert (response.status_code, response.json()["status"]) == (200, status)
    else:
        members = problem(response, 422, "wrong_status")
        assert members.keys() == {"detail", "appointment_status"}
        assert members["appointment_status"] == before["status"]
        assert await api.found(booked) == before
    if before["status"] == status:  # The same again answers the same.
        assert response.json() == before


async def test_what_is_cancelled_is_not_marked_any_more(api: Api) -> None:
    booked = await api.book(NINE)
    cancelled = (await api.cancel(booked)).json()
    api.clock.now = at("2050-11-21T14:10Z")
    for status in ("arrived", "fulfilled", "no_show"):
        members = problem(await api.mark(booked, status), 422, "wrong_status")
        assert members["appointment_status"] == "cancelled"
    assert await api.found(booked) == cancelled


@pytest.mark.parametrize(
    ("state", "words"),
    [("arrived", "`fulfilled`"), ("fulfilled", "`fulfilled`"), ("no_show", "`no_show`")],
)
async def test_what_was_marked_is_neither_moved_nor_cancelled(
    api: Api, state: str, words: str
) -> None:
    booked = await api.book(NINE)
    before = await marked(api, booked, state, "2050-11-21T14:00Z")
    for response in (await api.cancel(booked), await api.reschedule(booked, "2050-11-22T09:00")):
        members = problem(response, 422, "wrong_status")
        assert members["appointment_status"] == state
        assert words in members["detail"]
    assert await api.found(booked) == before


# Not before it can have happened


@pytest.mark.parametrize(
    ("status", "early", "due"),
    [
        # The day begins at midnight on the doctor's clock, which is five in UTC.
        ("arrived", "2050-11-21T04:59:59.999999Z", "2050-11-21T05:00Z"),
        ("fulfilled", "2050-11-21T04:59:59.999999Z", "2050-11-21T05:00Z"),
        ("no_show", "2050-11-21T13:59:59.999999Z", "2050-11-21T14:00Z"),
    ],
)
async def test_a_mark_is_not_made_before_it_can_be_true(
    api: Api, status: str, early: str, due: str
) -> None:
    booked = await api.book(NINE)
    for now in ("2050-11-18T12:00Z", early):
        api.clock.now = at(now)
        members = problem(await api.mark(booked, status), 422, "too_early")
        assert f"`{status}`" in members["detail"]
    assert await api.found(booked) == booked
    await marked(api, booked, status, due)


async def test_it_can_be_marked_long_afterwards(api: Api) -> None:
    booked = await api.book(NINE)
    late = await marked(api, booked, "no_show", "2055-11-21T14:00Z")
    assert late["status"] == "no_show"
    assert "freed_from" not in late


# The rest of the time


@ON_BOTH_STORES
@pytest.mark.parametrize(
    ("status", "now", "freed"),
    [
        ("fulfilled", "2050-11-21T14:10:00.1Z", "09:11"),
        ("fulfilled", "2050-11-21T14:10Z", "09:10"),
        ("fulfilled", "2050-11-21T13:00Z", "09:00"),
        ("no_show", "2050-11-21T14:15:59Z", "09:16"),
        ("no_show", "2050-11-21T14:00Z", "09:00"),
        ("fulfilled", "2050-11-21T14:28:30Z", "09:29"),
    ],
)
async def test_the_rest_of_the_time_is_free_from_the_next_whole_minute_on(
    api: Api, status: str, now: str, freed: str
) -> None:
    booked = await api.book(NINE)
    done = await marked(api, booked, status, now)
    assert done["freed_from"] == f"2050-11-21T{freed}:00-05:00"
    assert done["end"] == booked["end"]
    assert await api.found(booked) == done
    api.clock.now = at("2050-11-18T12:00Z")
    if freed != "09:00":
        held = await api.ask(start="2050-11-21T09:00", duration_minutes=1)
        assert problem(held, 409, "slot_taken")["openings"][0]["start"] == done["freed_from"]
    again = await api.ask(start=done["freed_from"], end="2050-11-21T09:30", duration_minutes=None)
    assert again.status_code == 201


@pytest.mark.parametrize("now", ["2050-11-21T14:29:01Z", "2050-11-21T14:30Z", "2050-11-22T14:00Z"])
async def test_where_no_whole_minute_is_left_nothing_is_freed(api: Api, now: str) -> None:
    booked = await api.book(NINE)
    assert "freed_from" not in await marked(api, booked, "fulfilled", now)


async def test_who_has_arrived_keeps_all_of_the_time(api: Api) -> None:
    booked = await api.book(NINE)
    assert "freed_from" not in await marked(api, booked, "arrived", "2050-11-21T14:10Z")
    problem(await api.ask(start="2050-11-21T09:20", duration_minutes=10), 409, "slot_taken")


async def test_a_patient_who_was_seen_early_can_book_the_freed_time_elsewhere(api: Api) -> None:
    hers = await api.by(ADA).book(NINE, 60)
    api.clock.now = at("2050-11-21T14:10Z")
    who = {"doctor_id": "who", "start": "2050-11-21T14:30Z"}
    problem(await api.by(ADA).ask(**who), 409, "patient_busy")
    assert (await api.by(STEPHEN).mark(hers, "fulfilled")).status_code == 200
    assert (await api.by(ADA).ask(**who)).status_code == 201
    assert (await api.by(ADA).found(hers))["status"] == "fulfilled"


# Whatever happens


@ON_BOTH_STORES
@pytest.mark.parametrize("when", ["at once", "before a commit", "after a commit"])
@pytest.mark.parametrize("headers", [{}, {"If-Match": '"1"'}], ids=["any version", "the first"])
async def test_a_mark_without_an_answer_can_be_sent_again(
    api: Api, when: CutOff, headers: dict[str, str]
) -> None:
    booked = await api.book(NINE)
    api.clock.now = at("2050-11-21T14:10Z")
    body = {"appointment_id": booked["id"], "status": "arrived"}
    async with cut_off(api, when) as other:
        problem(await other.post("mark_appointment", body, headers=headers), 503, "try_again")
    again = await api.mark(booked, "arrived")
    assert (again.status_code, again.json()["version"]) == (200, 2)
    assert await api.listed() == [again.json()]


@ON_BOTH_STORES
async def test_of_two_marks_at_once_the_one_that_comes_first_stands(api: Api) -> None:
    booked = await api.book(NINE)
    api.clock.now = at("2050-11-21T14:10Z")
    async with calling(api.dependencies.store, api.clock) as other:
        answers = await asyncio.gather(api.mark(booked, "no_show"), other.mark(booked, "arrived"))
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200, 422]
    (granted,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert await api.found(booked) == granted
    assert granted["version"] == 2


async def test_a_mark_is_one_of_three(api: Api) -> None:
    booked = await api.book(NINE)
    assert field_errors(await api.mark(booked, "booked")) == [("status", "literal_error")]
    assert (await api.by(CLERK).found(booked)) == booked
