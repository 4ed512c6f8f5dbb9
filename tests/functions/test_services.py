"""Services: what is booked of one has its length, its buffers and its policy."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from shared.model.clinic import Clinic
from shared.model.policy import Policy
from shared.runtime.composition import build_dependencies
from tests.builders import at, doctor
from tests.functions.api import (
    MONDAY_AT_NINE,
    ON_BOTH_STORES,
    SETTINGS,
    Api,
    Json,
    field_errors,
    problem,
)
from tests.functions.clinics import CHECK_UP, CLINIC, CLOSED_ON_MONDAY, with_policy

NINE: Json = {name: value for name, value in MONDAY_AT_NINE.items() if name != "duration_minutes"}
"""The request without a length."""


def of_service(service_id: str, start: str = "2050-11-21T09:00", **fields: object) -> Json:
    return {**NINE, "start": start, "service_id": service_id, **fields}


async def employ(api: Api, services: frozenset[str] | None, *, retired: bool = False) -> Api:
    """Employ a doctor who offers these services; return an instance that knows."""
    doom = replace(doctor(doctor_id="doom"), services=services, retired=retired)
    await api.dependencies.store.put_doctors([doom])
    return Api(build_dependencies(SETTINGS, api.dependencies.store, api.clock), api.clock)


# Granted


@ON_BOTH_STORES
async def test_a_service_that_has_a_length_stands_alone(api: Api) -> None:
    clinic = api.of(CLINIC)
    validated = (await clinic.validate(of_service("check-up"))).json()
    assert (validated["service_id"], validated["duration_minutes"]) == ("check-up", 45)
    assert "version" not in validated
    booked = (await clinic.create(of_service("check-up"))).json()
    assert booked["service_id"] == "check-up"
    assert booked["end"] == "2050-11-21T09:45:00-05:00"
    assert booked["version"] == 1
    assert await api.found(booked) == booked
    assert await api.listed() == [booked]


@pytest.mark.parametrize("length", [{"duration_minutes": 20}, {"end": "2050-11-21T09:20"}])
async def test_a_service_without_a_length_takes_one(api: Api, length: Json) -> None:
    booked = (await api.of(CLINIC).create(of_service("talk", **length))).json()
    assert (booked["service_id"], booked["end"][11:16]) == ("talk", "09:20")


async def test_an_appointment_of_no_service_says_nothing_of_one(api: Api) -> None:
    assert "service_id" not in (await api.of(CLINIC).ask()).json()
    assert "service_id" not in (await api.of(CLINIC).ask(start="2050-11-21T10:00")).json()


@ON_BOTH_STORES
async def test_the_buffers_of_a_service_are_kept_whatever_becomes_of_it(api: Api) -> None:
    clinic = api.of(CLINIC)
    booked = (await clinic.create(of_service("surgery", "2050-11-21T11:00"))).json()
    assert (booked["start"][11:16], booked["end"][11:16]) == ("11:00", "12:00")
    for start, minutes, ends in (("10:30", 16, "10:46"), ("12:29", 30, "12:59")):
        refused = await api.ask(start=f"2050-11-21T{start}", duration_minutes=minutes)
        members = problem(refused, 409, "slot_taken")
        assert f"to 2050-11-21T{ends}" in members["detail"]
        assert members["conflicts"]
    assert (await api.ask(start="2050-11-21T10:30", duration_minutes=15)).status_code == 201
    assert (await api.ask(start="2050-11-21T12:30")).status_code == 201
    moved = await api.move(booked, "2050-11-22T09:00")
    assert (moved["service_id"], moved["duration_minutes"]) == ("surgery", 60)
    problem(await api.ask(start="2050-11-22T10:00"), 409, "slot_taken")


async def test_what_needs_buffers_itself_is_refused_beside_what_needs_none(api: Api) -> None:
    await api.book("2050-11-21T10:15")
    refused = await api.of(CLINIC).create(of_service("surgery"))
    assert problem(refused, 409, "slot_taken")["openings"][0]["start"][11:16] == "11:00"


async def test_buffers_may_reach_into_another_day_and_the_id_names_that_of_the_start(
    api: Api,
) -> None:
    always = doctor((("00:00", "24:00"),), "UTC", "mon tue wed thu fri sat sun", "doom")
    await api.dependencies.store.put_doctors([always])
    clinic = api.of(CLINIC)
    night = of_service("surgery", "2050-11-22T00:00", doctor_id="doom")
    booked = (await clinic.create(night)).json()
    assert booked["id"].startswith("doom.20501122.")
    assert await api.found(booked) == booked
    late = {"doctor_id": "doom", "start": "2050-11-21T23:30"}
    problem(await api.ask(**late, duration_minutes=16), 409, "slot_taken")
    assert (await api.ask(**late, duration_minutes=15)).status_code == 201
    assert (await api.cancel(booked)).status_code == 200
    assert (await api.create(night | {"service_id": None, "duration_minutes": 30})).status_code == (
        201
    )


# Refused


LENGTHS: list[tuple[Json, str, str]] = [
    (of_service("check-up", duration_minutes=45), "duration_minutes", "length_of_service"),
    (of_service("check-up", end="2050-11-21T09:45"), "end", "length_of_service"),
    (of_service("talk"), "duration_minutes", "missing"),
    (of_service("talk", duration_minutes=30, end="2050-11-21T09:30"), "end", "too_many"),
    (of_service("check-up", duration_minutes=30, end="2050-11-21T09:30"), "end", "too_many"),
    (NINE, "duration_minutes", "missing"),
    (of_service("talk", duration_minutes=0), "duration_minutes", "greater_than_equal"),
    (of_service("talk", end="2050-11-21T08:59"), "end", "not_after_start"),
]


@pytest.mark.parametrize("function", ["create_appointment", "validate_appointment"])
@pytest.mark.parametrize(("body", "field", "kind"), LENGTHS)
async def test_a_length_is_given_by_the_service_or_by_the_request(
    api: Api, function: str, body: Json, field: str, kind: str
) -> None:
    for key in (None, "a-key"):
        response = await api.of(CLINIC).post(function, body, key)
        assert field_errors(response) == [(field, kind)]
    assert await api.listed() == []


async def test_the_longest_appointment_is_that_of_the_policy_which_a_service_may_change(
    api: Api,
) -> None:
    hour, half = Policy(longest=timedelta(hours=1)), Policy(longest=timedelta(minutes=30))
    clinic = api.of(with_policy(hour, of_talks=half))
    longer = await clinic.ask(duration_minutes=61)
    assert field_errors(longer) == [("duration_minutes", "too_long")]
    assert longer.json()["detail"] == "duration_minutes: must be at most 60"
    longer = await clinic.create({**NINE, "end": "2050-11-21T10:01"})
    assert field_errors(longer) == [("end", "too_long")]
    assert longer.json()["detail"] == "end: must be at most 60 minutes after start"
    talk = await clinic.create(of_service("talk", duration_minutes=31))
    assert field_errors(talk) == [("duration_minutes", "too_long")]
    booked = (await clinic.create(of_service("talk", duration_minutes=30))).json()
    moved = await clinic.reschedule(booked, "2050-11-22T09:00", duration_minutes=31)
    assert field_errors(moved) == [("duration_minutes", "too_long")]
    assert (await clinic.ask(start="2050-11-21T10:00", duration_minutes=60)).status_code == 201


async def test_a_clinic_may_want_a_service_for_every_appointment(api: Api) -> None:
    clinic = api.of(with_policy(Policy(service_required=True)))
    for function in ("create_appointment", "validate_appointment"):
        response = await clinic.post(function, MONDAY_AT_NINE)
        assert field_errors(response) == [("service_id", "missing")]
        assert "list_services" in response.json()["detail"]
    assert (await clinic.create(of_service("check-up"))).status_code == 201


@ON_BOTH_STORES
async def test_a_service_that_the_clinic_or_the_doctor_does_not_offer_is_unknown(api: Api) -> None:
    clinic = (await employ(api, frozenset({"talk"}))).of(CLINIC)
    there = {"doctor_id": "doom", "start": "2050-11-21T09:00"}
    for unknown in ("massage", "a" * 128, ".."):
        refused = await clinic.create(of_service(unknown))
        assert problem(refused, 404, "unknown_service").keys() == {"detail"}
    problem(await clinic.create(of_service("check-up", **there)), 404, "unknown_service")
    problem(await clinic.validate(of_service("check-up", **there)), 404, "unknown_service")
    problem(await api.create(of_service("check-up")), 404, "unknown_service")
    talk = of_service("talk", **there, duration_minutes=30)
    assert (await clinic.create(talk)).status_code == 201


@ON_BOTH_STORES
async def test_a_move_to_a_doctor_who_does_not_offer_the_service_is_refused(api: Api) -> None:
    clinic = (await employ(api, frozenset({"talk"}))).of(CLINIC)
    booked = (await clinic.create(of_service("check-up"))).json()
    refused = await clinic.reschedule(booked, "2050-11-22T09:00", doctor_id="doom")
    problem(refused, 404, "unknown_service")
    assert await api.found(booked) == booked
    moved = await clinic.move(booked, "2050-11-22T09:00", doctor_id="who")
    assert (moved["service_id"], moved["version"]) == ("check-up", 2)


async def test_a_service_that_is_offered_no_more_stays_with_its_doctor(api: Api) -> None:
    booked = (await api.of(CLINIC).create(of_service("check-up"))).json()
    elsewhere = await api.reschedule(booked, "2050-11-22T09:00", doctor_id="who")
    problem(elsewhere, 404, "unknown_service")
    moved = await api.move(booked, "2050-11-22T09:00")
    assert (moved["service_id"], moved["version"]) == ("check-up", 2)


# The policy of a service


async def test_notice_and_horizon_are_those_of_the_service(api: Api) -> None:
    day, week = timedelta(days=1), timedelta(days=7)
    clinic = api.of(
        with_policy(Policy(), of_talks=Policy(notice=day, horizon=week)),
    )
    api.clock.now = at("2050-11-21T14:00:30Z")
    soon = await clinic.create(of_service("talk", "2050-11-22T09:00", duration_minutes=30))
    members = problem(soon, 422, "too_soon")
    assert members["earliest"] == "2050-11-22T09:01:00-05:00"
    assert members["detail"] == (
        "2050-11-22T09:00:00-05:00 is too soon; start at 2050-11-22T09:01:00-05:00 or later; "
        "the next opening of that length starts at 2050-11-22T09:01:00-05:00"
    )
    assert members["openings"][0]["start"] == "2050-11-22T09:01:00-05:00"
    late = await clinic.create(of_service("talk", "2050-11-28T09:01", duration_minutes=30))
    members = problem(late, 422, "too_late")
    assert members["latest"] == "2050-11-28T09:00:00-05:00"
    assert "start at 2050-11-28T09:00:00-05:00 or earlier" in members["detail"]
    assert members["openings"][0]["start"] == "2050-11-22T09:01:00-05:00"
    booked = (
        await clinic.create(of_service("talk", "2050-11-28T09:00", duration_minutes=30))
    ).json()
    problem(await clinic.reschedule(booked, "2050-11-22T09:00"), 422, "too_soon")
    assert (await clinic.create(of_service("check-up", "2050-11-21T09:00"))).status_code == 201


async def test_without_any_opening_a_refusal_says_so(api: Api) -> None:
    await api.dependencies.store.put_doctors([doctor((), doctor_id="doom")])
    refused = await api.ask(doctor_id="doom", start="2050-11-21T09:00")
    members = problem(refused, 422, "outside_working_hours")
    assert members["openings"] == members["working_hours"] == []
    assert members["detail"] == (
        "Doctor Strange does not work all of the time from 2050-11-21T09:00:00Z to "
        "2050-11-21T09:30:00Z; "
        "Doctor Strange has no opening of that length soon"
    )


async def test_time_off_is_told_from_a_day_on_which_the_doctor_never_works_and_not_why(
    api: Api,
) -> None:
    clinic = api.of(CLOSED_ON_MONDAY)
    members = problem(await clinic.ask(), 422, "time_off")
    assert members.keys() == {"detail", "working_hours", "openings"}
    assert members["working_hours"] == []
    assert members["openings"][0]["start"] == "2050-11-22T09:00:00-05:00"
    assert members["detail"].startswith(
        "Doctor Strange is away for at least a part of the time from 2050-11-21T09:00:00-05:00 to "
        "2050-11-21T09:30:00-05:00; the next opening of that length starts at 2050-11-22T09:00:00"
    )
    members = problem(await clinic.ask(start="2050-11-21T08:00"), 422, "outside_working_hours")
    assert members["working_hours"] == []
    problem(await clinic.validate(MONDAY_AT_NINE), 422, "time_off")


# The same request again


@ON_BOTH_STORES
@pytest.mark.parametrize(
    ("clinic", "retired"),
    [
        (Clinic(), False),
        (replace(CLINIC, services={CHECK_UP.id: replace(CHECK_UP, length=None)}), False),
        (
            replace(CLINIC, services={CHECK_UP.id: replace(CHECK_UP, length=timedelta(hours=1))}),
            False,
        ),
        (CLINIC, True),
        (with_policy(Policy(notice=timedelta(days=30), service_required=True)), False),
    ],
    ids=["the service is gone", "it has no length", "another length", "retired", "other policy"],
)
async def test_a_replay_is_answered_whatever_the_clinic_offers_by_now(
    api: Api, clinic: Clinic, *, retired: bool
) -> None:
    api = await employ(api, None)
    request = of_service("check-up", doctor_id="doom")
    booked = await api.of(CLINIC).create(request, "a-key")
    assert booked.status_code == 201
    now = await employ(api, None, retired=retired)
    again = await now.of(clinic).create(request, "a-key")
    assert (again.status_code, again.json()) == (201, booked.json())
    assert again.headers["idempotent-replayed"] == "true"


async def test_another_service_with_the_same_key_is_another_request(api: Api) -> None:
    clinic = api.of(CLINIC)
    await clinic.create(of_service("check-up"), "a-key")
    for other in (
        of_service("surgery"),
        of_service("massage"),
        {**NINE, "duration_minutes": 45},
        of_service("talk", duration_minutes=45),
    ):
        problem(await clinic.create(other, "a-key"), 422, "idempotency_key_reused")


async def test_a_key_with_which_nothing_was_booked_can_be_used_once_it_can_be(api: Api) -> None:
    request = of_service("check-up")
    problem(await api.create(request, "a-key"), 404, "unknown_service")
    assert (await api.of(CLINIC).create(request, "a-key")).status_code == 201


# Doctors who take no appointments any more


async def test_a_retired_doctor_is_unknown_to_bookings_and_keeps_what_is_booked(api: Api) -> None:
    api = await employ(api, None)
    booked = await api.book("2050-11-21T09:00", doctor_id="doom")
    other = await api.book("2050-11-21T10:00", doctor_id="who")
    api = await employ(api, None, retired=True)
    for key in (None, "a-key"):
        problem(await api.ask(key, doctor_id="doom"), 404, "unknown_doctor")
    problem(await api.validate({**MONDAY_AT_NINE, "doctor_id": "doom"}), 404, "unknown_doctor")
    to_doom = await api.reschedule(other, "2050-11-22T09:00", doctor_id="doom")
    assert '"who"' in problem(to_doom, 404, "unknown_doctor")["detail"]
    problem(await api.reschedule(booked, "2050-11-22T09:00"), 404, "unknown_doctor")
    assert await api.found(booked) == booked
    assert (await api.update(booked, reason="check-up")).status_code == 200
    moved = await api.move(booked, "2050-11-22T09:00", doctor_id="who")
    assert (await api.cancel(moved)).status_code == 200
