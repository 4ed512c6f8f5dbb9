"""`allow`: rules that doctors and staff may break, and that nobody else may."""

from datetime import timedelta

import pytest

from shared.access.caller import Caller
from shared.model.policy import Policy
from tests.builders import at
from tests.functions.api import MONDAY_AT_NINE, ON_BOTH_STORES, Api, Json, problem
from tests.functions.callers import ADA, CLERK, OTHER_DOCTOR, STEPHEN
from tests.functions.clinics import CLOSED_ON_MONDAY, with_policy

ALL = [
    "outside_working_hours",
    "in_the_past",
    "too_soon",
    "too_late",
    "time_off",
    "patient_busy",
]
STRICT = with_policy(Policy(notice=timedelta(days=2), horizon=timedelta(days=30)))

BROKEN: dict[str, Json] = {
    "outside_working_hours": {"start": "2050-11-26T22:00"},
    "in_the_past": {"start": "2050-11-14T09:00"},
    "too_soon": {"start": "2050-11-18T09:00"},
    "too_late": {"start": "2051-02-01T09:00"},
}
"""With Doctor Strange and a strict policy, on Friday, November 18th, at seven in New York."""


@ON_BOTH_STORES
@pytest.mark.parametrize("rule", BROKEN)
@pytest.mark.parametrize("caller", [STEPHEN, CLERK], ids=["doctor", "staff"])
async def test_a_rule_is_broken_by_who_may_and_says_so(api: Api, rule: str, caller: Caller) -> None:
    clinic = api.by(caller).of(STRICT)
    problem(await clinic.ask(**BROKEN[rule]), 422, rule)
    others = [each for each in ALL if each != rule]
    problem(await clinic.ask(**BROKEN[rule], allow=others), 422, rule)
    asked = {**MONDAY_AT_NINE, **BROKEN[rule], "allow": [rule]}
    validated = await clinic.validate(asked)
    assert validated.status_code == 200
    booked = (await clinic.create(asked)).json()
    assert await api.found(booked) == booked
    assert "allow" not in booked


@pytest.mark.parametrize("allow", [[], None])
async def test_who_allows_nothing_breaks_nothing(api: Api, allow: list[str] | None) -> None:
    refused = await api.ask(**BROKEN["outside_working_hours"], allow=allow)
    problem(refused, 422, "outside_working_hours")
    assert (await api.ask(allow=allow)).status_code == 201


async def test_time_off_is_broken_and_the_hours_of_the_week_are_not(api: Api) -> None:
    clinic = api.of(CLOSED_ON_MONDAY)
    problem(await clinic.ask(), 422, "time_off")
    problem(await clinic.ask(start="2050-11-21T08:00", allow=["time_off"]), 422, ALL[0])
    problem(await clinic.ask(start="2050-11-21T08:00", allow=[ALL[0]]), 422, "time_off")
    assert (await clinic.ask(allow=["time_off"])).status_code == 201
    both = await clinic.ask(start="2050-11-21T08:00", allow=["time_off", ALL[0], "time_off"])
    assert both.status_code == 201


@ON_BOTH_STORES
async def test_a_parent_may_come_with_two_children(api: Api) -> None:
    await api.by(ADA).book("2050-11-21T09:00")
    other: Json = {"doctor_id": "who", "start": "2050-11-21T14:00Z"}
    of_ada: Json = {**other, "patient": {"name": "Ada", "id": "ada"}}
    problem(await api.by(CLERK).ask(**of_ada), 409, "patient_busy")
    assert (await api.by(CLERK).ask(**of_ada, allow=["patient_busy"])).status_code == 201


@ON_BOTH_STORES
async def test_that_a_time_is_taken_is_a_rule_that_nobody_breaks(api: Api) -> None:
    await api.book("2050-11-21T09:00")
    problem(await api.by(CLERK).ask(allow=ALL), 409, "slot_taken")
    later = await api.book("2050-11-21T10:00")
    problem(await api.reschedule(later, "2050-11-21T09:15", allow=ALL), 409, "slot_taken")


@ON_BOTH_STORES
@pytest.mark.parametrize("rule", BROKEN)
async def test_a_move_breaks_rules_as_a_booking_does(api: Api, rule: str) -> None:
    clinic, to = api.of(STRICT), BROKEN[rule]
    booked = await clinic.book("2050-11-21T09:00")
    problem(await clinic.reschedule(booked, **to), 422, rule)
    moved = await clinic.reschedule(booked, **to, allow=[rule])
    assert moved.status_code == 200
    assert await api.found(booked) == moved.json()


async def test_patients_break_no_rules_and_doctors_those_of_their_own_schedule(api: Api) -> None:
    hers = await api.by(ADA).book("2050-11-21T09:00")
    problem(await api.by(ADA).ask(start="2050-11-22T09:00", allow=[]), 403, "forbidden")
    moved = await api.by(ADA).reschedule(hers, "2050-11-22T09:00", allow=["too_soon"])
    problem(moved, 403, "forbidden")
    problem(await api.by(OTHER_DOCTOR).ask(allow=["too_soon"]), 403, "forbidden")
    assert await api.by(ADA).found(hers) == hers


# Keys


async def test_what_a_booking_may_break_is_a_part_of_the_request(api: Api) -> None:
    booked = await api.ask("a-key", allow=["time_off", "too_soon"])
    same = await api.ask("a-key", allow=["too_soon", "time_off", "too_soon"])
    assert (same.status_code, same.json()) == (201, booked.json())
    for other in (["time_off"], [], None):
        problem(await api.ask("a-key", allow=other), 422, "idempotency_key_reused")
    plain = await api.ask("another-key", start="2050-11-21T10:00")
    same = await api.ask("another-key", start="2050-11-21T10:00", allow=[])
    assert (same.json(), same.headers["idempotent-replayed"]) == (plain.json(), "true")


async def test_the_same_holds_of_a_move(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    to = "2050-11-22T09:00"
    moved = await api.reschedule(booked, to, "a-key", allow=["time_off", "too_soon"])
    same = await api.reschedule(booked, to, "a-key", allow=["too_soon", "time_off"])
    assert (same.json(), same.headers["idempotent-replayed"]) == (moved.json(), "true")
    problem(await api.reschedule(booked, to, "a-key"), 422, "idempotency_key_reused")


# What a patient may still move or cancel


async def test_patients_move_and_cancel_only_with_notice_and_the_clinic_at_any_time(
    api: Api,
) -> None:
    hers = await api.by(ADA).book("2050-11-21T09:00")
    clinic = with_policy(Policy(cancel_notice=timedelta(days=1)))
    api.clock.now = at("2050-11-20T14:00:00.000001Z")
    for refused in (
        await api.by(ADA).of(clinic).cancel(hers),
        await api.by(ADA).of(clinic).reschedule(hers, "2050-11-25T09:00"),
    ):
        members = problem(refused, 422, "too_late_to_cancel")
        assert members.keys() == {"detail"}
        assert "ask the clinic" in members["detail"]
    assert (await api.by(STEPHEN).of(clinic).move(hers, "2050-11-21T10:00"))["version"] == 2
    api.clock.now = at("2050-11-20T15:00Z")
    assert (await api.by(ADA).of(clinic).cancel(hers)).status_code == 200
