"""What several functions refuse alike: ids and doctors that nobody knows, a store that is away."""

from datetime import timedelta

import httpx
import pytest

from tests.builders import doctor
from tests.functions.api import ON_BOTH_STORES, Api, calling, problem
from tests.functions.bad_requests import CANCEL, CREATE, FIRST, GET, GOOD_QUERIES, LIST, MOVE
from tests.functions.faults import CutOff, cut_off

pytestmark = ON_BOTH_STORES

TUESDAY = "2050-11-22T09:00"
UNKNOWN_IDS = [
    "strange.20501121.0123456789abcdef01234567",
    "strange.20991231.0123456789abcdef01234567",
    "doom.20501121.0123456789abcdef01234567",
    "strange.00010101.x",
    "strange.99991231.x",
    "a.20501121.x",
    "strange.20501399.x",
    "strange.monday.x",
    "strange.20501121.",
    ".20501121.x",
    "strange.20501121.x.y",
    "strange",
    ".",
    "..",
    "-",
    "__x__.20501121.x",
    "a" * 128,
]
"""Ids that are well-formed, and that no appointment has."""


async def about(api: Api, function: str, appointment_id: str) -> httpx.Response:
    """The answer of a function that is asked for one appointment."""
    if function == GET:
        return await api.get({"appointment_id": appointment_id})
    start = {"start": TUESDAY} if function == MOVE else {}
    return await api.post(function, {"appointment_id": appointment_id, **start})


@pytest.mark.parametrize("function", [GET, CANCEL, MOVE])
async def test_an_id_that_no_appointment_has_is_not_found(api: Api, function: str) -> None:
    booked = await api.book("2050-11-21T09:00")
    _, _, token = booked["id"].split(".")
    for unknown in (*UNKNOWN_IDS, f"who.20501121.{token}", f"strange.20501122.{token}"):
        response = await about(api, function, unknown)
        assert problem(response, 404, "unknown_appointment").keys() == {"detail"}
    assert await api.listed() == [booked]


@pytest.mark.parametrize("function", [CREATE, MOVE, LIST, FIRST])
async def test_an_unknown_doctor_is_not_found_and_known_ones_are_named(
    api: Api, function: str
) -> None:
    booked = await api.book("2050-11-21T09:00")
    for doctor_id in ("doom", "..", "a" * 128):
        if function == CREATE:
            response = await api.ask(doctor_id=doctor_id, start="2020-01-01T00:00")
        elif function == MOVE:
            response = await api.reschedule(booked, TUESDAY, doctor_id=doctor_id)
        else:
            query = GOOD_QUERIES[function].replace("strange", doctor_id)
            response = await api.client.get(f"/{function}?{query}")
        members = problem(response, 404, "unknown_doctor")
        assert members.keys() == {"detail"}
        assert all(f'"{name}"' in members["detail"] for name in (doctor_id, "strange", "who"))
    assert await api.listed() == [booked]


async def test_one_unknown_doctor_among_others_is_not_found_either(api: Api) -> None:
    problem(await api.first({"doctor_id": ["who", "doom"]}), 404, "unknown_doctor")


@pytest.mark.parametrize("function", [GET, MOVE])
async def test_a_doctor_that_this_instance_does_not_know_yet_is_looked_up(
    api: Api, function: str
) -> None:
    booked = await api.book("2050-11-21T09:00")
    await api.dependencies.store.put_doctors([doctor(doctor_id="doom")])
    async with calling(api.dependencies.store, api.clock) as other:
        moved = await other.move(booked, "2050-11-21T09:00", doctor_id="doom")
        response = await about(api, function, booked["id"])
        assert response.status_code == 200
        assert response.json()["doctor_id"] == "doom"
        assert await other.found(booked) == (moved if function == GET else response.json())


@pytest.mark.parametrize("function", [CREATE, LIST, FIRST, GET])
async def test_where_the_store_does_not_answer_the_client_may_try_again(
    api: Api, function: str
) -> None:
    async with cut_off(api) as other:
        if function == CREATE:
            response = await other.ask()
        else:
            response = await other.client.get(f"/{function}?{GOOD_QUERIES[function]}")
    detail = problem(response, 503, "try_again")["detail"]
    assert ("idempotency key" in detail) == (function == CREATE)
    assert response.headers["retry-after"] == "1"


AT_ANY_TIME = pytest.mark.parametrize("when", ["at once", "before a commit", "after a commit"])


@AT_ANY_TIME
async def test_a_cancellation_without_an_answer_can_be_sent_again(api: Api, when: CutOff) -> None:
    booked = await api.book("2050-11-21T09:00")
    async with cut_off(api, when) as other:
        problem(await other.cancel(booked, reason="one"), 503, "try_again")
    again = await api.cancel(booked, reason="two")
    assert again.status_code == 200
    assert again.json()["cancellation_reason"] == ("one" if when == "after a commit" else "two")
    assert await api.listed() == [again.json()]


@AT_ANY_TIME
async def test_a_move_without_an_answer_can_be_sent_again_with_its_key(
    api: Api, when: CutOff
) -> None:
    booked = await api.book("2050-11-21T09:00")
    api.clock.tick = timedelta(microseconds=1)
    async with cut_off(api, when) as other:
        response = await other.reschedule(booked, TUESDAY, "k", doctor_id="who")
        problem(response, 503, "try_again")
    again = await api.reschedule(booked, TUESDAY, "k", doctor_id="who")
    assert again.status_code == 200
    assert ("idempotent-replayed" in again.headers) == (when == "after a commit")
    assert await api.listed("strange") == []
    assert await api.listed("who") == [again.json()]


async def test_without_a_key_it_can_be_sent_again_as_well(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    async with cut_off(api, "after a commit") as other:
        problem(await other.reschedule(booked, TUESDAY), 503, "try_again")
    again = await api.move(booked, TUESDAY)
    assert await api.listed() == [again]
