"""hold_time: who fills in a form keeps the time, for a while, and books it with the hold."""

import asyncio
import re
from datetime import timedelta

import httpx
import pytest
from msgspec.structs import replace

from shared.access.caller import Caller
from shared.model.policy import Policy
from tests.builders import at, doctor
from tests.functions.api import (
    MONDAY_AT_NINE,
    ON_BOTH_STORES,
    SETTINGS,
    Api,
    Json,
    calling,
    field_errors,
    problem,
)
from tests.functions.callers import ADA, BOB, CLERK, STEPHEN
from tests.functions.clinics import CLINIC, CLOSED_ON_MONDAY, with_policy
from tests.functions.described import SCAN, change_doctor, describe
from tests.functions.faults import ForgetfulStore, cut_off
from tests.functions.reads import fresh

pytestmark = ON_BOTH_STORES

TEN, TUESDAY = "2050-11-21T10:00", "2050-11-22T09:00"
MICROSECOND = timedelta(microseconds=1)


async def book_with(api: Api, held: Json, key: str | None = None, **changes: object) -> int:
    """The status of the booking of Monday at nine with a hold."""
    return (await api.ask(key, hold_id=held["hold_id"], **changes)).status_code


# The answer


async def test_a_hold_is_answered_whole(api: Api) -> None:
    held = await api.hold()
    assert re.fullmatch(r"strange\.20501121\.hold\.[0-9a-f]{24}", held["hold_id"])
    assert held == {
        "hold_id": held["hold_id"],
        "doctor_id": "strange",
        "start": "2050-11-21T09:00:00-05:00",
        "end": "2050-11-21T09:30:00-05:00",
        "time_zone": "America/New_York",
        "expires_at": "2050-11-18T07:05:00-05:00",
    }


@pytest.mark.parametrize(
    ("seconds", "expires"), [(30, "07:00:30"), (300.0, "07:05:00"), (900, "07:15:00")]
)
async def test_it_lasts_as_many_seconds_as_asked_from_the_last_whole_one_on(
    api: Api, seconds: float, expires: str
) -> None:
    api.clock.now = at("2050-11-18T12:00:00.999999Z")
    held = await api.hold(seconds=seconds)
    assert held["expires_at"] == f"2050-11-18T{expires}-05:00"


async def test_it_is_as_long_as_its_service(api: Api) -> None:
    held = await api.of(CLINIC).hold(duration_minutes=None, service_id="check-up")
    assert held["end"] == "2050-11-21T09:45:00-05:00"


# What others are told


async def test_a_time_that_is_held_is_taken_and_the_answer_says_for_how_long(api: Api) -> None:
    await api.hold()
    await api.hold(start="2050-11-21T09:30", seconds=60)
    api.clock.now += timedelta(seconds=10, microseconds=1)
    asked = {**MONDAY_AT_NINE, "duration_minutes": 60}
    refusals = await api.create(asked), await api.validate(asked), await api.ask_hold()
    for refused, seconds in zip(refusals, (50, 50, 290), strict=True):
        members = problem(refused, 409, "slot_taken")
        assert members["retry_after"] == seconds
        assert refused.headers["retry-after"] == str(seconds)
        assert members["openings"][0]["start"] == "2050-11-21T10:00:00-05:00"
    merged = {"start": "2050-11-21T09:00:00-05:00", "end": "2050-11-21T10:00:00-05:00"}
    assert refusals[0].json()["conflicts"] == [merged]
    first = await api.first("doctor_id=strange&after=2050-11-21T00:00")
    assert first.json()["openings"][0]["start"] == "2050-11-21T10:00:00-05:00"


async def test_what_is_booked_there_too_has_no_end_to_wait_for(api: Api) -> None:
    await api.hold()
    await api.book("2050-11-21T09:30")
    refused = await api.ask(duration_minutes=60)
    assert problem(refused, 409, "slot_taken").keys() == {"detail", "conflicts", "openings"}
    assert "retry-after" not in refused.headers


async def test_nothing_tells_whose_a_hold_is(api: Api) -> None:
    held = await api.by(ADA).hold()
    refused = await api.by(BOB).ask()
    (conflict,) = problem(refused, 409, "slot_taken")["conflicts"]
    assert conflict.keys() == {"start", "end"}
    assert held["hold_id"] not in refused.text


# Its end


