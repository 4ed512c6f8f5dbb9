"""reschedule_appointment: the same appointment, at another time, on another day, with another."""

import asyncio

import pytest

from tests.builders import at
from tests.functions.api import (
    ON_BOTH_STORES,
    Api,
    Json,
    calling,
    field_errors,
    problem,
    starts,
)
from tests.functions.bad_requests import ENDS_OF_STRANGE, REPEATED, SKIPPED

pytestmark = ON_BOTH_STORES

OUTSIDE = "outside_working_hours"


async def everything(api: Api) -> list[Json]:
    """All that stands in any doctor's days."""
    return [*await api.listed("strange"), *await api.listed("who")]


async def test_the_answer_is_the_same_appointment_at_its_new_time(api: Api) -> None:
    booked = (await api.ask(reason="a second opinion")).json()
    api.clock.now = at("2050-11-18T13:00Z")
    response = await api.reschedule(booked, "2050-11-21T11:00")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert "idempotent-replayed" not in response.headers
    assert response.json() == {
        "id": booked["id"],
        "doctor_id": "strange",
        "doctor_name": "Doctor Strange",
        "start": "2050-11-21T11:00:00-05:00",
        "end": "2050-11-21T11:30:00-05:00",
        "duration_minutes": 30,
        "time_zone": "America/New_York",
        "patient": {"name": "Ada Lovelace"},
        "reason": "a second opinion",
        "status": "booked",
        "version": 2,
        "created_at": "2050-11-18T07:00:00-05:00",
        "updated_at": "2050-11-18T08:00:00-05:00",
    }


