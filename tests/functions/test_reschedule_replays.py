"""reschedule_appointment, and create_appointment after it, with an `Idempotency-Key`."""

import asyncio
from datetime import timedelta

import pytest

from tests.builders import at
from tests.functions.api import ON_BOTH_STORES, Api, Json, calling, field_errors, problem

pytestmark = ON_BOTH_STORES

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
TUESDAY = "2050-11-22T09:00"


@pytest.fixture(autouse=True)
def ticking(api: Api) -> None:
    """A request is told from its replay by when it came, so no two come at the same instant."""
    api.clock.tick = timedelta(microseconds=1)


@pytest.mark.parametrize("spelled", [KEY, f'"{KEY}"'], ids=["bare", "quoted"])
async def test_the_same_request_again_is_answered_with_the_same_appointment(
    api: Api, spelled: str
) -> None:
    booked = await api.book("2050-11-21T09:00")
    first = await api.reschedule(booked, TUESDAY, KEY)
    assert first.status_code == 200
    assert "idempotent-replayed" not in first.headers
    api.clock.now = at("2050-11-18T13:00Z")
    again = await api.reschedule(booked, TUESDAY, spelled)
    assert again.status_code == 200
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()
    assert await api.listed() == [first.json()]


async def test_another_instance_replays_it_as_well(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    first = await api.reschedule(booked, TUESDAY, KEY, doctor_id="who")
    async with calling(api.dependencies.store, api.clock) as other:
        again = await other.reschedule(booked, TUESDAY, KEY, doctor_id="who")
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()


async def test_without_a_key_the_same_request_again_is_no_replay(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    for _ in range(2):
        response = await api.reschedule(booked, TUESDAY)
        assert response.status_code == 200
        assert "idempotent-replayed" not in response.headers


async def test_the_same_request_twice_at_once_moves_once(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    async with calling(api.dependencies.store, api.clock) as other:
        answers = await asyncio.gather(
            api.reschedule(booked, TUESDAY, KEY),
            api.reschedule(booked, TUESDAY, KEY),
            other.reschedule(booked, TUESDAY, KEY),
        )
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 2
    assert await api.listed() == [answers[0].json()]


@pytest.mark.parametrize(
    ("start", "doctor_id", "answered"),
    [
        ("2050-11-22T12:00", "strange", "2050-11-22T12:00:00-05:00"),
        ("2050-11-21T09:00", "strange", "2050-11-21T09:00:00-05:00"),
        ("2050-11-23T12:00", "who", "2050-11-23T12:00:00Z"),
    ],
    ids=["time", "back", "day and doctor"],
)
async def test_a_replay_shows_what_has_been_moved_on_as_it_is_now_and_moves_it_no_more(
    api: Api, start: str, doctor_id: str, answered: str
) -> None:
    booked = await api.book("2050-11-21T09:00")
    await api.reschedule(booked, TUESDAY, KEY)
    async with calling(api.dependencies.store, api.clock) as other:
        moved = await other.move(booked, start, doctor_id=doctor_id)
    again = await api.reschedule(booked, TUESDAY, KEY)
    assert again.status_code == 200
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == moved
    assert again.json()["start"] == answered
    assert await api.found(booked) == moved


async def test_a_replay_shows_what_has_been_cancelled_as_it_is_now(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    await api.reschedule(booked, TUESDAY, KEY)
    cancelled = (await api.cancel(booked, reason="feels better")).json()
    again = await api.reschedule(booked, TUESDAY, KEY)
    assert again.status_code == 200
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == cancelled
    assert again.json()["status"] == "cancelled"


async def test_a_replay_does_not_ask_whether_the_time_has_passed_or_is_taken_by_now(
    api: Api,
) -> None:
    booked = await api.book("2050-11-21T09:00")
    await api.reschedule(booked, "2050-11-18T09:00", KEY)
    moved = await api.move(booked, "2050-11-18T10:00")
    await api.book("2050-11-18T09:00")
    api.clock.now = at("2050-11-18T16:00Z")
    again = await api.reschedule(booked, "2050-11-18T09:00", KEY)
    assert (again.status_code, again.json()) == (200, moved)


async def test_a_key_is_remembered_for_a_day_and_more(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    await api.reschedule(booked, TUESDAY, KEY)
    api.clock.now = at("2050-11-19T12:00:01Z")
    again = await api.reschedule(booked, TUESDAY, KEY)
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_request_is_the_same_however_its_offset_is_spelled(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    first = await api.reschedule(booked, "2050-11-22T14:00Z", KEY, end="2050-11-22T15:00Z")
    again = await api.reschedule(
        booked,
        "2050-11-22T09:00:00.0-05:00",
        KEY,
        end="2050-11-22t16:00+01:00",
        duration_minutes=None,
        doctor_id=None,
    )
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()


OTHER_REQUESTS: dict[str, Json] = {
    "start": {"start": "2050-11-22T10:00"},
    "end": {"end": "2050-11-22T09:30"},
    "length": {"duration_minutes": 30},
    "doctor": {"doctor_id": "strange"},
    "with an offset": {"start": "2050-11-22T09:00-05:00"},
}


@pytest.mark.parametrize("changes", OTHER_REQUESTS.values(), ids=OTHER_REQUESTS)
async def test_the_key_of_another_request_is_refused(api: Api, changes: Json) -> None:
    booked = await api.book("2050-11-21T09:00")
    moved = await api.reschedule(booked, TUESDAY, KEY)
    response = await api.reschedule(booked, key=KEY, **{"start": TUESDAY, **changes})
    assert problem(response, 422, "idempotency_key_reused") == {
        "detail": "this idempotency key was used for another request; send a new key"
    }
    assert await api.listed() == [moved.json()]


async def test_the_key_of_another_appointment_is_refused(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    other = await api.book("2050-11-21T10:00")
    await api.reschedule(booked, TUESDAY, KEY)
    problem(await api.reschedule(other, TUESDAY, KEY), 422, "idempotency_key_reused")
    assert await api.found(other) == other


async def test_a_key_is_not_shared_between_functions(api: Api) -> None:
    booked = (await api.ask(key=KEY)).json()
    problem(await api.reschedule(booked, TUESDAY, KEY), 422, "idempotency_key_reused")
    moved = await api.reschedule(booked, TUESDAY, "k")
    problem(await api.ask(key="k"), 422, "idempotency_key_reused")
    assert await api.listed() == [moved.json()]


async def test_a_refused_request_leaves_its_key_unused(api: Api) -> None:
    await api.book(TUESDAY)
    booked = await api.book("2050-11-21T09:00")
    problem(await api.reschedule(booked, TUESDAY, KEY), 409, "slot_taken")
    unclear = await api.reschedule(booked, "2051-03-12T02:30", KEY)
    assert field_errors(unclear) == [("start", "nonexistent_local_time")]
    problem(
        await api.reschedule({"id": "strange.20501121.x"}, TUESDAY, KEY), 404, "unknown_appointment"
    )
    response = await api.reschedule(booked, "2050-11-22T10:00", KEY)
    assert response.status_code == 200
    assert "idempotent-replayed" not in response.headers


# The replay of a booking that was changed since


@pytest.mark.parametrize(
    ("start", "doctor_id"),
    [("2050-11-21T12:00", "strange"), (TUESDAY, "strange"), (TUESDAY, "who")],
    ids=["time", "day", "day and doctor"],
)
async def test_the_replay_of_a_booking_shows_it_where_it_was_moved(
    api: Api, start: str, doctor_id: str
) -> None:
    booked = (await api.ask(key=KEY)).json()
    moved = await api.move(booked, start, doctor_id=doctor_id)
    again = await api.ask(key=KEY)
    assert again.status_code == 201
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == moved
    assert len([*await api.listed("strange"), *await api.listed("who")]) == 1


async def test_the_replay_of_a_booking_shows_that_it_was_cancelled(api: Api) -> None:
    booked = (await api.ask(key=KEY)).json()
    cancelled = (await api.cancel(booked)).json()
    again = await api.ask(key=KEY)
    assert again.status_code == 201
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == cancelled
    assert await api.listed() == [cancelled]


async def test_a_booking_that_is_only_validated_again_shows_where_it_was_moved(api: Api) -> None:
    booked = (await api.ask(key=KEY)).json()
    moved = await api.move(booked, TUESDAY, doctor_id="who")
    response = await api.ask(key=KEY, validate_only=True)
    assert response.status_code == 200
    unwritten = {"id", "created_at", "updated_at"}
    assert response.json() == {k: v for k, v in moved.items() if k not in unwritten}
