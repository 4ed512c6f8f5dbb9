"""get_appointment: by its id an appointment is found, wherever it lies by now."""

import asyncio

import pytest

from tests.builders import doctor
from tests.functions.api import ON_BOTH_STORES, Api, calling, field_errors, problem
from tests.functions.faults import cut_off
from tests.functions.ids import UNKNOWN_IDS

pytestmark = ON_BOTH_STORES


async def test_an_appointment_is_answered_as_it_was_booked(api: Api) -> None:
    patient = {"name": "Ada Lovelace", "email": "ada@example.org", "phone": "555-0199"}
    booked = (await api.ask(patient=patient, reason="a second opinion")).json()
    response = await api.get({"appointment_id": booked["id"]})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == booked


async def test_a_past_appointment_is_found_as_well(api: Api) -> None:
    booked = await api.book("2050-11-18T09:00")
    api.clock.now = api.clock.now.replace(year=2060)
    assert await api.found(booked) == booked


async def test_one_appointment_is_not_taken_for_another_of_the_same_day(api: Api) -> None:
    first = await api.book("2050-11-21T09:00")
    second = await api.book("2050-11-21T10:00")
    assert await api.found(first) == first
    assert await api.found(second) == second


async def test_a_cancelled_appointment_is_found(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    cancelled = (await api.cancel(booked, reason="feels better")).json()
    found = await api.found(booked)
    assert found == cancelled
    assert found["status"] == "cancelled"


async def test_an_appointment_that_moved_is_found_on_the_clock_of_its_doctor(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    await api.move(booked, "2050-11-22T10:00", doctor_id="who")
    found = await api.found(booked)
    assert (found["start"], found["end"]) == ("2050-11-22T10:00:00Z", "2050-11-22T10:30:00Z")
    assert (found["doctor_id"], found["doctor_name"]) == ("who", "Doctor Who")
    assert found["time_zone"] == "UTC"
    assert found["created_at"] == "2050-11-18T12:00:00Z"


async def test_another_instance_finds_what_this_one_booked_and_moved(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    async with calling(api.dependencies.store, api.clock) as other:
        assert await other.found(booked) == booked
        moved = await api.move(booked, "2050-11-22T09:00")
        assert await other.found(booked) == moved


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


# Refused


@pytest.mark.parametrize("unknown", UNKNOWN_IDS.values(), ids=UNKNOWN_IDS)
async def test_an_id_that_no_appointment_has_is_not_found(api: Api, unknown: str) -> None:
    await api.book("2050-11-21T09:00")
    assert problem(await api.get({"appointment_id": unknown}), 404, "unknown_appointment") == {
        "detail": (
            "no appointment has this id; send the `id` of an appointment exactly as you received it"
        )
    }


async def test_an_id_is_of_its_own_doctor_and_day_only(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    await api.book("2050-11-22T09:00")
    await api.book("2050-11-21T09:00", doctor_id="who")
    _, _, token = booked["id"].split(".")
    for other in (f"who.20501121.{token}", f"strange.20501122.{token}"):
        problem(await api.get({"appointment_id": other}), 404, "unknown_appointment")


@pytest.mark.parametrize(
    ("query", "field", "kind"),
    [
        ("", "appointment_id", "missing"),
        ("appointment_id=", "appointment_id", "string_pattern_mismatch"),
        ("appointment_id=a/b", "appointment_id", "string_pattern_mismatch"),
        ("appointment_id=strange.20501121.x%0a", "appointment_id", "string_pattern_mismatch"),
        ("appointment_id=strange.20501121.x%00", "appointment_id", "string_pattern_mismatch"),
        ("appointment_id=%ff", "appointment_id", "string_pattern_mismatch"),
        (f"appointment_id={'a' * 129}", "appointment_id", "string_pattern_mismatch"),
        ("appointment_id=a&appointment_id=a", "appointment_id", "repeated"),
        ("appointment_id=a&doctor_id=strange", "doctor_id", "extra_forbidden"),
    ],
    ids=["none", "empty", "slash", "line end", "NUL", "no UTF-8", "129", "twice", "unknown"],
)
async def test_a_bad_query_is_refused(api: Api, query: str, field: str, kind: str) -> None:
    assert field_errors(await api.get(query)) == [(field, kind)]


async def test_a_misspelled_parameter_is_answered_with_what_may_have_been_meant(api: Api) -> None:
    response = await api.get("appointment_id=a&appointmentId=a")
    (error,) = response.json()["errors"]
    assert error["message"] == 'is not a known name; did you mean "appointment_id"?'


async def test_an_appointment_is_not_looked_up_by_posting(api: Api) -> None:
    response = await api.post("get_appointment", {"appointment_id": "a"})
    problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET, OPTIONS"


async def test_where_the_store_does_not_answer_the_client_may_try_again(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    async with cut_off(api) as other:
        response = await other.get({"appointment_id": booked["id"]})
    problem(response, 503, "try_again")
    assert response.headers["retry-after"] == "1"


async def test_with_a_doctor_that_this_instance_does_not_know_yet_it_has_to_be_asked_again(
    api: Api,
) -> None:
    booked = await api.book("2050-11-21T09:00")
    await api.dependencies.store.put_doctors([doctor(doctor_id="doom")])
    async with calling(api.dependencies.store, api.clock) as other:
        await other.move(booked, "2050-11-21T09:00", doctor_id="doom")
        assert (await other.found(booked))["doctor_id"] == "doom"
    response = await api.get({"appointment_id": booked["id"]})
    problem(response, 503, "try_again")
    assert response.headers["retry-after"] == "1"
