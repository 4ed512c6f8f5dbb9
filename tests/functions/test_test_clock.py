"""The test clock: `Test-Now` is the present to the rules, where it is on, and to nothing else."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from shared.store.port import Keys
from tests.builders import at
from tests.functions.api import (
    MONDAY_AT_NINE,
    ON_BOTH_STORES,
    SETTINGS,
    SIGNED_IN,
    Api,
    Json,
    field_errors,
    problem,
)
from tests.functions.callers import ADA, Known

MONDAY = "2050-11-21T14:10:00Z"
"""Ten past nine with Doctor Strange."""


@pytest.fixture
def clock(api: Api) -> Api:
    """An instance on which the test clock is on."""
    return Api(replace(api.dependencies, settings=replace(SETTINGS, test_clock=True)), api.clock)


def now(text: str) -> dict[str, str]:
    return {"Test-Now": text}


async def test_it_is_the_present_to_bookings_marks_and_searches(clock: Api) -> None:
    late = await clock.post("create_appointment", MONDAY_AT_NINE, None, now(MONDAY))
    problem(late, 422, "in_the_past")
    late = await clock.post("validate_appointment", MONDAY_AT_NINE, None, now(MONDAY))
    problem(late, 422, "in_the_past")
    booked = (await clock.ask()).json()
    body: Json = {"appointment_id": booked["id"]}
    for function, fields in (
        ("cancel_appointment", {}),
        ("reschedule_appointment", {"start": "2050-11-22T09:00"}),
    ):
        problem(
            await clock.post(function, body | fields, None, now(MONDAY)), 422, "already_started"
        )
    problem(await clock.mark(booked, "no_show"), 422, "too_early")
    marked = await clock.post("mark_appointment", {**body, "status": "no_show"}, None, now(MONDAY))
    assert marked.json()["freed_from"] == "2050-11-21T09:10:00-05:00"
    assert marked.json()["updated_at"] == "2050-11-21T09:10:00-05:00"
    first = await clock.client.get("/first_available?doctor_id=who", headers=now(MONDAY))
    assert first.json()["openings"][0]["start"] == "2050-11-21T14:10:00Z"


async def test_it_is_the_present_to_series_and_what_is_left_of_them(clock: Api) -> None:
    daily: Json = {**MONDAY_AT_NINE, "rule": "FREQ=DAILY;COUNT=3", "if_unavailable": "skip"}
    series = (await clock.post("create_series", daily, None, now(MONDAY))).json()
    assert [each["code"] for each in series["skipped"]] == ["in_the_past"]
    body: Json = {"series_id": series["series_id"]}
    tuesday = now("2050-11-22T14:10:00Z")
    ended = (await clock.post("cancel_series", body, None, tuesday)).json()
    assert [each["start"][:10] for each in ended["cancelled"]] == ["2050-11-23"]
    assert ended["kept"] == []


def of_ada(api: Api) -> Api:
    """An instance on which the test clock is on, and whose callers are all Ada."""
    settings = replace(SIGNED_IN, test_clock=True)
    known = replace(api.dependencies, authenticator=Known(ADA), settings=settings)
    return Api(known, api.clock)


async def test_it_does_not_tell_how_often_an_account_may_be_erased(api: Api) -> None:
    ada, answers = of_ada(api), []
    for year in range(2035, 2039):
        await ada.book("2050-11-21T14:00")
        erased = now(f"{year}-11-21T14:10:00Z")
        answers.append(await ada.post("erase_patient", {"patient_id": "me"}, None, erased))
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]


async def test_in_its_past_a_patient_is_with_one_doctor_at_once_too(api: Api) -> None:
    years_ago = now("2040-11-19T14:10:00Z")
    body = {"start": "2040-11-21T14:00Z", "duration_minutes": 30, "patient": {"name": "Ada"}}
    ada = of_ada(api)
    hers = await ada.post("create_appointment", {"doctor_id": "strange", **body}, None, years_ago)
    assert hers.status_code == 201
    other = await ada.post("create_appointment", {"doctor_id": "who", **body}, None, years_ago)
    problem(other, 409, "patient_busy")


@pytest.mark.parametrize(
    "text", ["2050-11-21T14:10:00Z", "2050-11-21t09:10:00.000-05:00", "2050-11-21T14:10Z"]
)
async def test_an_instant_is_written_in_any_way_of_rfc_3339(clock: Api, text: str) -> None:
    first = await clock.client.get("/first_available?doctor_id=who", headers=now(text))
    assert first.json()["openings"][0]["start"] == "2050-11-21T14:10:00Z"


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "2050-11-21", "2050-11-21T14:10:00", "2050-11-31T14:10:00Z", "0"),
        *("1899-12-31T23:59:00Z", "9001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59"),
        *("2050-11-21 14:10:00Z", "2050-11-21T14:10:00 01:00", "2050-11-21T24:00:00Z"),
    ],
)
async def test_what_names_no_instant_is_refused(clock: Api, text: str) -> None:
    refused = await clock.post("create_appointment", MONDAY_AT_NINE, None, now(text))
    assert field_errors(refused) == [("Test-Now", "time")]
    assert "with an offset" in refused.json()["detail"]
    refused = await clock.client.get("/first_available", headers=now(text))
    assert field_errors(refused) == [("Test-Now", "time")]


async def test_two_presents_are_refused(clock: Api) -> None:
    twice = [("Test-Now", MONDAY), ("Test-Now", MONDAY)]
    refused = await clock.client.get("/first_available", headers=twice)
    assert field_errors(refused) == [("Test-Now", "time")]


@pytest.mark.parametrize("year", ["1900", "9000"])
async def test_at_both_ends_of_time_there_is_an_answer(clock: Api, year: str) -> None:
    present, start = now(f"{year}-06-01T00:00:00Z"), f"{year}-06-15T10:00"
    for body in ({**MONDAY_AT_NINE, "start": start}, MONDAY_AT_NINE):
        response = await clock.post("create_appointment", body, None, present)
        assert response.status_code in (201, 422), response.text
        assert response.json().get("code") != "internal_error"
    first = await clock.client.get("/first_available", headers=present)
    assert first.status_code == 200


@pytest.mark.parametrize("text", [MONDAY, "nonsense"])
async def test_where_it_is_off_the_header_is_ignored(api: Api, text: str) -> None:
    booked = await api.post("create_appointment", MONDAY_AT_NINE, None, now(text))
    assert booked.status_code == 201
    assert booked.json()["created_at"] == "2050-11-18T07:00:00-05:00"


# What it is not


@ON_BOTH_STORES
async def test_a_key_is_remembered_by_the_server_s_clock(clock: Api) -> None:
    for present in ("2050-11-18T12:00:00Z", "2050-11-20T12:00:00Z", "2049-01-01T00:00:00Z"):
        booked = await clock.post("create_appointment", MONDAY_AT_NINE, "a-key", now(present))
        assert booked.status_code == 201
    assert booked.headers["idempotent-replayed"] == "true"
    clock.clock.now += timedelta(hours=49)
    again = await clock.post(
        "create_appointment", MONDAY_AT_NINE, "a-key", now("2050-11-18T12:00:00Z")
    )
    problem(again, 409, "slot_taken")


async def test_a_move_s_key_is_remembered_by_it_too(clock: Api) -> None:
    booked = (await clock.ask()).json()
    body = {"appointment_id": booked["id"], "start": "2050-11-22T09:00"}
    for present in ("2050-11-18T12:00:00Z", "2050-11-21T12:00:00Z"):
        moved = await clock.post("reschedule_appointment", body, "a-key", now(present))
        assert (moved.status_code, moved.json()["version"]) == (200, 2)


async def test_a_patient_s_changes_of_a_day_are_counted_by_it(api: Api) -> None:
    ada = of_ada(api)
    for number in range(30):
        present = now(f"2050-11-{18 + number % 3}T12:00:00Z")
        booked = (await ada.post("create_appointment", MONDAY_AT_NINE, None, present)).json()
        await ada.post("cancel_appointment", {"appointment_id": booked["id"]}, None, present)
    for day in (18, 19, 20):
        present = now(f"2050-11-{day}T13:00:00Z")
        refused = await ada.post("create_appointment", MONDAY_AT_NINE, None, present)
        problem(refused, 429, "too_many_requests")
    assert refused.headers["retry-after"] == "86400"


@ON_BOTH_STORES
async def test_what_is_moved_by_it_out_of_a_patient_s_past_is_listed_where_it_is(api: Api) -> None:
    clock = Api(replace(api.dependencies, settings=replace(SETTINGS, test_clock=True)), api.clock)
    of_ada: Json = {"patient": {"name": "Ada", "id": "ada"}, "doctor_id": "strange"}
    then = now("2049-01-01T12:00:00Z")
    days = ("2049-03-03", "2049-03-04", "2049-03-05")
    asked = [{**MONDAY_AT_NINE, **of_ada, "start": f"{day}T09:00"} for day in days]
    booked = [(await clock.post("create_appointment", each, None, then)).json() for each in asked]
    # By the real present they have ended long ago, and go to the history.
    assert (await clock.ask(**of_ada)).status_code == 201
    body = {"appointment_id": booked[0]["id"], "start": "2049-06-03T10:00"}
    moved = (await clock.post("reschedule_appointment", body, None, then)).json()
    window = {"patient_id": "ada", "start": "2049-02-01", "end": "2049-12-31"}
    page = (await clock.page(window)).json()
    assert page["appointments"] == [booked[1], booked[2], moved]
    in_june = (await clock.page({**window, "start": "2049-06-01"})).json()
    assert in_june["appointments"] == [moved]


async def test_nothing_is_dropped_from_a_patient_s_schedule_by_it(api: Api) -> None:
    settings = replace(SIGNED_IN, test_clock=True)
    ada = Api(replace(api.dependencies, authenticator=Known(ADA), settings=settings), api.clock)
    first = (await ada.ask()).json()
    later = {**MONDAY_AT_NINE, "start": "2050-12-21T09:00"}
    await ada.post("create_appointment", later, None, now("2050-12-01T12:00:00Z"))
    assert ADA.patient
    async with api.dependencies.store.snapshot() as snapshot:
        state = await snapshot.load(Keys(patients=[ADA.patient]))
    assert len(state.patients[ADA.patient].value.appointments) == 2
    busy = {"doctor_id": "who", "start": "2050-11-21T14:15Z"}
    problem(await ada.ask(**busy), 409, "patient_busy")
    assert at(first["start"]) == at("2050-11-21T14:00Z")
