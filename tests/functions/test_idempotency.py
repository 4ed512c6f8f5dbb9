"""create_appointment with an `Idempotency-Key`: sent twice, booked once."""

import asyncio

import pytest

from tests.builders import at
from tests.functions.api import MONDAY_AT_NINE, Api, Json, field_errors, problem

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


async def test_the_first_answer_is_no_replay(api: Api) -> None:
    response = await api.ask(key=KEY)
    assert response.status_code == 201
    assert "idempotent-replayed" not in response.headers


@pytest.mark.parametrize("spelled", [KEY, f'"{KEY}"'], ids=["bare", "quoted"])
async def test_the_same_request_again_is_answered_with_the_same_appointment(
    api: Api, spelled: str
) -> None:
    first = await api.ask(key=KEY)
    again = await api.ask(key=spelled)
    assert again.status_code == 201
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()
    assert await api.listed() == [first.json()]


async def test_a_request_is_the_same_however_it_is_spelled(api: Api) -> None:
    first = await api.ask(key=KEY)
    again = await api.create(
        {
            "patient": {"name": "  Ada Lovelace", "email": None},
            "doctor_id": "strange",
            "end": "2050-11-21T15:30+01:00",
            "start": "2050-11-21T14:00:00.000Z",
            "reason": None,
        },
        key=KEY,
    )
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()


async def test_the_same_request_twice_at_once_books_once(api: Api) -> None:
    answers = await asyncio.gather(api.ask(key=KEY), api.ask(key=KEY))
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 1
    assert await api.listed() == [answers[0].json()]


async def test_two_requests_at_once_with_one_key_cannot_both_be_granted(api: Api) -> None:
    answers = await asyncio.gather(api.ask(key=KEY), api.ask(key=KEY, start="2050-11-22T09:00"))
    assert sorted(answer.status_code for answer in answers) == [201, 422]
    assert len(await api.listed()) == 1


async def test_a_replay_does_not_ask_whether_the_time_has_passed_by_now(api: Api) -> None:
    first = await api.ask(key=KEY, start="2050-11-18T09:00")
    api.clock.now = at("2050-11-18T15:00Z")
    again = await api.ask(key=KEY, start="2050-11-18T09:00")
    assert (again.status_code, again.json()) == (201, first.json())


async def test_a_key_is_remembered_for_a_day_and_more(api: Api) -> None:
    await api.ask(key=KEY)
    api.clock.now = at("2050-11-19T12:00:01Z")
    assert (await api.ask(key=KEY)).headers["idempotent-replayed"] == "true"


OTHER_REQUESTS: dict[str, Json] = {
    "start": {"start": "2050-11-21T12:00"},
    "length": {"duration_minutes": 15},
    "doctor": {"doctor_id": "who", "start": "2050-11-21T14:00Z"},
    "name": {"patient": {"name": "Grace Hopper"}},
    "email": {"patient": {"name": "Ada Lovelace", "email": "ada@example.org"}},
    "phone": {"patient": {"name": "Ada Lovelace", "phone": "555-0199"}},
    "reason": {"reason": "a second opinion"},
}


@pytest.mark.parametrize("changes", OTHER_REQUESTS.values(), ids=OTHER_REQUESTS)
async def test_the_key_of_another_request_is_refused(api: Api, changes: Json) -> None:
    first = await api.ask(key=KEY)
    members = problem(await api.ask(key=KEY, **changes), 422, "idempotency_key_reused")
    assert members == {
        "detail": "this idempotency key was used for another request; send a new key"
    }
    assert await api.listed() == [first.json()]


async def test_a_refused_request_leaves_its_key_unused(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    problem(await api.ask(key=KEY), 409, "slot_taken")
    response = await api.ask(key=KEY, start="2050-11-21T12:00")
    assert response.status_code == 201
    assert response.json()["id"] != booked["id"]


@pytest.mark.parametrize(
    "key", ["!", "~" * 255, '"' + "a" * 255 + '"'], ids=["one", "255", "255 quoted"]
)
async def test_a_key_has_up_to_255_visible_characters(api: Api, key: str) -> None:
    assert (await api.ask(key=key)).status_code == 201


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b'""',
        b"a b",
        b'"a b"',
        b"\xe9",
        b"a\x7f",
        b"a\tb",
        b"k" * 256,
        b'"' + b"k" * 256 + b'"',
    ],
    ids=["empty", "empty quoted", "space", "space quoted", "é", "del", "tab", "256", "256 quoted"],
)
async def test_any_other_key_is_refused(api: Api, key: bytes) -> None:
    response = await api.client.post(
        "/create_appointment", json=MONDAY_AT_NINE, headers={b"Idempotency-Key": key}
    )
    assert field_errors(response) == [("Idempotency-Key", "idempotency_key")]
    assert await api.listed() == []


async def test_two_keys_are_refused(api: Api) -> None:
    headers = [("Idempotency-Key", "one"), ("Idempotency-Key", "two")]
    response = await api.client.post("/create_appointment", json=MONDAY_AT_NINE, headers=headers)
    assert field_errors(response) == [("Idempotency-Key", "idempotency_key")]
