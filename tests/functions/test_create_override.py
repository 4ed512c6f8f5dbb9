"""create_override: time off and extra hours, whom they affect, and what they change at once."""

import re
from datetime import timedelta

import pytest
from msgspec.structs import replace

from shared.access.caller import Caller
from shared.model.appointment import Appointment
from shared.model.doctor import Doctor
from tests.builders import appointment, at, doctor, schedule
from tests.functions.api import ON_BOTH_STORES, Api, Json, calling, problem, starts
from tests.functions.callers import ADA, CLERK, OTHER_DOCTOR, STEPHEN
from tests.functions.faults import cut_off, failing

pytestmark = ON_BOTH_STORES

MONDAY: Json = {
    "doctor_id": "strange",
    "kind": "time_off",
    "start": "2050-11-21",
    "end": "2050-11-21",
}
MAKE = "create_override"


async def make(api: Api, key: str | None = None, **changes: object) -> Json:
    """Make an override that can be made."""
    response = await api.post(MAKE, {**MONDAY, **changes}, key)
    assert response.status_code == 201, response.text
    made: Json = response.json()
    return made


async def first_start(api: Api) -> str:
    first: str = (await api.first("doctor_id=strange")).json()["openings"][0]["start"]
    return first


# The answer


async def test_an_override_is_answered_whole(api: Api) -> None:
    made = await make(api, note=" a conference\r\n in Berlin ")
    assert re.fullmatch(r"strange\.override\.[0-9a-f]{24}", made["override_id"])
    assert made == {
        "override_id": made["override_id"],
        "doctor_id": "strange",
        "kind": "time_off",
        "start": "2050-11-21T00:00:00-05:00",
        "end": "2050-11-22T00:00:00-05:00",
        "time_zone": "America/New_York",
        "note": "a conference\n in Berlin",
        "created_at": "2050-11-18T07:00:00-05:00",
        "affected": [],
        "affected_count": 0,
    }


@pytest.mark.parametrize("note", [None, "", " \u200e "])
async def test_a_note_that_says_nothing_is_none(api: Api, note: str | None) -> None:
    assert "note" not in await make(api, note=note)


@pytest.mark.parametrize(
    ("start", "end", "answered"),
    [
        ("2050-11-21", "2050-11-22", "2050-11-21T00:00:00-05:00 2050-11-23T00:00:00-05:00"),
        ("2050-11-21T09:00", "2050-11-21", "2050-11-21T09:00:00-05:00 2050-11-22T00:00:00-05:00"),
        ("2050-11-21", "2050-11-21T12:30", "2050-11-21T00:00:00-05:00 2050-11-21T12:30:00-05:00"),
        (
            "2050-11-21T14:00Z",
            "2050-11-21T16:00+01:00",
            "2050-11-21T09:00:00-05:00 2050-11-21T10:00:00-05:00",
        ),
        # A day of 23 hours, and one of 25.
        ("2051-03-12", "2051-03-12", "2051-03-12T00:00:00-05:00 2051-03-13T00:00:00-04:00"),
        ("2051-11-05", "2051-11-05", "2051-11-05T00:00:00-04:00 2051-11-06T00:00:00-05:00"),
        # Skipped: the instant of the change. Repeated: the earlier as a start, the later as an end.
        (
            "2051-03-12T02:30",
            "2051-03-12T04:00",
            "2051-03-12T03:00:00-04:00 2051-03-12T04:00:00-04:00",
        ),
        (
            "2051-11-05T01:15",
            "2051-11-05T01:30",
            "2051-11-05T01:15:00-04:00 2051-11-05T01:30:00-05:00",
        ),
        # 366 days, one of them an hour longer; the past; the ends of the calendar.
        (
            "2050-11-05",
            "2051-11-05",
            "2050-11-05T00:00:00-04:00 2051-11-06T00:00:00-05:00",
        ),
        ("1900-01-01", "1900-01-01", "1900-01-01T00:00:00-05:00 1900-01-02T00:00:00-05:00"),
        ("9998-12-31", "9998-12-31", "9998-12-31T00:00:00-05:00 9999-01-01T00:00:00-05:00"),
    ],
)
async def test_bounds_are_on_the_clock_of_the_doctor_and_a_date_is_a_whole_day(
    api: Api, start: str, end: str, answered: str
) -> None:
    made = await make(api, start=start, end=end)
    assert f"{made['start']} {made['end']}" == answered


# What can be booked