async def test_with_another_doctor_all_times_are_on_the_clock_of_that_doctor(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    moved = await api.move(booked, "2050-11-22T09:00", doctor_id="who")
    assert moved == {
        "id": booked["id"],
        "doctor_id": "who",
        "doctor_name": "Doctor Who",
        "start": "2050-11-22T09:00:00Z",
        "end": "2050-11-22T09:30:00Z",
        "duration_minutes": 30,
        "time_zone": "UTC",
        "patient": {"name": "Ada Lovelace"},
        "status": "booked",
        "version": 2,
        "created_at": "2050-11-18T12:00:00Z",
        "updated_at": "2050-11-18T12:00:00Z",
    }


LENGTHS: dict[str, tuple[Json, str, int]] = {
    "neither": ({}, "11:45", 45),
    "null": ({"duration_minutes": None, "end": None}, "11:45", 45),
    "shorter": ({"duration_minutes": 1}, "11:01", 1),
    "longer": ({"duration_minutes": 120}, "13:00", 120),
    "with a fraction of zero": ({"duration_minutes": 60.0}, "12:00", 60),
    "end": ({"end": "2050-11-21T12:30"}, "12:30", 90),
    "end with an offset": ({"end": "2050-11-21T17:15Z"}, "12:15", 75),
}


@pytest.mark.parametrize(("fields", "end", "minutes"), LENGTHS.values(), ids=LENGTHS)
async def test_the_length_stays_unless_another_is_given(
    api: Api, fields: Json, end: str, minutes: int
) -> None:
    booked = await api.book("2050-11-21T09:00", 45)
    moved = await api.move(booked, "2050-11-21T11:00", **fields)
    assert (moved["end"][11:16], moved["duration_minutes"]) == (end, minutes)
    assert await api.found(booked) == moved


@pytest.mark.parametrize("fields", [{}, {"doctor_id": None}], ids=["absent", "null"])
async def test_without_a_doctor_it_stays_with_the_one_it_has_by_now(api: Api, fields: Json) -> None:
    booked = await api.book("2050-11-21T09:00")
    async with calling(api.dependencies.store, api.clock) as other:
        await other.move(booked, "2050-11-22T14:00", doctor_id="who")
    moved = await api.move(booked, "2050-11-21T15:00", **fields)
    assert (moved["doctor_id"], moved["start"]) == ("who", "2050-11-21T15:00:00Z")
    assert await everything(api) == [moved]


@pytest.mark.parametrize(
    ("fields", "start"),
    [
        ({}, "2050-11-22T10:00:00-05:00"),
        ({"doctor_id": "strange"}, "2050-11-22T10:00:00-05:00"),
        ({"doctor_id": "who"}, "2050-11-22T10:00:00Z"),
    ],
    ids=["none", "the same", "another"],
)
async def test_a_wall_clock_time_is_on_the_clock_of_the_doctor_it_will_be_with(
    api: Api, fields: Json, start: str
) -> None:
    booked = await api.book("2050-11-21T09:00")
    assert (await api.move(booked, "2050-11-22T10:00", **fields))["start"] == start


async def test_a_time_with_an_offset_is_that_instant(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    moved = await api.move(booked, "2050-11-22T00:30+09:00")
    assert moved["start"] == "2050-11-21T10:30:00-05:00"
    moved = await api.move(booked, "2050-11-21T10:30-05:00", doctor_id="who")
    assert moved["start"] == "2050-11-21T15:30:00Z"


# Refused


async def test_openings_have_the_new_length_and_are_with_the_new_doctor(api: Api) -> None:
    taken = await api.book("2050-11-22T15:00", doctor_id="who")
    booked = await api.book("2050-11-21T09:00")
    response = await api.reschedule(
        booked, "2050-11-22T14:30", doctor_id="who", duration_minutes=45
    )
    members = problem(response, 409, "slot_taken")
    assert members.keys() == {"detail", "conflicts", "openings"}
    assert members["conflicts"] == [
        {"start": "2050-11-22T15:00:00Z", "end": "2050-11-22T15:15:00Z"}
    ]
    openings = members["openings"]
    assert {(o["doctor_id"], o["duration_minutes"]) for o in openings} == {("who", 45)}
    assert starts(openings) == [
        "2050-11-23T08:00:00Z",
        "2050-11-23T08:45:00Z",
        "2050-11-23T09:30:00Z",
    ]
    assert await everything(api) == [booked, taken]


async def test_its_own_old_time_is_free_in_conflicts_and_in_openings(api: Api) -> None:
    await api.book("2050-11-21T09:00")
    booked = await api.book("2050-11-21T09:30", 60)
    outside = problem(await api.reschedule(booked, "2050-11-21T08:45"), 422, OUTSIDE)
    taken = problem(await api.reschedule(booked, "2050-11-21T09:15"), 409, "slot_taken")
    assert taken["conflicts"] == [
        {"start": "2050-11-21T09:15:00-05:00", "end": "2050-11-21T09:30:00-05:00"}
    ]
    assert starts(outside["openings"]) == starts(taken["openings"])
    assert starts(taken["openings"]) == [
        "2050-11-21T09:30:00-05:00",
        "2050-11-21T10:30:00-05:00",
        "2050-11-21T11:30:00-05:00",
    ]


async def test_a_length_that_stays_may_lie_outside_the_hours_of_another_doctor(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00", 480)
    response = await api.reschedule(booked, "2050-11-22T09:00", doctor_id="who")
    members = problem(response, 422, OUTSIDE)
    assert members.keys() == {"detail", "working_hours", "openings"}
    assert members["working_hours"] == [
        {"start": "2050-11-22T08:00:00Z", "end": "2050-11-22T16:00:00Z"}
    ]
    assert starts(members["openings"])[0] == "2050-11-23T08:00:00Z"
    assert await everything(api) == [booked]
    assert (await api.move(booked, "2050-11-22T08:00", doctor_id="who"))["duration_minutes"] == 480


async def test_a_new_start_before_the_running_minute_is_in_the_past(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    api.clock.now = at("2050-11-18T14:01Z")
    response = await api.reschedule(booked, "2050-11-18T09:00")
    assert problem(response, 422, "in_the_past").keys() == {"detail"}
    assert await api.listed() == [booked]


async def test_it_can_be_moved_to_the_running_minute(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    api.clock.now = at("2050-11-18T14:00:59.999999Z")
    moved = await api.move(booked, "2050-11-18T09:00")
    assert moved["start"] == "2050-11-18T09:00:00-05:00"


async def test_it_can_be_moved_until_it_starts(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    api.clock.now = at("2050-11-21T13:59:59.999999Z")
    booked = await api.move(booked, "2050-11-21T09:00")
    for now in ("2050-11-21T14:00Z", "2050-11-21T14:15Z", "2050-11-21T20:00Z"):
        api.clock.now = at(now)
        response = await api.reschedule(booked, "2050-11-22T09:00")
        assert problem(response, 422, "already_started").keys() == {"detail"}
    assert await api.listed() == [booked]


@pytest.mark.parametrize("now", ["2050-11-18T12:00Z", "2050-11-21T20:00Z"], ids=["now", "later"])
async def test_what_is_cancelled_cannot_be_moved(api: Api, now: str) -> None:
    booked = await api.book("2050-11-21T09:00")
    cancelled = (await api.cancel(booked)).json()
    api.clock.now = at(now)
    response = await api.reschedule(booked, "2050-11-22T09:00")
    assert problem(response, 422, "already_cancelled").keys() == {"detail"}
    assert await api.listed() == [cancelled]


# Times that are none on the clock of the doctor whom it will be with


@pytest.mark.parametrize(("start", "end"), ENDS_OF_STRANGE)
async def test_an_end_is_after_its_start(api: Api, start: str, end: str) -> None:
    booked = await api.book("2050-11-21T09:00")
    response = await api.reschedule(booked, start, end=end)
    assert field_errors(response) == [("end", "not_after_start")]
    assert await api.listed() == [booked]


@pytest.mark.parametrize(
    ("time", "kind"),
    [(SKIPPED, "nonexistent_local_time"), (REPEATED, "ambiguous_local_time")],
    ids=["skipped", "repeated"],
)
async def test_a_time_that_the_clock_of_its_doctor_skips_or_repeats_is_refused(
    api: Api, time: str, kind: str
) -> None:
    booked = await api.book("2050-11-21T14:00", doctor_id="who")
    named = await api.reschedule(booked, time, doctor_id="strange")
    assert field_errors(named) == [("start", kind)]
    problem(await api.reschedule(booked, time), 422, OUTSIDE)
    booked = await api.move(booked, "2050-11-21T09:00", doctor_id="strange")
    response = await api.reschedule(booked, time)
    assert field_errors(response) == [("start", kind)]
    assert f"in {time}" in response.text
    assert "America/New_York" in response.text
    response = await api.reschedule(booked, f"{time[:10]}T00:30", end=time)
    assert field_errors(response) == [("end", kind)]
    problem(await api.reschedule(booked, f"{time}-05:00"), 422, OUTSIDE)
    problem(await api.reschedule(booked, time, doctor_id="who"), 422, OUTSIDE)
    assert await api.found(booked) == booked


async def test_a_time_that_is_none_for_one_appointment_spoils_no_move_of_others_at_once(
    api: Api,
) -> None:
    one, two, three = [await api.book(f"2050-11-21T{hour}:00") for hour in ("09", "10", "11")]
    answers = await asyncio.gather(
        api.reschedule(one, "2050-11-21T14:00"),
        api.reschedule(two, SKIPPED),
        api.reschedule(three, "2050-11-21T15:00"),
    )
    assert [answer.status_code for answer in answers] == [200, 400, 200]
    assert await api.listed() == [two, answers[0].json(), answers[2].json()]
