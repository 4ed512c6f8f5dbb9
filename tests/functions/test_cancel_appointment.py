"""cancel_appointment: an appointment is given up once, and its time is free at once."""

import pytest

from tests.builders import at
from tests.functions.api import ON_BOTH_STORES, Api, Json, calling, problem, starts

pytestmark = ON_BOTH_STORES


# Granted


async def test_the_answer_is_the_appointment_with_the_time_and_the_reason(api: Api) -> None:
    booked = (await api.ask(reason="a second opinion")).json()
    api.clock.now = at("2050-11-18T13:00Z")
    response = await api.cancel(booked, reason="feels better")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "id": booked["id"],
        "doctor_id": "strange",
        "doctor_name": "Doctor Strange",
        "start": "2050-11-21T09:00:00-05:00",
        "end": "2050-11-21T09:30:00-05:00",
        "duration_minutes": 30,
        "time_zone": "America/New_York",
        "patient": {"name": "Ada Lovelace"},
        "reason": "a second opinion",
        "status": "cancelled",
        "version": 2,
        "created_at": "2050-11-18T07:00:00-05:00",
        "updated_at": "2050-11-18T08:00:00-05:00",
        "cancelled_at": "2050-11-18T08:00:00-05:00",
        "cancellation_reason": "feels better",
    }


@pytest.mark.parametrize("fields", [{}, {"reason": None}], ids=["absent", "null"])
async def test_a_reason_need_not_be_given(api: Api, fields: Json) -> None:
    response = await api.cancel(await api.book("2050-11-21T09:00"), **fields)
    assert response.status_code == 200
    assert response.json()["status"] == "cancelled"
    assert "cancellation_reason" not in response.json()


async def test_cancelling_again_answers_the_same_whenever_and_why_it_is_asked(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    first = await api.cancel(booked, reason="feels better")
    for now in ("2050-11-18T12:00Z", "2050-11-19T12:00Z", "2050-11-21T15:00Z"):
        api.clock.now = at(now)
        for fields in ({"reason": "feels better"}, {"reason": "feels worse"}, {}):
            again = await api.cancel(booked, **fields)
            assert (again.status_code, again.json()) == (200, first.json())
    assert await api.found(booked) == first.json()


async def test_its_time_is_offered_and_can_be_booked_at_once_and_others_keep_theirs(
    api: Api,
) -> None:
    booked = await api.book("2050-11-21T09:00")
    kept = await api.book("2050-11-21T09:30")
    cancelled = (await api.cancel(booked)).json()
    query = {"doctor_id": "strange", "after": "2050-11-21T09:00"}
    assert starts((await api.first(query)).json()["openings"]) == ["2050-11-21T09:00:00-05:00"]
    new = await api.book("2050-11-21T09:00")
    assert new["id"] != booked["id"]
    assert await api.listed(status="booked") == [new, kept]
    assert await api.found(booked) == cancelled


@pytest.mark.parametrize(
    ("start", "doctor_id", "cancelled_at"),
    [
        ("2050-11-21T11:00", "strange", "2050-11-18T07:00:00-05:00"),
        ("2050-11-22T11:00", "strange", "2050-11-18T07:00:00-05:00"),
        ("2050-11-21T11:00", "who", "2050-11-18T12:00:00Z"),
        ("2050-11-22T11:00", "who", "2050-11-18T12:00:00Z"),
    ],
    ids=["time", "day", "doctor", "day and doctor"],
)
async def test_what_was_moved_is_cancelled_where_it_lies(
    api: Api, start: str, doctor_id: str, cancelled_at: str
) -> None:
    booked = await api.book("2050-11-21T09:00")
    async with calling(api.dependencies.store, api.clock) as other:
        moved = await other.move(booked, start, doctor_id=doctor_id)
    response = await api.cancel(booked)
    assert response.status_code == 200
    assert response.json() == {
        **moved,
        "status": "cancelled",
        "version": moved["version"] + 1,
        "cancelled_at": cancelled_at,
    }
    assert await api.listed(doctor_id) == [response.json()]
    await api.book(start, doctor_id=doctor_id)


# Refused


async def test_it_can_be_cancelled_until_it_starts(api: Api) -> None:
    first = await api.book("2050-11-21T09:00")
    second = await api.book("2050-11-21T09:30")
    api.clock.now = at("2050-11-21T13:59:59.999999Z")
    cancelled = await api.cancel(first)
    assert cancelled.status_code == 200
    for now in ("2050-11-21T14:30Z", "2050-11-21T14:45Z", "2051-01-01T00:00Z"):
        api.clock.now = at(now)
        assert problem(await api.cancel(second), 422, "already_started").keys() == {"detail"}
    assert await api.listed() == [cancelled.json(), second]


async def test_whether_it_has_started_is_asked_where_it_lies_now(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    await api.move(booked, "2050-11-22T09:00")
    api.clock.now = at("2050-11-21T15:00Z")
    assert (await api.cancel(booked)).status_code == 200