async def test_time_off_cannot_be_booked_and_everything_else_can(api: Api) -> None:
    assert await first_start(api) == "2050-11-18T09:00:00-05:00"
    await make(api, start="2050-11-18", end="2050-11-21T11:00")
    assert await first_start(api) == "2050-11-21T11:00:00-05:00"
    problem(await api.ask(start="2050-11-21T10:45"), 422, "time_off")
    await api.book("2050-11-21T11:00")
    await api.book("2050-11-21T09:00Z", doctor_id="who")


async def test_extra_hours_can_be_booked(api: Api) -> None:
    problem(await api.ask(start="2050-11-20T10:00"), 422, "outside_working_hours")
    await make(api, kind="extra_hours", start="2050-11-20T10:00", end="2050-11-20T12:00")
    await api.book("2050-11-20T10:00")
    await api.book("2050-11-20T11:30")
    problem(await api.ask(start="2050-11-20T11:15"), 409, "slot_taken")
    problem(await api.ask(start="2050-11-20T12:00"), 422, "outside_working_hours")


async def test_time_off_wins_over_extra_hours(api: Api) -> None:
    await make(api, start="2050-11-20", end="2050-11-20T11:00")
    await make(api, kind="extra_hours", start="2050-11-20T10:00", end="2050-11-20T12:00")
    problem(await api.ask(start="2050-11-20T10:30"), 422, "time_off")
    await api.book("2050-11-20T11:00")


async def test_another_instance_that_remembers_the_day_refuses_too(api: Api) -> None:
    async with calling(api.dependencies.store, api.clock) as other:
        await other.book("2050-11-21T09:00")
        await make(api)
        problem(await other.ask(start="2050-11-21T10:00"), 422, "time_off")


async def test_nothing_moves_into_time_off(api: Api) -> None:
    there = await api.book("2050-11-22T09:00")
    await make(api)
    problem(await api.reschedule(there, "2050-11-21T09:00"), 422, "time_off")


# Whom it affects


async def test_what_is_booked_in_time_off_is_affected_and_stays_booked(api: Api) -> None:
    before = await api.book("2050-11-18T09:00")
    late, early = await api.book("2050-11-22T09:00"), await api.book("2050-11-21T16:30")
    gone = await api.book("2050-11-21T09:00")
    await api.cancel(gone)
    made = await make(api, end="2050-11-25")
    assert (made["affected"], made["affected_count"]) == ([early, late], 2)
    assert await api.listed(status="booked") == [before, early, late]
    assert (await api.cancel(early)).status_code == 200
    await api.move(late, "2050-11-28T09:00")


async def test_extra_hours_affect_nobody(api: Api) -> None:
    await api.book("2050-11-21T16:30")
    made = await make(api, kind="extra_hours", start="2050-11-21T16:00", end="2050-11-21T18:00")
    assert (made["affected"], made["affected_count"]) == ([], 0)


async def test_the_first_thousand_are_listed_and_all_are_counted(api: Api) -> None:
    for day in ("2050-11-21", "2050-11-22", "2050-11-23"):
        there = [minute(day, number) for number in range(334)]
        await api.put(schedule(day, *there))
    made = await make(api, end="2050-11-25")
    assert made["affected_count"] == 1002
    ids = [each["id"] for each in made["affected"]]
    assert (len(ids), ids[0], ids[-1]) == (1000, "strange.20501121.0", "strange.20501123.331")
    assert starts(made["affected"]) == sorted(starts(made["affected"]))


def minute(day: str, number: int) -> Appointment:
    """An appointment of a minute."""
    start = at(f"{day}T14:00Z") + number * timedelta(minutes=1)
    end = start + timedelta(minutes=1)
    name = f"strange.{day.replace('-', '')}.{number}"
    return appointment(start.isoformat(), end.isoformat(), name)


# Keys


async def test_the_same_request_again_makes_nothing_new(api: Api) -> None:
    made = await make(api, "k", note="x")
    there = await api.by(CLERK).ask(start="2050-11-21T09:00")
    problem(there, 422, "time_off")
    api.clock.now = at("2050-11-19T12:00Z")
    again = await api.post(MAKE, {**MONDAY, "end": "2050-11-22T00:00", "note": "x "}, "k")
    assert (again.status_code, again.json()) == (201, made)
    assert again.headers["idempotent-replayed"] == "true"
    async with calling(api.dependencies.store, api.clock) as other:
        again = await other.post(MAKE, {**MONDAY, "note": "x"}, '"k"')
        assert (again.status_code, again.json()) == (201, made)


