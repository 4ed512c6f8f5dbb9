"""get_appointment: by its id an appointment is found, wherever it lies by now."""

import asyncio

from tests.functions.api import ON_BOTH_STORES, Api, calling

pytestmark = ON_BOTH_STORES


async def test_an_appointment_is_answered_as_it_was_booked_also_when_it_is_past(api: Api) -> None:
    patient = {"name": "Ada Lovelace", "email": "ada@example.org", "phone": "555-0199"}
    booked = (await api.ask(patient=patient, reason="a second opinion")).json()
    another = await api.book("2050-11-21T10:00")
    response = await api.get({"appointment_id": booked["id"]})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == booked
    api.clock.now = api.clock.now.replace(year=2060)
    assert await api.found(booked) == booked
    assert await api.found(another) == another


async def test_another_instance_finds_it_booked_moved_and_cancelled(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    async with calling(api.dependencies.store, api.clock) as other:
        assert await other.found(booked) == booked
        moved = await api.move(booked, "2050-11-22T10:00", doctor_id="who")
        assert await other.found(booked) == moved
        cancelled = (await api.cancel(booked, reason="feels better")).json()
        assert await other.found(booked) == cancelled


async def test_an_appointment_that_is_just_being_moved_is_found_all_the_time(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    days = ["2050-11-22T09:00", "2050-11-23T09:00", "2050-11-21T09:00"]

    async def move_on() -> None:
        for day in days:
            await api.move(booked, day)

    async def look() -> list[str]:
        return [(await api.found(booked))["start"][:10] for _ in range(8)]

    _, seen = await asyncio.gather(move_on(), look())
    assert set(seen) <= {day[:10] for day in days}
    assert (await api.found(booked))["start"] == "2050-11-21T09:00:00-05:00"