async def test_until_its_very_end_it_blocks_others_and_books_and_from_then_on_neither(
    api: Api,
) -> None:
    api.clock.now += timedelta(seconds=0.5)
    first, second = await api.hold(), await api.hold(start=TEN)
    api.clock.now = at("2050-11-18T12:05:00Z") - MICROSECOND
    assert problem(await api.ask(), 409, "slot_taken")["retry_after"] == 1
    assert await book_with(api, second, start=TEN) == 201
    api.clock.now = at("2050-11-18T12:05:00Z")
    gone = await api.ask(hold_id=first["hold_id"])
    assert problem(gone, 404, "unknown_hold").keys() == {"detail"}
    assert (await api.ask()).status_code == 201


@pytest.mark.parametrize(
    ("present", "statuses"),
    [("2050-11-18T12:04:59.999999Z", [409, 201]), ("2050-11-18T12:05:00Z", [201, 404])],
)
async def test_an_app_tries_its_end_with_the_test_clock(
    api: Api, present: str, statuses: list[int]
) -> None:
    clock = Api(replace(api.dependencies, settings=replace(SETTINGS, test_clock=True)), api.clock)
    held, later = await clock.hold(), {"Test-Now": present}
    with_it: Json = {**MONDAY_AT_NINE, "hold_id": held["hold_id"]}
    answers = [
        await clock.post("create_appointment", body, None, later)
        for body in (MONDAY_AT_NINE, with_it)
    ]
    assert [answer.status_code for answer in answers] == statuses


# Booking with it


async def test_a_hold_is_booked_once(api: Api) -> None:
    held = await api.hold()
    validated = await api.validate({**MONDAY_AT_NINE, "hold_id": held["hold_id"]})
    assert validated.json()["start"] == held["start"]
    assert await book_with(api, held) == 201
    problem(await api.ask(hold_id=held["hold_id"], start=TEN), 404, "unknown_hold")
    assert len(await api.listed()) == 1


async def test_a_part_of_what_is_held_is_booked_and_the_rest_is_free(api: Api) -> None:
    held = await api.hold(duration_minutes=60)
    assert await book_with(api, held, start="2050-11-21T09:15") == 201
    await api.book("2050-11-21T09:45", 15)
    await api.book("2050-11-21T09:00", 15)


@pytest.mark.parametrize(
    "changes",
    [
        {"start": "2050-11-21T08:59"},
        {"start": "2050-11-21T09:01"},
        {"duration_minutes": 31},
        {"doctor_id": "who", "start": "2050-11-21T14:00Z"},
        # Not within it is said before what else is wrong with the time.
        {"start": "2050-11-17T09:00"},
        {"start": "2050-11-20T09:00"},
    ],
)
async def test_what_does_not_lie_within_the_hold_is_refused_and_the_hold_stays(
    api: Api, changes: Json
) -> None:
    held = await api.hold()
    wanted = {**MONDAY_AT_NINE, **changes, "hold_id": held["hold_id"]}
    for refused in (await api.create(wanted), await api.validate(wanted)):
        assert field_errors(refused) == [("hold_id", "not_within_hold")]
    assert await book_with(api, held) == 201


async def test_a_hold_over_the_end_of_a_day_can_be_booked_in_part(api: Api) -> None:
    nights = doctor((("00:00", "24:00"),), doctor_id="night")
    await api.dependencies.store.put_doctors([nights])
    night: Json = {"doctor_id": "night", "start": "2050-11-21T23:30Z"}
    held = await api.hold(**night, duration_minutes=60)
    wanted = {**MONDAY_AT_NINE, **night, "hold_id": held["hold_id"]}
    async with calling(api.dependencies.store, api.clock) as other:
        assert (await other.validate(wanted)).status_code == 200
        assert (await other.create(wanted)).status_code == 201
    await api.book("2050-11-22T00:00Z", doctor_id="night")


async def test_a_hold_of_others_is_answered_like_one_that_does_not_exist(api: Api) -> None:
    held = await api.by(ADA).hold()
    documents: list[Json] = []
    reads: list[int] = []
    for name in (held["hold_id"], "strange.20501121.hold.0123456789abcdef01234567"):
        async with fresh(api, BOB, reads) as instance:
            refused = await instance.ask(hold_id=name)
        problem(refused, 404, "unknown_hold")
        documents.append({**refused.json(), "instance": ""})
    assert documents[0] == documents[1]
    assert reads[0] == reads[1] > 0
    assert await book_with(api.by(ADA), held) == 201


