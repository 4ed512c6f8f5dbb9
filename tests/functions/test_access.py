"""Who may do what: every function by every kind of caller, about their own, others' and nobody's.

That one kind may do something, and another may not, is written down here and nowhere else.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from shutil import copy

import httpx
import pytest

from shared.access.caller import ANONYMOUS, Caller
from shared.access.permissions import PERMISSIONS, may_see
from shared.http.health_checks import store_health
from shared.runtime.endpoints import endpoints
from tests.builders import appointment, at
from tests.functions.api import (
    MONDAY_AT_NINE,
    NINE,
    ON_BOTH_STORES,
    Api,
    Json,
    opened,
    problem,
)
from tests.functions.callers import ADA, BOB, CALLERS, CLERK, OTHER_DOCTOR, STEPHEN
from tests.functions.reads import fresh

UNKNOWN = "strange.20501121.0123456789abcdef01234567"
WEEK = {"start": "2050-11-21", "end": "2050-11-27"}
AWAY = {"kind": "time_off", "start": "2050-11-22", "end": "2050-11-22"}
DAILY = {"rule": "FREQ=DAILY;COUNT=2"}
OF_ADA: Json = {**MONDAY_AT_NINE, "patient": {"name": "Ada", "id": "ada"}}

# A request, in which HERS stands for an appointment of Ada's with Doctor Strange, HER_SERIES for a
# series, HER_LINK for the link to her doctor's calendar, and what each of CALLERS is answered:
# anonymous, Ada, Bob, her doctor, another doctor, a clerk.
HERS, HER_SERIES, HER_LINK = "HERS", "HER_SERIES", "HER_LINK"
NEXT = "2050-11-22T09:00"
REQUESTS: list[tuple[str, Json, str]] = [
    ("first_available", {}, "200 200 200 200 200 200"),
    ("list_doctors", {}, "200 200 200 200 200 200"),
    ("list_services", {}, "200 200 200 200 200 200"),
    ("list_openings", {**WEEK, "duration_minutes": 30}, "200 200 200 200 200 200"),
    ("get_appointment", {"appointment_id": HERS}, "401 200 404 200 404 200"),
    ("get_appointment", {"appointment_id": UNKNOWN}, "401 404 404 404 404 404"),
    ("cancel_appointment", {"appointment_id": HERS}, "401 200 404 200 404 200"),
    ("cancel_appointment", {"appointment_id": UNKNOWN}, "401 404 404 404 404 404"),
    (
        "reschedule_appointment",
        {"appointment_id": HERS, "start": NEXT},
        "401 200 404 200 404 200",
    ),
    (
        "reschedule_appointment",
        {"appointment_id": HERS, "start": NEXT, "doctor_id": "who"},
        "401 200 404 403 404 200",
    ),
    (
        "reschedule_appointment",
        {"appointment_id": UNKNOWN, "start": NEXT},
        "401 404 404 404 404 404",
    ),
    (
        "reschedule_appointment",
        {"appointment_id": HERS, "start": NEXT, "allow": []},
        "401 403 403 200 404 200",
    ),
    (
        "reschedule_appointment",
        {"appointment_id": UNKNOWN, "start": NEXT, "allow": ["too_soon"]},
        "401 403 403 404 404 404",
    ),
    ("update_appointment", {"appointment_id": HERS, "reason": "x"}, "401 200 404 200 404 200"),
    ("update_appointment", {"appointment_id": UNKNOWN, "reason": "x"}, "401 404 404 404 404 404"),
    (
        "update_appointment",
        {"appointment_id": HERS, "patient": {"name": "Ada", "id": "ada"}},
        "401 200 403 200 404 200",
    ),
    (
        "update_appointment",
        {"appointment_id": HERS, "patient": {"name": "Bob", "id": "bob|2"}},
        "401 403 404 400 404 400",
    ),
    # Too early, for whoever may.
    ("mark_appointment", {"appointment_id": HERS, "status": "arrived"}, "401 403 403 422 403 422"),
    (
        "mark_appointment",
        {"appointment_id": UNKNOWN, "status": "arrived"},
        "401 403 403 404 403 404",
    ),
    ("mark_appointment", {"appointment_id": "x", "status": "arrived"}, "401 403 403 403 403 404"),
    (
        "create_appointment",
        {**MONDAY_AT_NINE, "start": NEXT, "allow": []},
        "401 403 403 201 403 201",
    ),
    (
        "validate_appointment",
        {**MONDAY_AT_NINE, "start": NEXT, "allow": ["patient_busy"]},
        "401 403 403 200 403 200",
    ),
    ("create_appointment", {**MONDAY_AT_NINE, "start": NEXT}, "401 201 201 201 403 201"),
    ("create_appointment", {**OF_ADA, "start": NEXT}, "401 201 403 201 403 201"),
    ("validate_appointment", {**MONDAY_AT_NINE, "start": NEXT}, "401 200 200 200 403 200"),
    ("validate_appointment", {**OF_ADA, "start": NEXT}, "401 200 403 200 403 200"),
    ("list_appointments", {**WEEK, "doctor_id": "strange"}, "401 403 403 200 403 200"),
    ("list_appointments", {**WEEK, "doctor_id": "who"}, "401 403 403 403 200 200"),
    ("list_appointments", {**WEEK, "doctor_id": "doom"}, "401 403 403 403 403 404"),
    ("list_appointments", {**WEEK, "doctor_id": "*"}, "401 403 403 403 403 200"),
    ("list_appointments", {**WEEK, "doctor_id": ["strange", "who"]}, "401 403 403 403 403 200"),
    ("list_appointments", {**WEEK, "doctor_id": ["strange"] * 2}, "401 403 403 200 403 200"),
    ("list_appointments", {**WEEK, "patient_id": "me"}, "401 200 200 403 403 400"),
    ("list_appointments", {**WEEK, "patient_id": "ada"}, "401 403 403 403 403 200"),
    ("list_appointments", {**WEEK, "patient_id": "nobody"}, "401 403 403 403 403 200"),
    ("export_patient", {"patient_id": "me"}, "401 200 200 403 403 400"),
    ("export_patient", {"patient_id": "ada"}, "401 403 403 403 403 200"),
    ("export_patient", {"appointment_ids": [HERS]}, "401 403 403 403 403 400"),
    ("export_patient", {"appointment_ids": [UNKNOWN]}, "401 403 403 403 403 404"),
    ("erase_patient", {"patient_id": "me"}, "401 200 200 403 403 400"),
    ("erase_patient", {"patient_id": "ada"}, "401 403 403 403 403 200"),
    ("erase_patient", {"appointment_ids": [HERS]}, "401 403 403 403 403 400"),
    ("erase_patient", {"appointment_ids": [UNKNOWN]}, "401 403 403 403 403 404"),
    ("create_override", {**AWAY, "doctor_id": "strange"}, "401 403 403 201 403 201"),
    ("create_override", {**AWAY, "doctor_id": "who"}, "401 403 403 403 201 201"),
    ("create_override", {**AWAY, "doctor_id": "doom"}, "401 403 403 403 403 404"),
    ("list_overrides", {**WEEK, "doctor_id": "strange"}, "401 403 403 200 403 200"),
    ("list_overrides", {**WEEK, "doctor_id": "who"}, "401 403 403 403 200 200"),
    ("list_overrides", {**WEEK, "doctor_id": "doom"}, "401 403 403 403 403 404"),
    ("delete_override", {"override_id": "strange.override.a"}, "401 403 403 404 403 404"),
    ("delete_override", {"override_id": "who.override.a"}, "401 403 403 403 404 404"),
    ("delete_override", {"override_id": "doom.override.a"}, "401 403 403 403 403 404"),
    ("delete_override", {"override_id": "doom"}, "401 403 403 403 403 404"),
    ("hold_time", {**NINE, "start": NEXT}, "401 201 201 201 403 201"),
    ("hold_time", {**NINE, "doctor_id": "doom"}, "401 404 404 403 403 404"),
    ("release_hold", {"hold_id": "strange.20501121.hold.a"}, "401 200 200 200 200 200"),
    ("create_series", {**MONDAY_AT_NINE, "start": NEXT, **DAILY}, "401 201 201 201 403 201"),
    ("create_series", {**OF_ADA, "start": NEXT, **DAILY}, "401 201 403 201 403 201"),
    (
        "create_series",
        {**MONDAY_AT_NINE, "start": NEXT, **DAILY, "allow": []},
        "401 403 403 201 403 201",
    ),
    ("cancel_series", {"series_id": HER_SERIES}, "401 200 404 200 404 200"),
    ("cancel_series", {"series_id": "strange.series.a"}, "401 404 404 404 404 404"),
    ("cancel_series", {"series_id": "x"}, "401 404 404 404 404 404"),
    ("appointment_calendar", {"appointment_id": HERS}, "401 200 404 200 404 200"),
    ("appointment_calendar", {"appointment_id": UNKNOWN}, "401 404 404 404 404 404"),
    ("create_calendar_link", {"doctor_id": "strange"}, "401 403 403 201 403 201"),
    ("create_calendar_link", {"doctor_id": "who", "renew": True}, "401 403 403 403 201 201"),
    ("create_calendar_link", {"doctor_id": "doom"}, "401 403 403 403 403 404"),
    ("doctor_calendar", {"token": HER_LINK}, "200 200 200 200 200 200"),
    ("doctor_calendar", {"token": "strange.guessed"}, "404 404 404 404 404 404"),
    ("deliver_events", {}, "401 403 403 403 403 200"),
]
MATRIX = [
    pytest.param(function, request_, statuses, id=f"{function} {number}")
    for number, (function, request_, statuses) in enumerate(REQUESTS)
]
CODES = {400: "invalid_request", 401: "unauthenticated", 403: "forbidden"}


def about(request: Json, appointment_id: str, series_id: str = "", token: str = "") -> Json:
    """A request in which these ids stand for HERS and HER_SERIES, and the token for HER_LINK."""
    put_in: dict[object, object] = {HERS: appointment_id, HER_SERIES: series_id, HER_LINK: token}
    return {
        name: [put_in.get(v, v) for v in value]
        if isinstance(value, list)
        else value
        if isinstance(value, dict)
        else put_in.get(value, value)
        for name, value in request.items()
    }


async def answer(api: Api, function: str, request: Json) -> httpx.Response:
    """What a function answers a request, whichever its method is."""
    if endpoints()[function].method == "GET":
        return await api.client.get(f"/{function}", params=request)
    return await api.post(function, request)


def test_every_function_has_its_row_in_the_table_of_permissions_and_in_this_one() -> None:
    assert PERMISSIONS.keys() == {*endpoints(), store_health.name}
    assert {function for function, _, _ in REQUESTS} == endpoints().keys()


@pytest.mark.parametrize(("function", "request_", "statuses"), MATRIX)
async def test_who_may_do_what(
    new_store: Path, tmp_path: Path, function: str, request_: Json, statuses: str
) -> None:
    expected = dict(zip(CALLERS, map(int, statuses.split()), strict=True))
    changing = endpoints()[function].method == "POST"
    granted = [[name] for name in CALLERS if changing and expected[name] < 400]
    others = [name for name in CALLERS if [name] not in granted]
    # A store for each that changes something, and one for all others: they find it unchanged.
    for number, names in enumerate([others, *granted]):
        async with opened(Path(copy(new_store, tmp_path / str(number)))) as api:
            asked = await about_hers(api, request_)
            for name in names:
                response = await answer(api.by(CALLERS[name]), function, asked)
                check_status(response, expected[name], name)


async def about_hers(api: Api, request: Json) -> Json:
    """The request, about what it names, which is there from now on."""
    hers = await api.by(ADA).book("2050-11-21T14:00")
    ids = [hers["id"]]
    if HER_SERIES in request.values():
        series = await api.by(ADA).book_series("FREQ=DAILY;COUNT=2", start="2050-11-23T09:00")
        ids.append(series["series_id"])
    if HER_LINK in request.values():
        link = await api.by(CLERK).post("create_calendar_link", {"doctor_id": "strange"})
        ids += ["", link.json()["token"]]
    return about(request, *ids)


def check_status(response: httpx.Response, status: int, caller: str) -> None:
    assert (caller, response.status_code) == (caller, status), response.text
    if status in CODES:
        problem(response, status, CODES[status])
    assert response.headers.get("www-authenticate") == ("Bearer" if status == 401 else None)


# What one may not see is not there


async def booked(api: Api) -> Json:
    return await api.by(ADA).book("2050-11-21T14:00")


async def moved(api: Api) -> Json:
    return await api.by(ADA).move(await booked(api), "2050-11-23T14:00")


async def moved_to_another(api: Api) -> Json:
    there = {"start": "2050-11-23T14:00Z", "doctor_id": "who"}
    hers = await api.by(ADA).move(await booked(api), **there)
    return await api.by(ADA).move(hers, "2050-11-24T14:00Z")


async def cancelled(api: Api) -> Json:
    hers = await booked(api)
    await api.by(ADA).cancel(hers, reason="well again")
    return hers


async def cancelled_elsewhere(api: Api) -> Json:
    hers = await moved_to_another(api)
    await api.by(ADA).cancel(hers, reason="well again")
    return hers


BY_ID: list[tuple[str, Json]] = [
    ("get_appointment", {}),
    ("appointment_calendar", {}),
    ("cancel_appointment", {"reason": "x"}),
    ("update_appointment", {"reason": "x"}),
    ("reschedule_appointment", {"start": "2050-11-25T14:00Z"}),
    ("reschedule_appointment", {"start": "2051-03-12T02:30"}),
]


@ON_BOTH_STORES
@pytest.mark.parametrize("make", [booked, moved, moved_to_another, cancelled, cancelled_elsewhere])
@pytest.mark.parametrize(("function", "request_"), BY_ID)
async def test_what_belongs_to_others_is_answered_like_what_does_not_exist(
    api: Api, function: str, request_: Json, make: object
) -> None:
    assert callable(make)
    theirs = (await make(api))["id"]
    elsewhere = make in (moved_to_another, cancelled_elsewhere)
    strangers = [BOB] if elsewhere else [BOB, OTHER_DOCTOR]
    for stranger in strangers:
        documents: list[Json] = []
        headers: list[Json] = []
        reads: list[int] = []
        for name in (theirs, UNKNOWN):
            async with fresh(api, stranger, reads) as instance:
                response = await answer(instance, function, {"appointment_id": name, **request_})
            assert response.status_code == 404
            documents.append({**response.json(), "instance": ""})
            headers.append({**response.headers, "request-id": ""})
        assert documents[0] == documents[1]
        assert headers[0] == headers[1]
        assert reads[0] == reads[1] > 0


@ON_BOTH_STORES
@pytest.mark.parametrize("make", [booked, moved, cancelled])
async def test_of_other_schedules_a_doctor_is_not_told_what_there_is_to_mark(
    api: Api, make: Callable[[Api], Awaitable[Json]]
) -> None:
    documents: list[Json] = []
    reads: list[int] = []
    for name in ((await make(api))["id"], UNKNOWN):
        async with fresh(api, OTHER_DOCTOR, reads) as instance:
            response = await instance.mark({"id": name}, "arrived")
        assert problem(response, 403, "forbidden").keys() == {"detail"}
        documents.append({**response.json(), "instance": ""})
    assert documents[0] == documents[1]
    assert reads[0] == reads[1] > 0


@ON_BOTH_STORES
@pytest.mark.parametrize("make", [moved_to_another, cancelled_elsewhere])
async def test_what_has_moved_to_another_doctor_is_as_forbidden_to_mark_as_any_other_s(
    api: Api, make: Callable[[Api], Awaitable[Json]]
) -> None:
    details: list[Json] = []
    for caller, name in ((STEPHEN, (await make(api))["id"]), (OTHER_DOCTOR, UNKNOWN)):
        response = await api.by(caller).mark({"id": name}, "arrived")
        details.append(problem(response, 403, "forbidden"))
    assert details[0] == details[1]
    problem(await api.by(STEPHEN).mark({"id": UNKNOWN}, "arrived"), 404, "unknown_appointment")


async def test_what_has_moved_to_another_doctor_is_that_doctor_s_to_mark(api: Api) -> None:
    hers = await moved_to_another(api)
    api.clock.now = at("2050-11-24T14:00Z")
    problem(await api.by(STEPHEN).mark(hers, "arrived"), 403, "forbidden")
    assert (await api.by(OTHER_DOCTOR).mark(hers, "arrived")).status_code == 200


def test_who_showed_no_token_sees_no_appointment() -> None:
    there = appointment("2050-11-21T15:00Z", "2050-11-21T15:30Z")
    assert not may_see(ANONYMOUS, there)
    assert not may_see(ADA, there)


async def test_a_doctor_loses_sight_of_what_moves_to_another(api: Api) -> None:
    hers = await booked(api)
    assert (await api.by(STEPHEN).get({"appointment_id": hers["id"]})).status_code == 200
    await api.by(CLERK).move(hers, "2050-11-23T14:00Z", doctor_id="who")
    assert (await api.by(STEPHEN).get({"appointment_id": hers["id"]})).status_code == 404
    assert (await api.by(OTHER_DOCTOR).get({"appointment_id": hers["id"]})).status_code == 200


async def test_an_id_of_a_doctor_that_is_none_costs_no_second_read(api: Api) -> None:
    reads: list[int] = []
    async with fresh(api, CLERK, reads) as instance:
        for _ in range(2):
            await instance.ask(doctor_id="doom")
            await instance.page({**WEEK, "doctor_id": "doom"})
            await instance.first("doctor_id=doom")
    assert reads[3:] == [0, 0, 0]


# Whose a booking is


async def test_a_patient_books_for_their_own_account_whether_they_say_so_or_not(api: Api) -> None:
    first = (await api.by(ADA).ask()).json()
    second = (await api.by(ADA).ask(**{**OF_ADA, "start": NEXT})).json()
    assert first["patient"] == {"id": "ada", "name": "Ada Lovelace"}
    assert second["patient"] == {"id": "ada", "name": "Ada"}
    validated = await api.by(ADA).validate({**MONDAY_AT_NINE, "start": "2050-11-23T09:00"})
    assert validated.json()["patient"] == first["patient"]


@pytest.mark.parametrize("caller", [STEPHEN, CLERK], ids=["doctor", "staff"])
async def test_doctors_and_staff_book_for_an_account_or_for_nobody_s(
    api: Api, caller: Caller
) -> None:
    for_ada = (await api.by(caller).ask(**OF_ADA)).json()
    for_nobody = (await api.by(caller).ask(start=NEXT)).json()
    assert for_ada["patient"] == {"id": "ada", "name": "Ada"}
    assert for_nobody["patient"] == {"name": "Ada Lovelace"}
    assert await api.by(ADA).found(for_ada) == for_ada
    assert (await api.by(ADA).get({"appointment_id": for_nobody["id"]})).status_code == 404


async def test_where_nobody_is_asked_who_they_are_an_account_that_is_given_counts(api: Api) -> None:
    await api.create(OF_ADA)
    there = {"start": "2050-11-21T14:15Z", "doctor_id": "who"}
    problem(await api.ask(**{**OF_ADA, **there}), 409, "patient_busy")
    listed = await api.page({**WEEK, "patient_id": "ada"})
    assert [a["patient"]["id"] for a in listed.json()["appointments"]] == ["ada"]
    # It is another account than that of a token's subject: nobody verified it.
    assert (await api.by(ADA).page({**WEEK, "patient_id": "me"})).json()["appointments"] == []


async def test_an_account_may_have_any_visible_name_of_ascii(api: Api) -> None:
    name = "".join(map(chr, range(0x21, 0x7F))).ljust(255, "/")
    booked = (await api.by(CLERK).ask(patient={"name": "Ada", "id": name})).json()
    assert booked["patient"]["id"] == name
    listed = await api.by(CLERK).page({**WEEK, "patient_id": name})
    assert listed.json()["appointments"] == [booked]


# Keys of idempotency


async def test_the_same_key_of_two_callers_is_two_keys(api: Api) -> None:
    hers = (await api.by(ADA).ask("k", start="2050-11-21T09:00")).json()
    stolen = await api.by(BOB).ask("k", start="2050-11-21T09:00")
    assert "conflicts" in problem(stolen, 409, "slot_taken")
    his = await api.by(BOB).ask("k", start="2050-11-21T10:00")
    assert his.status_code == 201
    again = await api.by(ADA).ask("k", start="2050-11-21T09:00")
    assert (again.json(), again.headers["idempotent-replayed"]) == (hers, "true")
