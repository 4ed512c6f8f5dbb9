"""cancel_appointment: an appointment is given up once, and its time is free at once."""

import asyncio
import json

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
from tests.functions.faults import CutOff, cut_off
from tests.functions.ids import BAD_IDS, UNKNOWN_IDS

pytestmark = ON_BOTH_STORES

FUNCTION = "cancel_appointment"
SOME_ID = {"appointment_id": "strange.20501121.x"}


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


async def test_a_reason_has_up_to_1000_characters(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    reason = "字" * 1000
    assert (await api.cancel(booked, reason=reason)).json()["cancellation_reason"] == reason
    assert (await api.found(booked))["cancellation_reason"] == reason


async def test_cancelling_again_answers_the_same_whenever_and_why_it_is_asked(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    first = await api.cancel(booked, reason="feels better")
    for now in ("2050-11-18T12:00Z", "2050-11-19T12:00Z", "2050-11-21T15:00Z"):
        api.clock.now = at(now)
        for fields in ({"reason": "feels better"}, {"reason": "feels worse"}, {}):
            again = await api.cancel(booked, **fields)
            assert (again.status_code, again.json()) == (200, first.json())
    assert await api.found(booked) == first.json()


async def test_two_cancellations_at_once_answer_the_same(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    async with calling(api.dependencies.store, api.clock) as other:
        answers = await asyncio.gather(
            api.cancel(booked, reason="one"), other.cancel(booked, reason="two")
        )
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json() == await api.found(booked)


async def test_its_time_can_be_booked_at_once_and_others_keep_theirs(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    kept = await api.book("2050-11-21T09:30")
    cancelled = (await api.cancel(booked)).json()
    new = await api.book("2050-11-21T09:00")
    assert new["id"] != booked["id"]
    assert sorted(a["id"] for a in await api.listed(status="booked")) == sorted(
        [new["id"], kept["id"]]
    )
    assert await api.found(booked) == cancelled


async def test_its_time_is_offered_at_once(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    query = {"doctor_id": "strange", "after": "2050-11-21T09:00"}
    assert starts((await api.first(query)).json()["openings"]) == ["2050-11-21T09:30:00-05:00"]
    await api.cancel(booked)
    assert starts((await api.first(query)).json()["openings"]) == ["2050-11-21T09:00:00-05:00"]


async def test_what_is_cancelled_is_only_listed_where_all_is_asked_for(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    cancelled = (await api.cancel(booked)).json()
    assert await api.listed(status="booked") == []
    assert await api.listed(status="all") == [cancelled]


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
    assert response.json() == {**moved, "status": "cancelled", "cancelled_at": cancelled_at}
    assert await api.listed(doctor_id) == [response.json()]
    await api.book(start, doctor_id=doctor_id)


async def test_a_cancellation_and_a_move_at_once_leave_it_cancelled_or_moved_never_booked_twice(
    api: Api,
) -> None:
    booked = await api.book("2050-11-21T09:00")
    async with calling(api.dependencies.store, api.clock) as other:
        cancelled, moved = await asyncio.gather(
            api.cancel(booked), other.reschedule(booked, "2050-11-22T09:00")
        )
    assert cancelled.status_code == 200
    assert moved.status_code == 200 or moved.json()["code"] == "already_cancelled"
    assert await api.listed() == [cancelled.json()]
    assert await api.found(booked) == cancelled.json()


# Refused


@pytest.mark.parametrize("unknown", UNKNOWN_IDS.values(), ids=UNKNOWN_IDS)
async def test_an_id_that_no_appointment_has_is_not_found(api: Api, unknown: str) -> None:
    booked = await api.book("2050-11-21T09:00")
    response = await api.post(FUNCTION, {"appointment_id": unknown})
    assert problem(response, 404, "unknown_appointment").keys() == {"detail"}
    assert await api.listed() == [booked]


async def test_an_id_is_of_its_own_doctor_and_day_only(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    _, _, token = booked["id"].split(".")
    for other in (f"who.20501121.{token}", f"strange.20501122.{token}"):
        problem(await api.post(FUNCTION, {"appointment_id": other}), 404, "unknown_appointment")
    assert await api.listed() == [booked]


@pytest.mark.parametrize("now", ["2050-11-21T14:00Z", "2050-11-21T14:15Z", "2051-01-01T00:00Z"])
async def test_what_has_started_cannot_be_cancelled(api: Api, now: str) -> None:
    booked = await api.book("2050-11-21T09:00")
    api.clock.now = at(now)
    assert problem(await api.cancel(booked), 422, "already_started") == {
        "detail": "an appointment that has started can no longer be moved or cancelled"
    }
    assert await api.listed() == [booked]


async def test_until_it_starts_it_can_be_cancelled(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    api.clock.now = at("2050-11-21T13:59:59.999999Z")
    assert (await api.cancel(booked)).status_code == 200


async def test_whether_it_has_started_is_asked_where_it_lies_now(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    await api.move(booked, "2050-11-22T09:00")
    api.clock.now = at("2050-11-21T15:00Z")
    assert (await api.cancel(booked)).status_code == 200


BAD_BODIES: dict[str, tuple[object, list[tuple[str, str]]]] = {
    **{
        name: ({"appointment_id": value}, [("appointment_id", kind)])
        for name, (value, kind) in BAD_IDS.items()
    },
    "absent": ({}, [("appointment_id", "missing")]),
    "reason number": ({**SOME_ID, "reason": 1}, [("reason", "string_type")]),
    "reason 1001": ({**SOME_ID, "reason": "a" * 1001}, [("reason", "string_too_long")]),
    "unknown": ({**SOME_ID, "doctor_id": "strange"}, [("doctor_id", "extra_forbidden")]),
    "all at once": (
        {"id": "a", "reason": []},
        [("appointment_id", "missing"), ("reason", "string_type"), ("id", "extra_forbidden")],
    ),
    "list": ([], [("body", "model_type")]),
    "text": ("strange.20501121.x", [("body", "model_type")]),
}


@pytest.mark.parametrize(("body", "errors"), BAD_BODIES.values(), ids=BAD_BODIES)
async def test_a_bad_body_is_refused(api: Api, body: object, errors: list[tuple[str, str]]) -> None:
    assert field_errors(await api.post(FUNCTION, body)) == errors


async def test_a_misspelled_field_is_answered_with_what_may_have_been_meant(api: Api) -> None:
    response = await api.post(FUNCTION, {**SOME_ID, "reasn": "ill"})
    (error,) = response.json()["errors"]
    assert error["message"] == 'is not a known name; did you mean "reason"?'


async def test_fields_belong_into_the_body(api: Api) -> None:
    response = await api.post(f"{FUNCTION}?reason=ill", SOME_ID)
    assert field_errors(response) == [("reason", "extra_forbidden")]


async def test_a_body_is_json_of_at_most_64_kib(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    content = json.dumps({"appointment_id": booked["id"]}).encode().ljust(65_536)

    async def post(content: bytes, media_type: str = "application/json") -> tuple[int, str]:
        headers = {"Content-Type": media_type}
        response = await api.client.post(f"/{FUNCTION}", content=content, headers=headers)
        return response.status_code, response.json().get("code", "")

    assert await post(b"{") == (400, "invalid_request")
    assert await post(content, "text/plain") == (415, "unsupported_media_type")
    assert await post(content + b" ") == (413, "body_too_large")
    assert (await api.found(booked))["status"] == "booked"
    assert await post(content) == (200, "")


async def test_an_appointment_is_not_cancelled_by_getting(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    response = await api.client.get(f"/{FUNCTION}?appointment_id={booked['id']}")
    problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST, OPTIONS"
    assert await api.found(booked) == booked


@pytest.mark.parametrize("when", ["at once", "before a commit", "after a commit"])
async def test_where_the_store_does_not_answer_it_can_be_sent_again(api: Api, when: CutOff) -> None:
    booked = await api.book("2050-11-21T09:00")
    async with cut_off(api, when) as other:
        response = await other.cancel(booked, reason="one")
    problem(response, 503, "try_again")
    assert response.headers["retry-after"] == "1"
    again = await api.cancel(booked, reason="two")
    assert again.status_code == 200
    made = "one" if when == "after a commit" else "two"
    assert again.json()["cancellation_reason"] == made
    assert await api.listed() == [again.json()]
