"""validate_appointment: what a booking would come to, without making it."""

import pytest

from tests.functions.api import MONDAY_AT_NINE, ON_BOTH_STORES, Api, Json

pytestmark = ON_BOTH_STORES


async def test_what_could_be_booked_is_answered_as_it_would_be_and_nothing_is_written(
    api: Api,
) -> None:
    wished = {**MONDAY_AT_NINE, "patient": {"name": " Ada "}, "reason": "a second opinion"}
    for key in (None, "a-key", "no key"):  # A header that it does not list is ignored.
        response = await api.validate(wished, key)
        assert response.status_code == 200
        assert "idempotent-replayed" not in response.headers
        assert response.json() == {
            "doctor_id": "strange",
            "doctor_name": "Doctor Strange",
            "start": "2050-11-21T09:00:00-05:00",
            "end": "2050-11-21T09:30:00-05:00",
            "duration_minutes": 30,
            "time_zone": "America/New_York",
            "patient": {"name": "Ada"},
            "reason": "a second opinion",
            "status": "booked",
        }
    assert await api.listed() == []
    assert (await api.ask("a-key", start="2050-11-21T12:00")).status_code == 201


REFUSED: dict[str, tuple[Json, int]] = {
    "taken": ({"start": "2050-11-21T09:15"}, 409),
    "hours": ({"start": "2050-11-21T16:45"}, 422),
    "past": ({"start": "2050-11-17T09:00"}, 422),
    "doctor": ({"doctor_id": "doom"}, 404),
    "request": ({"duration_minutes": 0}, 400),
    "skipped": ({"start": "2051-03-12T02:30"}, 400),
}


@pytest.mark.parametrize(("changes", "status"), REFUSED.values(), ids=REFUSED)
async def test_what_could_not_be_booked_is_refused_just_as_the_booking_is(
    api: Api, changes: Json, status: int
) -> None:
    await api.book("2050-11-21T09:00")
    real = await api.ask(**changes)
    validated = await api.validate({**MONDAY_AT_NINE, **changes})
    assert validated.status_code == real.status_code == status
    assert {**validated.json(), "instance": ""} == {**real.json(), "instance": ""}