async def test_a_replay_tells_who_is_affected_now(api: Api) -> None:
    early, late = await api.book("2050-11-21T09:00"), await api.book("2050-11-21T16:30")
    made = await make(api, "k")
    assert made["affected"] == [early, late]
    await api.cancel(early)
    again = await make(api, "k")
    assert (again["affected"], again["affected_count"]) == ([late], 1)
    await api.post("delete_override", {"override_id": made["override_id"]})
    again = await make(api, "k")
    assert (again["override_id"], again["affected"]) == (made["override_id"], [])
    assert again["deleted_at"] == "2050-11-18T07:00:00-05:00"


@pytest.mark.parametrize(
    "changes",
    [
        {"end": "2050-11-22"},
        {"kind": "extra_hours"},
        {"start": "2050-11-21T01:00"},
        {"doctor_id": "who"},
        {"note": "y"},
    ],
)
async def test_another_request_with_the_same_key_is_refused(api: Api, changes: Json) -> None:
    await make(api, "k", note="x")
    refused = await api.post(MAKE, {**MONDAY, "note": "x", **changes}, "k")
    problem(refused, 422, "idempotency_key_reused")


async def test_a_key_of_a_booking_makes_no_override_and_the_other_way_round(api: Api) -> None:
    await api.ask("k", start="2050-11-22T09:00")
    problem(await api.post(MAKE, MONDAY, "k"), 422, "idempotency_key_reused")
    await make(api, "other")
    problem(await api.ask("other", start="2050-11-23T09:00"), 422, "idempotency_key_reused")


async def test_the_same_key_of_two_callers_is_two_keys(api: Api) -> None:
    of_clerk, of_doctor = await make(api.by(CLERK), "k"), await make(api.by(STEPHEN), "k")
    assert of_clerk["override_id"] != of_doctor["override_id"]


async def test_two_overrides_may_be_the_same_without_a_key(api: Api) -> None:
    first, second = await make(api), await make(api)
    assert first["override_id"] != second["override_id"]


# Refused


async def test_a_doctor_whom_nobody_knows_is_404(api: Api) -> None:
    members = problem(await api.post(MAKE, {**MONDAY, "doctor_id": "doom"}), 404, "unknown_doctor")
    assert '"strange"' in members["detail"]


async def test_a_doctor_who_has_retired_may_still_be_away(api: Api) -> None:
    there = await api.book("2050-11-21T09:00Z", doctor_id="who")
    await api.dependencies.store.put_doctors([retired("who")])
    async with calling(api.dependencies.store, api.clock) as other:
        assert (await make(other, doctor_id="who"))["affected_count"] == 1
    assert there["doctor_id"] == "who"


def retired(doctor_id: str) -> Doctor:
    return replace(doctor((("08:00", "16:00"),), doctor_id=doctor_id), retired=True)


@pytest.mark.parametrize("caller", [STEPHEN, CLERK], ids=["doctor", "staff"])
async def test_a_doctor_and_staff_make_overrides(api: Api, caller: Caller) -> None:
    await make(api.by(caller))


@pytest.mark.parametrize("caller", [ADA, OTHER_DOCTOR], ids=["patient", "another doctor"])
async def test_others_may_not(api: Api, caller: Caller) -> None:
    problem(await api.by(caller).post(MAKE, MONDAY), 403, "forbidden")


async def test_no_note_is_told_to_a_patient(api: Api) -> None:
    there = (await api.by(ADA).ask()).json()
    await make(api, note="SECRET")
    answers = [
        await api.by(ADA).ask(start="2050-11-21T10:00"),
        await api.by(ADA).validate({**there_again(there), "start": "2050-11-21T10:00"}),
        await api.by(ADA).reschedule(there, "2050-11-21T10:00"),
        await api.by(ADA).get({"appointment_id": there["id"]}),
        await api.by(ADA).first("doctor_id=strange"),
    ]
    assert not any("SECRET" in answer.text for answer in answers)
    assert [answer.status_code for answer in answers] == [422, 422, 422, 200, 200]


def there_again(there: Json) -> Json:
    return {
        "doctor_id": there["doctor_id"],
        "duration_minutes": 30,
        "patient": {"name": "Ada Lovelace"},
    }


# A store that gives no answer


async def test_no_answer_in_time_is_503_and_a_retry_with_the_key_is_safe(api: Api) -> None:
    async with cut_off(api) as other:
        problem(await other.post(MAKE, MONDAY, "k"), 503, "try_again")
    async with failing(api, 0) as other:
        response = await other.post(MAKE, MONDAY, "k")
        problem(response, 503, "try_again")
        assert response.headers["retry-after"] == "1"
    await make(api, "k")