@pytest.mark.parametrize("name", ["x", "strange.20501332.hold.x", "doom.20501121.hold.x"])
async def test_what_is_no_id_of_a_hold_names_none(api: Api, name: str) -> None:
    problem(await api.ask(hold_id=name), 404, "unknown_hold")


async def test_who_holds_a_time_is_not_asked_for_notice_again(api: Api) -> None:
    strict = api.of(with_policy(Policy(notice=timedelta(minutes=30))))
    api.clock.now = at("2050-11-21T13:30:00Z")
    held = await strict.hold()
    api.clock.now += timedelta(minutes=1)
    problem(await strict.ask(), 422, "too_soon")
    assert await book_with(strict, held) == 201


async def test_all_other_rules_hold_for_who_books_with_a_hold(api: Api) -> None:
    held = await api.by(ADA).hold()
    await api.by(ADA).book("2050-11-21T14:15Z", doctor_id="who")
    refused = await api.by(ADA).ask(hold_id=held["hold_id"])
    problem(refused, 409, "patient_busy")


# Refused like a booking


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"doctor_id": "doom"}, 404, "unknown_doctor"),
        ({"service_id": "x"}, 404, "unknown_service"),
        ({"start": "2050-11-18T06:59"}, 422, "in_the_past"),
        ({"start": "2060-11-22T09:00"}, 422, "too_late"),
        ({"start": "2050-11-20T09:00"}, 422, "outside_working_hours"),
        ({"start": "2050-11-21T11:00"}, 409, "slot_taken"),
        ({"start": "2050-11-21T10:00"}, 409, "patient_busy"),
    ],
)
async def test_what_cannot_be_booked_cannot_be_held(
    api: Api, changes: Json, status: int, code: str
) -> None:
    await api.book("2050-11-21T11:15")
    ada = api.by(ADA)
    await ada.book("2050-11-21T15:15Z", 15, doctor_id="who")
    problem(await ada.ask_hold(**changes), status, code)


async def test_it_keeps_to_notice_closed_days_and_the_limits_of_its_patient(api: Api) -> None:
    soon = api.of(with_policy(Policy(notice=timedelta(days=7))))
    problem(await soon.ask_hold(), 422, "too_soon")
    problem(await api.of(CLOSED_ON_MONDAY).ask_hold(), 422, "time_off")
    one = api.of(with_policy(Policy(open_appointments=1))).by(ADA)
    await one.book(TEN)
    assert "retry-after" in (await one.ask_hold()).headers
    problem(await one.ask_hold(), 429, "too_many_requests")


async def test_a_patient_holds_three_times_of_a_doctor_and_day_at_most(api: Api) -> None:
    ada = api.by(ADA)
    first = await ada.hold(seconds=60)
    for start in ("2050-11-21T09:30", TEN):
        await ada.hold(start=start)
    api.clock.now += timedelta(seconds=1.5)
    # Before what is wrong with the time.
    for start in ("2050-11-21T11:00", "2050-11-21T09:00", "2050-11-21T08:00"):
        refused = await ada.ask_hold(start=start)
        assert problem(refused, 429, "too_many_holds").keys() == {"detail"}
        assert refused.headers["retry-after"] == "59"
    await ada.hold(start=TUESDAY)
    await ada.hold(start="2050-11-21T12:00Z", doctor_id="who")
    await api.by(BOB).hold(start="2050-11-21T11:00")
    api.clock.now = at("2050-11-18T12:01:00Z")
    fourth = await ada.hold(start="2050-11-21T12:00")
    assert (await ada.release(fourth)).status_code == 200
    assert first != await ada.hold()


@pytest.mark.parametrize("caller", [STEPHEN, CLERK], ids=["doctor", "staff"])
async def test_doctors_and_staff_hold_as_many_as_they_need(api: Api, caller: Caller) -> None:
    for minute in range(5):
        await api.by(caller).hold(start=f"2050-11-21T09:0{minute}", duration_minutes=1)


# Keys


