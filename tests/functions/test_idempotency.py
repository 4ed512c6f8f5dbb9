"""Bookings and moves with an `Idempotency-Key`: sent twice, done once."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from tests.builders import at
from tests.functions.api import ON_BOTH_STORES, Api, Json, calling, field_errors, problem
from tests.functions.bad_requests import CREATE, GOOD_BODIES, MOVE, SKIPPED

pytestmark = ON_BOTH_STORES

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
TUESDAY = "2050-11-22T09:00"
FUNCTIONS = pytest.mark.parametrize("function", [CREATE, MOVE])
STATUS = {CREATE: 201, MOVE: 200}


@pytest.fixture(autouse=True)
def ticking(api: Api) -> None:
    """A request is told from its replay by when it came, so no two come at the same instant."""
    api.clock.tick = timedelta(microseconds=1)


@pytest.fixture
async def booked(api: Api) -> Json:
    """An appointment that may be moved."""
    return await api.book("2050-11-21T14:00")


async def send(
    api: Api, function: str, booked: Json, key: str | None = KEY, **changes: object
) -> httpx.Response:
    """Ask for Monday at nine, or for the appointment to be moved to Tuesday at nine."""
    if function == CREATE:
        return await api.ask(key, **changes)
    body = {"appointment_id": booked["id"], "start": TUESDAY, **changes}
    return await api.post(MOVE, body, key)


def replayed(response: httpx.Response, function: str) -> Json:
    """The appointment of an answer that was given before."""
    assert response.status_code == STATUS[function], response.text
    assert response.headers["idempotent-replayed"] == "true"
    appointment: Json = response.json()
    return appointment


@FUNCTIONS
async def test_the_same_request_again_is_answered_with_the_same_appointment(
    api: Api, booked: Json, function: str
) -> None:
    first = await send(api, function, booked)
    assert first.status_code == STATUS[function]
    assert "idempotent-replayed" not in first.headers
    listed = await api.listed()
    assert replayed(await send(api, function, booked), function) == first.json()
    api.clock.now = at("2050-11-19T12:00:01Z")
    assert replayed(await send(api, function, booked, f'"{KEY}"'), function) == first.json()
    async with calling(api.dependencies.store, api.clock) as other:
        assert replayed(await send(other, function, booked), function) == first.json()
    assert await api.listed() == listed


async def test_without_a_key_the_same_move_again_is_no_replay(api: Api, booked: Json) -> None:
    for _ in range(2):
        response = await api.reschedule(booked, TUESDAY)
        assert response.status_code == 200
        assert "idempotent-replayed" not in response.headers


async def test_a_move_to_where_it_is_changes_nothing_and_leaves_its_key(
    api: Api, booked: Json
) -> None:
    api.clock.now += timedelta(minutes=1)
    same = await api.reschedule(booked, booked["start"], KEY)
    assert (same.status_code, same.json()) == (200, booked)
    moved = await api.move(booked, TUESDAY)
    assert moved["version"] == 2
    assert replayed(await api.reschedule(booked, booked["start"], KEY), MOVE) == moved


async def test_a_booking_is_the_same_however_it_is_spelled(api: Api) -> None:
    first = await api.ask(KEY)
    again: Json = {
        "patient": {"name": "  Ada Lovelace", "email": None},
        "doctor_id": "strange",
        "end": "2050-11-21T15:30+01:00",
        "start": "2050-11-21T14:00:00.000Z",
        "reason": None,
    }
    assert replayed(await api.create(again, KEY), CREATE) == first.json()


async def test_a_move_is_the_same_however_its_offset_is_spelled(api: Api, booked: Json) -> None:
    first = await api.reschedule(booked, "2050-11-22T14:00Z", KEY, end="2050-11-22T15:00Z")
    nothing = {"duration_minutes": None, "doctor_id": None}
    end = {"end": "2050-11-22t16:00+01:00"}
    again = await api.reschedule(booked, "2050-11-22T09:00:00.0-05:00", KEY, **end, **nothing)
    assert replayed(again, MOVE) == first.json()


@FUNCTIONS
async def test_the_same_request_several_times_at_once_is_done_once(
    api: Api, booked: Json, function: str
) -> None:
    async with calling(api.dependencies.store, api.clock) as other:
        answers = await asyncio.gather(
            *(send(instance, function, booked) for instance in (api, api, other))
        )
    assert [answer.status_code for answer in answers] == [STATUS[function]] * 3
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 2
    kept = [booked] if function == CREATE else []
    assert sorted(a["id"] for a in await api.listed()) == sorted(
        a["id"] for a in [answers[0].json(), *kept]
    )


async def test_two_bookings_at_once_with_one_key_cannot_both_be_granted(api: Api) -> None:
    answers = await asyncio.gather(api.ask(KEY), api.ask(KEY, start=TUESDAY))
    assert sorted(answer.status_code for answer in answers) == [201, 422]
    assert len(await api.listed()) == 1


@FUNCTIONS
async def test_a_replay_does_not_ask_whether_the_time_has_passed_or_is_taken_by_now(
    api: Api, booked: Json, function: str
) -> None:
    first = await send(api, function, booked, start="2050-11-18T09:00")
    moved = await api.move(first.json(), "2050-11-18T10:00")
    await api.book("2050-11-18T09:00")
    api.clock.now = at("2050-11-18T16:00Z")
    again = await send(api, function, booked, start="2050-11-18T09:00")
    assert replayed(again, function) == moved


@FUNCTIONS
@pytest.mark.parametrize(
    ("doctor_id", "start"),
    [("strange", "2050-11-22T12:00"), ("strange", "2050-11-21T14:00"), ("who", TUESDAY)],
    ids=["time", "back", "doctor"],
)
async def test_a_replay_shows_the_appointment_where_it_lies_by_now(
    api: Api, booked: Json, function: str, doctor_id: str, start: str
) -> None:
    first = await send(api, function, booked)
    if function == CREATE:
        await api.cancel(booked)
    async with calling(api.dependencies.store, api.clock) as other:
        moved = await other.move(first.json(), start, doctor_id=doctor_id)
    assert replayed(await send(api, function, booked), function) == moved
    found = [*await api.listed("strange", "booked"), *await api.listed("who", "booked")]
    assert found == [moved]


@FUNCTIONS
async def test_a_replay_shows_that_the_appointment_was_cancelled(
    api: Api, booked: Json, function: str
) -> None:
    first = (await send(api, function, booked)).json()
    cancelled = (await api.cancel(first, reason="feels better")).json()
    assert cancelled["status"] == "cancelled"
    assert replayed(await send(api, function, booked), function) == cancelled


OTHER_REQUESTS: list[tuple[str, Json]] = [
    (CREATE, {"start": "2050-11-21T12:00"}),
    (CREATE, {"duration_minutes": 15}),
    (CREATE, {"doctor_id": "who", "start": "2050-11-21T14:00Z"}),
    (CREATE, {"patient": {"name": "Grace Hopper"}}),
    (CREATE, {"patient": {"name": "Ada Lovelace", "email": "ada@example.org"}}),
    (CREATE, {"patient": {"name": "Ada Lovelace", "phone": "555-0199"}}),
    (CREATE, {"reason": "a second opinion"}),
    (MOVE, {"start": "2050-11-22T10:00"}),
    (MOVE, {"end": "2050-11-22T09:30"}),
    (MOVE, {"duration_minutes": 30}),
    (MOVE, {"doctor_id": "strange"}),
    (MOVE, {"start": "2050-11-22T09:00-05:00"}),
]


@pytest.mark.parametrize(("function", "changes"), OTHER_REQUESTS)
async def test_the_key_of_another_request_is_refused(
    api: Api, booked: Json, function: str, changes: Json
) -> None:
    await send(api, function, booked)
    listed = await api.listed()
    response = await send(api, function, booked, **changes)
    assert problem(response, 422, "idempotency_key_reused").keys() == {"detail"}
    assert await api.listed() == listed


async def test_a_key_is_not_shared_between_appointments_or_functions(
    api: Api, booked: Json
) -> None:
    other = (await api.ask(KEY)).json()
    problem(await api.reschedule(booked, TUESDAY, KEY), 422, "idempotency_key_reused")
    moved = (await api.reschedule(booked, TUESDAY, "k")).json()
    problem(await api.reschedule(other, TUESDAY, "k"), 422, "idempotency_key_reused")
    problem(await api.ask("k"), 422, "idempotency_key_reused")
    assert await api.listed() == [other, moved]


@FUNCTIONS
async def test_a_refused_request_leaves_its_key_unused(
    api: Api, booked: Json, function: str
) -> None:
    taken = await api.book(TUESDAY)
    problem(await send(api, function, booked, start=TUESDAY), 409, "slot_taken")
    unclear = await send(api, function, booked, start=SKIPPED)
    assert field_errors(unclear) == [("start", "nonexistent_local_time")]
    unknown = await api.reschedule({"id": "strange.20501121.x"}, TUESDAY, KEY)
    problem(unknown, 404, "unknown_appointment")
    response = await send(api, function, booked, start="2050-11-22T10:00")
    assert response.status_code == STATUS[function]
    assert "idempotent-replayed" not in response.headers
    assert response.json()["id"] != taken["id"]


# Keys


@pytest.mark.parametrize("key", ["!", "~" * 255, '"' + "a" * 255 + '"'], ids=["1", "255", "quoted"])
async def test_a_key_has_up_to_255_visible_characters(api: Api, key: str) -> None:
    assert (await api.ask(key)).status_code == 201


@FUNCTIONS
async def test_any_other_key_is_refused(api: Api, function: str) -> None:
    await api.put_some_appointment()
    listed = await api.listed()
    no_keys = (b"", b'""', b"a b", b'"a b"', b"\xe9", b"a\x7f", b"a\tb", b"k" * 256)
    for keys in (*([key] for key in no_keys), [b'"' + b"k" * 256 + b'"'], [b"one", b"two"]):
        headers = [(b"Idempotency-Key", key) for key in keys]
        response = await api.client.post(
            f"/{function}", json=GOOD_BODIES[function], headers=headers
        )
        assert field_errors(response) == [("Idempotency-Key", "idempotency_key")]
    assert await api.listed() == listed
