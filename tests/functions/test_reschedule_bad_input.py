"""reschedule_appointment: requests that make no sense, whatever the appointment."""

import asyncio
import json

import pytest

from tests.functions.api import ON_BOTH_STORES, Api, field_errors, problem
from tests.functions.ids import BAD_IDS

pytestmark = ON_BOTH_STORES

FUNCTION = "reschedule_appointment"
GOOD = {"appointment_id": "strange.20501121.x", "start": "2050-11-22T09:00"}
SKIPPED = "2051-03-12T02:30"
REPEATED = "2051-11-05T01:30"


BAD_BODIES: dict[str, tuple[object, list[tuple[str, str]]]] = {
    **{
        f"id {name}": ({**GOOD, "appointment_id": value}, [("appointment_id", kind)])
        for name, (value, kind) in BAD_IDS.items()
    },
    "nothing": ({}, [("appointment_id", "missing"), ("start", "missing")]),
    "no start": ({"appointment_id": "a"}, [("start", "missing")]),
    "start null": ({**GOOD, "start": None}, [("start", "time")]),
    "start day": ({**GOOD, "start": "2050-11-22"}, [("start", "time")]),
    "start seconds": ({**GOOD, "start": "2050-11-22T09:00:01"}, [("start", "whole_minutes")]),
    "start year 1": ({**GOOD, "start": "0001-01-01T00:00"}, [("start", "time_out_of_range")]),
    "end number": ({**GOOD, "end": 30}, [("end", "time")]),
    "end seconds": ({**GOOD, "end": "2050-11-22T09:30:30"}, [("end", "whole_minutes")]),
    "length 0": ({**GOOD, "duration_minutes": 0}, [("duration_minutes", "greater_than_equal")]),
    "length 1441": ({**GOOD, "duration_minutes": 1441}, [("duration_minutes", "less_than_equal")]),
    "length text": ({**GOOD, "duration_minutes": "30"}, [("duration_minutes", "int_type")]),
    "length 30.5": ({**GOOD, "duration_minutes": 30.5}, [("duration_minutes", "int_type")]),
    "both lengths": (
        {**GOOD, "duration_minutes": 30, "end": "2050-11-22T09:30"},
        [("end", "too_many")],
    ),
    "doctor number": ({**GOOD, "doctor_id": 1}, [("doctor_id", "string_type")]),
    "doctor slash": ({**GOOD, "doctor_id": "a/b"}, [("doctor_id", "string_pattern_mismatch")]),
    "a field of create": ({**GOOD, "reason": "ill"}, [("reason", "extra_forbidden")]),
    "all at once": (
        {"start": "soon", "duration_minutes": 0, "doctorId": "who"},
        [
            ("appointment_id", "missing"),
            ("start", "time"),
            ("duration_minutes", "greater_than_equal"),
            ("doctorId", "extra_forbidden"),
        ],
    ),
    "list": ([], [("body", "model_type")]),
    "text": ("strange.20501121.x", [("body", "model_type")]),
}


@pytest.mark.parametrize(("body", "errors"), BAD_BODIES.values(), ids=BAD_BODIES)
async def test_a_bad_body_is_refused(api: Api, body: object, errors: list[tuple[str, str]]) -> None:
    assert field_errors(await api.post(FUNCTION, body)) == errors


async def test_a_misspelled_field_is_answered_with_what_may_have_been_meant(api: Api) -> None:
    response = await api.post(FUNCTION, {**GOOD, "duration": 30})
    (error,) = response.json()["errors"]
    assert error["message"] == 'is not a known name; did you mean "duration_minutes"?'


async def test_fields_belong_into_the_body(api: Api) -> None:
    response = await api.post(f"{FUNCTION}?doctor_id=who", GOOD)
    assert field_errors(response) == [("doctor_id", "extra_forbidden")]


