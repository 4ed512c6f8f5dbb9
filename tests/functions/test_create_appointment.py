"""create_appointment: what is booked, what is refused, and in which order that is looked at."""

import re

import pytest

from tests.builders import at
from tests.functions.api import ON_BOTH_STORES, Api, Json, problem, starts

pytestmark = ON_BOTH_STORES


def opening(start: str, end: str, minutes: int = 30) -> Json:
    return {
        "doctor_id": "strange",
        "doctor_name": "Doctor Strange",
        "start": start,
        "end": end,
        "duration_minutes": minutes,
        "time_zone": "America/New_York",
    }


# Accepted


async def test_a_booking_is_answered_with_the_whole_appointment_and_listed_like_that(
    api: Api,
) -> None:
    response = await api.ask(
        patient={"name": " Ada Lovelace ", "email": "ada@example.org", "phone": "+44 20 7946 0"},
        reason="a second opinion",
    )
    assert response.status_code == 201
    assert response.headers["content-type"] == "application/json"
    assert re.fullmatch(r"strange\.20501121\.[0-9a-f]{24}", response.json()["id"])
    assert response.json() == {
        "id": response.json()["id"],
        **opening("2050-11-21T09:00:00-05:00", "2050-11-21T09:30:00-05:00"),
        "patient": {"name": "Ada Lovelace", "email": "ada@example.org", "phone": "+44 20 7946 0"},
        "reason": "a second opinion",
        "status": "booked",
        "version": 1,
        "created_at": "2050-11-18T07:00:00-05:00",
        "updated_at": "2050-11-18T07:00:00-05:00",
    }
    assert await api.listed() == [response.json()]


async def test_what_the_request_did_not_say_is_left_out_of_the_answer(api: Api) -> None:
    body = (await api.ask()).json()
    assert body["patient"] == {"name": "Ada Lovelace"}
    assert not {"reason", "cancelled_at", "cancellation_reason"} & body.keys()


@pytest.mark.parametrize(
    ("changes", "end", "minutes"),
    [
        ({"duration_minutes": None, "end": "2050-11-21T15:15Z"}, "10:15", 75),
        ({"duration_minutes": 30.0, "end": None}, "09:30", 30),
    ],
    ids=["end", "fraction of zero"],
)
async def test_the_same_may_be_said_in_several_ways(
    api: Api, changes: Json, end: str, minutes: int
) -> None:
    response = await api.ask(**changes)
    assert response.status_code == 201
    assert response.json()["end"] == f"2050-11-21T{end}:00-05:00"
    assert response.json()["duration_minutes"] == minutes


@pytest.mark.parametrize("now", ["12:00:00", "12:00:42.5", "12:00:59.999999"])
async def test_an_appointment_may_start_in_the_running_minute_and_fill_the_day_to_its_end(
    api: Api, now: str
) -> None:
    api.clock.now = at(f"2050-11-18T{now}Z")
    response = await api.ask(doctor_id="who", start="2050-11-18T12:00Z", duration_minutes=4 * 60)
    assert response.status_code == 201
    assert response.json()["end"] == "2050-11-18T16:00:00Z"


# Refused


async def test_a_taken_time_is_answered_with_conflicts_and_the_next_three_openings(
    api: Api,
) -> None:
    await api.book("2050-11-21T09:00")
    members = problem(await api.ask(), 409, "slot_taken")
    detail = members.pop("detail")
    assert "Doctor Strange" in detail
    assert "2050-11-21T09:00:00-05:00 to 2050-11-21T09:30:00-05:00" in detail
    assert detail.endswith(" 2050-11-21T09:30:00-05:00")  # The first opening.
    assert members == {
        "conflicts": [{"start": "2050-11-21T09:00:00-05:00", "end": "2050-11-21T09:30:00-05:00"}],
        "openings": [
            opening("2050-11-21T09:30:00-05:00", "2050-11-21T10:00:00-05:00"),
            opening("2050-11-21T10:00:00-05:00", "2050-11-21T10:30:00-05:00"),
            opening("2050-11-21T10:30:00-05:00", "2050-11-21T11:00:00-05:00"),
        ],
    }


async def test_a_conflict_tells_nothing_of_the_other_patient(api: Api) -> None:
    other = {"name": "Grace Hopper", "email": "grace@example.org", "phone": "555-0199"}
    taken = (await api.ask(patient=other, reason="a broken relay")).json()
    booked = await api.book("2050-11-22T09:00")
    for response in (await api.ask(), await api.reschedule(booked, "2050-11-21T09:00")):
        problem(response, 409, "slot_taken")
        for secret in (*other.values(), "a broken relay", taken["id"]):
            assert secret not in response.text


@pytest.mark.parametrize(
    ("start", "minutes"),
    [
        ("2050-11-21T08:59", 30),
        ("2050-11-21T16:31", 30),
        ("2050-11-21T17:00", 30),
        ("2050-11-21T03:00", 30),
        ("2050-11-21T09:00", 1440),
    ],
    ids=["begins before", "ends after", "begins at the end", "in the night", "all day"],
)
async def test_any_part_outside_working_hours_is_refused_with_the_hours_of_that_day(
    api: Api, start: str, minutes: int
) -> None:
    response = await api.ask(start=start, duration_minutes=minutes)
    members = problem(response, 422, "outside_working_hours")
    assert members.keys() == {"detail", "working_hours", "openings"}
    assert members["working_hours"] == [
        {"start": "2050-11-21T09:00:00-05:00", "end": "2050-11-21T17:00:00-05:00"}
    ]


async def test_on_a_day_off_there_are_no_working_hours_but_openings_after_it(api: Api) -> None:
    members = problem(await api.ask(start="2050-11-19T10:00"), 422, "outside_working_hours")
    assert "2050-11-19T10:00:00-05:00 to 2050-11-19T10:30:00-05:00" in members["detail"]
    assert members["detail"].endswith(" 2050-11-21T09:00:00-05:00")
    assert members["working_hours"] == []
    assert starts(members["openings"]) == [
        "2050-11-21T09:00:00-05:00",
        "2050-11-21T09:30:00-05:00",
        "2050-11-21T10:00:00-05:00",
    ]


async def test_a_length_that_never_fits_is_refused_without_openings(api: Api) -> None:
    members = problem(await api.ask(duration_minutes=481), 422, "outside_working_hours")
    assert members["openings"] == []
    assert "no opening" in members["detail"]


async def test_a_start_before_now_is_in_the_past_whatever_the_working_hours_are(api: Api) -> None:
    problem(await api.ask(start="2050-11-18T03:00"), 422, "in_the_past")
    api.clock.now = at("2050-11-21T14:01Z")
    assert problem(await api.ask(), 422, "in_the_past") == {
        "detail": "start must not be before now, 2050-11-21T09:01:00-05:00"
    }