async def test_the_same_request_again_holds_nothing_new_whatever_became_of_it(api: Api) -> None:
    async def again(instance: Api, expected: Json) -> None:
        spelled: Json = {"start": "2050-11-18T14:00Z", "seconds": 300, "service_id": None}
        response = await instance.ask_hold('"k"', **spelled)
        assert (response.status_code, response.json()) == (201, expected)
        assert response.headers["idempotent-replayed"] == "true"

    today = "2050-11-18T09:00"
    held = await api.hold("k", start=today)
    await again(api, held)
    assert await book_with(api, held, start=today) == 201
    async with calling(api.dependencies.store, api.clock) as other:
        await again(other, held)
    api.clock.now = at("2050-11-18T14:10Z")
    await again(api, held)
    problem(await api.ask_hold("k", start=today, seconds=299), 422, "idempotency_key_reused")


async def test_a_hold_that_was_released_stays_released_when_its_request_is_sent_again(
    api: Api,
) -> None:
    held = await api.hold("k")
    await api.release(held)
    assert await api.hold("k") == held
    problem(await api.ask(hold_id=held["hold_id"]), 404, "unknown_hold")
    assert (await api.ask()).status_code == 201


async def test_a_replay_does_not_ask_whether_the_doctor_has_retired(api: Api) -> None:
    held = await api.hold("k")
    await change_doctor(api, "strange", retired=True)
    async with calling(api.dependencies.store, api.clock) as other:
        assert await other.hold("k") == held
        problem(await other.ask_hold("another"), 404, "unknown_doctor")
        problem(await other.ask_hold(), 404, "unknown_doctor")


@pytest.mark.parametrize(
    "changes",
    [
        {"seconds": 301},
        {"start": TEN},
        {"duration_minutes": 31},
        {"service_id": "scan", "duration_minutes": None},
        {"doctor_id": "who", "start": "2050-11-21T14:00Z"},
    ],
)
async def test_another_request_with_the_same_key_is_refused(api: Api, changes: Json) -> None:
    await describe(api, services=[SCAN])
    await api.hold("k")
    problem(await api.ask_hold("k", **changes), 422, "idempotency_key_reused")


async def test_a_key_is_of_one_function_and_of_one_caller(api: Api) -> None:
    await api.ask("k")
    problem(await api.ask_hold("k", start=TEN), 422, "idempotency_key_reused")
    hers, his = await api.by(ADA).hold("k", start=TEN), await api.by(BOB).ask_hold("k", start=TEN)
    problem(his, 409, "slot_taken")
    problem(await api.by(ADA).ask("k", hold_id=hers["hold_id"]), 422, "idempotency_key_reused")


async def test_the_same_request_several_times_at_once_holds_the_time_once(api: Api) -> None:
    async with calling(api.dependencies.store, api.clock) as other:
        answers = await asyncio.gather(*(each.ask_hold("k") for each in (api, api, other)))
    assert [answer.status_code for answer in answers] == [201] * 3
    assert len({answer.json()["hold_id"] for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 2


async def test_of_two_who_want_to_hold_a_time_at_once_one_does(api: Api) -> None:
    async with calling(api.dependencies.store, api.clock) as other:
        answers = await asyncio.gather(api.by(ADA).ask_hold(), other.by(BOB).ask_hold())
    assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_a_booking_with_a_hold_is_replayed_when_that_is_used_up_or_has_ended(
    api: Api,
) -> None:
    held = await api.hold()
    booked = await api.ask("k", hold_id=held["hold_id"])
    api.clock.now += timedelta(minutes=10)
    again = await api.ask("k", hold_id=held["hold_id"])
    assert (again.status_code, again.json()) == (201, booked.json())
    assert again.headers["idempotent-replayed"] == "true"
    problem(await api.ask("k"), 422, "idempotency_key_reused")


# A store that gives no answer


async def test_no_answer_in_time_is_503_and_a_retry_with_the_key_is_safe(api: Api) -> None:
    for when in ("at once", "before a commit", "after a commit"):
        async with cut_off(api, when) as other:
            problem(await other.ask_hold("k"), 503, "try_again")
    again = await api.ask_hold("k")
    assert again.headers["idempotent-replayed"] == "true"


async def test_an_answer_that_was_lost_is_found_by_the_next_attempt(api: Api) -> None:
    async def send(instance: Api) -> httpx.Response:
        return await instance.ask_hold()

    forgetful = ForgetfulStore(api.dependencies.store)
    async with calling(forgetful, api.clock) as other:  # type: ignore[arg-type]
        assert (await send(other)).status_code == 201
    assert forgetful.lost == 1
    problem(await send(api), 409, "slot_taken")