NOT_AFTER: dict[str, tuple[str, str]] = {
    "the same": ("2050-11-22T09:00", "2050-11-22T09:00"),
    "earlier": ("2050-11-22T09:00", "2050-11-22T08:30"),
    "the same, start with an offset": ("2050-11-22T14:00Z", "2050-11-22T09:00"),
    "the same, end with an offset": ("2050-11-22T09:00", "2050-11-22T14:00Z"),
    "earlier, end with an offset": ("2050-11-22T09:00", "2050-11-22T10:30+02:00"),
    "the same in two offsets": ("2050-11-22T14:00Z", "2050-11-22T09:00-05:00"),
}


@pytest.mark.parametrize(("start", "end"), NOT_AFTER.values(), ids=NOT_AFTER)
async def test_an_end_is_after_its_start(api: Api, start: str, end: str) -> None:
    booked = await api.book("2050-11-21T09:00")
    response = await api.reschedule(booked, start, end=end)
    assert field_errors(response) == [("end", "not_after_start")]
    assert await api.listed() == [booked]


@pytest.mark.parametrize(
    ("time", "kind", "words"),
    [
        (SKIPPED, "nonexistent_local_time", "is skipped"),
        (REPEATED, "ambiguous_local_time", "happens twice"),
    ],
    ids=["skipped", "repeated"],
)
async def test_a_time_that_the_clock_of_its_doctor_skips_or_repeats_is_refused(
    api: Api, time: str, kind: str, words: str
) -> None:
    booked = await api.book("2050-11-21T14:00", doctor_id="who")
    problem(await api.reschedule(booked, time), 422, "outside_working_hours")
    booked = await api.move(booked, "2050-11-21T09:00", doctor_id="strange")
    response = await api.reschedule(booked, time)
    assert field_errors(response) == [("start", kind)]
    assert response.json()["errors"][0]["message"].startswith(
        f"{words} when the clocks of America/New_York change; send an offset, as in {time}"
    )
    response = await api.reschedule(booked, f"{time[:10]}T00:30", end=time)
    assert field_errors(response) == [("end", kind)]
    problem(await api.reschedule(booked, f"{time}-05:00"), 422, "outside_working_hours")
    problem(await api.reschedule(booked, time, doctor_id="who"), 422, "outside_working_hours")
    assert await api.found(booked) == booked


async def test_a_time_on_the_clock_of_a_named_doctor_is_refused_there_too(api: Api) -> None:
    booked = await api.book("2050-11-21T14:00", doctor_id="who")
    response = await api.reschedule(booked, SKIPPED, doctor_id="strange")
    assert field_errors(response) == [("start", "nonexistent_local_time")]


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


@pytest.mark.parametrize("key", ["", "a b", "k" * 256], ids=["empty", "space", "256"])
async def test_a_key_that_is_none_is_refused(api: Api, key: str) -> None:
    booked = await api.book("2050-11-21T09:00")
    response = await api.reschedule(booked, "2050-11-22T09:00", key)
    assert field_errors(response) == [("Idempotency-Key", "idempotency_key")]
    assert await api.listed() == [booked]


async def test_a_body_is_json_of_at_most_64_kib(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    body = {"appointment_id": booked["id"], "start": "2050-11-22T09:00"}
    content = json.dumps(body).encode().ljust(65_536)

    async def post(content: bytes, media_type: str = "application/json") -> tuple[int, str]:
        headers = {"Content-Type": media_type}
        response = await api.client.post(f"/{FUNCTION}", content=content, headers=headers)
        return response.status_code, response.json().get("code", "")

    assert await post(b"{") == (400, "invalid_request")
    assert await post(content, "text/plain") == (415, "unsupported_media_type")
    assert await post(content + b" ") == (413, "body_too_large")
    assert await api.listed() == [booked]
    assert await post(content) == (200, "")


async def test_an_appointment_is_not_moved_by_getting(api: Api) -> None:
    response = await api.client.get(f"/{FUNCTION}")
    problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST, OPTIONS"
