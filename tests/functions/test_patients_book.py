"""What patients may book: never two things at once, and only so much."""

from datetime import timedelta

from tests.builders import at
from tests.functions.api import MONDAY_AT_NINE, ON_BOTH_STORES, Api, Json, problem
from tests.functions.callers import ADA, BOB, CLERK

NINE_OF_WHO: Json = {"doctor_id": "who", "start": "2050-11-21T14:15Z", "duration_minutes": 30}


@ON_BOTH_STORES
async def test_nobody_can_be_with_two_doctors_at_once(api: Api) -> None:
    hers = await api.by(ADA).book("2050-11-21T09:00")
    refused = await api.by(ADA).ask(**NINE_OF_WHO)
    members = problem(refused, 409, "patient_busy")
    assert members == {
        "detail": "the patient has another appointment between "
        "2050-11-21T14:15:00Z and 2050-11-21T14:45:00Z; choose another time",
        "conflicts": [
            {
                "start": "2050-11-21T14:15:00Z",
                "end": "2050-11-21T14:30:00Z",
                "appointment_id": hers["id"],
            }
        ],
    }
    assert (await api.by(BOB).ask(**NINE_OF_WHO)).status_code == 201


@ON_BOTH_STORES
async def test_a_move_may_not_lead_to_two_places_at_once_either(api: Api) -> None:
    await api.by(ADA).book("2050-11-21T09:00")
    other = await api.by(ADA).book("2050-11-21T15:00Z", doctor_id="who")
    refused = await api.by(ADA).reschedule(other, "2050-11-21T14:15Z")
    assert len(problem(refused, 409, "patient_busy")["conflicts"]) == 1
    moved = await api.by(ADA).reschedule(other, "2050-11-21T14:30Z")
    assert moved.status_code == 200


async def test_what_is_cancelled_is_in_the_way_no_more(api: Api) -> None:
    await api.by(ADA).cancel(await api.by(ADA).book("2050-11-21T09:00"))
    assert (await api.by(ADA).ask(**NINE_OF_WHO)).status_code == 201


async def test_staff_are_told_that_the_patient_is_busy_but_not_with_what(api: Api) -> None:
    await api.by(ADA).book("2050-11-21T09:00")
    of_ada = {**MONDAY_AT_NINE, **NINE_OF_WHO, "patient": {"name": "Ada", "id": "ada"}}
    (conflict,) = problem(await api.by(CLERK).create(of_ada), 409, "patient_busy")["conflicts"]
    assert conflict.keys() == {"start", "end"}


async def test_a_conflict_names_one_s_own_appointment_and_nobody_else_s(api: Api) -> None:
    hers = await api.by(ADA).book("2050-11-21T09:00")
    await api.by(BOB).book("2050-11-21T09:30")
    asked: Json = {"start": "2050-11-21T09:00", "duration_minutes": 60}
    own, other = problem(await api.by(ADA).ask(**asked), 409, "slot_taken")["conflicts"]
    assert own["appointment_id"] == hers["id"]
    assert other == {"start": "2050-11-21T09:30:00-05:00", "end": "2050-11-21T10:00:00-05:00"}
    stranger = await api.ask(**asked)
    (merged,) = problem(stranger, 409, "slot_taken")["conflicts"]
    assert merged == {"start": "2050-11-21T09:00:00-05:00", "end": "2050-11-21T10:00:00-05:00"}
    # A request's id is random and in hexadecimal, which can spell "ada".
    said = str({**stranger.json(), "request_id": ""})
    for told in ("Ada", "ada", "bob", hers["id"]):
        assert told not in said


async def test_a_patient_has_twenty_appointments_ahead_at_most(api: Api) -> None:
    for hour in range(8, 13):
        for day in ("22", "23", "24", "25"):
            await api.by(ADA).book(f"2050-11-{day}T{hour:02}:00Z", doctor_id="who")
    refused = await api.by(ADA).ask(start="2050-11-28T09:00")
    assert problem(refused, 429, "too_many_requests").keys() == {"detail"}
    # The first of them ends on Tuesday at 08:30, which is more than a day away.
    assert refused.headers["retry-after"] == "86400"
    api.clock.now = at("2050-11-21T12:00Z")
    refused = await api.by(ADA).ask(start="2050-11-28T09:00")
    assert int(refused.headers["retry-after"]) == 20 * 3600 + 30 * 60
    of_ada: Json = {"start": "2050-11-28T09:00", "patient": {"name": "Ada", "id": "ada"}}
    assert (await api.by(CLERK).ask(**of_ada)).status_code == 201
    assert (await api.by(BOB).ask(start="2050-11-28T10:00")).status_code == 201


async def test_a_patient_changes_sixty_times_a_day_at_most(api: Api) -> None:
    ada = api.by(ADA)
    for _ in range(30):
        await ada.cancel(await ada.book("2050-11-21T09:00"))
    for refused in (await ada.ask(), await ada.validate(MONDAY_AT_NINE)):
        problem(refused, 429, "too_many_requests")
        assert refused.headers["retry-after"] == "86400"
    api.clock.now += timedelta(days=1, seconds=1)
    assert (await ada.ask()).status_code == 201
