"""create_appointment with `validate_only`: the same decision, and nothing written."""

import pytest

from tests.functions.api import Api, Json, problem


async def test_what_could_be_booked_is_answered_as_it_would_be(api: Api) -> None:
    response = await api.ask(validate_only=True, reason="a second opinion")
    assert response.status_code == 200
    assert response.json() == {
        "doctor_id": "strange",
        "doctor_name": "Doctor Strange",
        "start": "2050-11-21T09:00:00-05:00",
        "end": "2050-11-21T09:30:00-05:00",
        "duration_minutes": 30,
        "time_zone": "America/New_York",
        "patient": {"name": "Ada Lovelace"},
        "reason": "a second opinion",
        "status": "booked",
    }


async def test_nothing_is_written(api: Api) -> None:
    await api.ask(validate_only=True, key="k")
    assert await api.listed() == []
    response = await api.ask(key="k", start="2050-11-21T12:00")
    assert response.status_code == 201
    assert "idempotent-replayed" not in response.headers


@pytest.mark.parametrize("absent", [False, None], ids=["false", "null"])
async def test_without_it_the_appointment_is_booked(api: Api, absent: object) -> None:
    assert (await api.ask(validate_only=absent)).status_code == 201


REFUSED: list[tuple[Json, int]] = [
    ({"start": "2050-11-21T09:15"}, 409),
    ({"start": "2050-11-21T16:45"}, 422),
    ({"start": "2050-11-17T09:00"}, 422),
    ({"doctor_id": "doom"}, 404),
    ({"duration_minutes": 0}, 400),
]


@pytest.mark.parametrize(
    ("changes", "status"), REFUSED, ids=["taken", "hours", "past", "doctor", "request"]
)
async def test_it_is_refused_just_as_the_booking_is(api: Api, changes: Json, status: int) -> None:
    await api.book("2050-11-21T09:00")
    real = await api.ask(**changes)
    validated = await api.ask(**changes, validate_only=True)
    assert validated.status_code == real.status_code == status
    assert validated.json() == real.json()


async def test_a_key_of_another_request_is_refused_here_too(api: Api) -> None:
    await api.ask(key="k")
    response = await api.ask(key="k", start="2050-11-21T12:00", validate_only=True)
    problem(response, 422, "idempotency_key_reused")


async def test_a_key_that_booked_this_very_request_is_granted_without_its_id(api: Api) -> None:
    booked = (await api.ask(key="k")).json()
    response = await api.ask(key="k", validate_only=True)
    assert response.status_code == 200
    unwritten = {"id", "created_at", "updated_at"}
    assert response.json() == {k: v for k, v in booked.items() if k not in unwritten}
