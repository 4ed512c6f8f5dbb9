"""erase_patient: nothing is left of a patient, however often it is cut off."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from shared.access.caller import Caller
from shared.model.appointment import Appointment
from shared.model.elsewhere import ElsewhereKey
from shared.model.hold import holder_of
from shared.store.port import Keys
from tests import builders
from tests.builders import at, schedule
from tests.functions.api import (
    MONDAY_AT_NINE,
    ON_BOTH_STORES,
    Api,
    Json,
    calling,
    field_errors,
    problem,
)
from tests.functions.callers import ADA, BOB, CLERK, STEPHEN
from tests.functions.faults import failing

ERASED = {"name": "erased"}
PERSON: Json = {
    "name": "Ada Lovelace",
    "email": "lovelace@example.org",
    "phone": "+44 1815 121852",
}
WHY, WHY_NOT = "a note on engines", "analytical after all"
TEXTS = ("Lovelace", "lovelace", "121852", WHY, WHY_NOT, '"ada"')
LIST: Json = {"start": "2050-11-01", "end": "2051-03-01", "status": "all"}


async def life(api: Api) -> dict[str, Json]:
    """Appointments of Ada's of all kinds, one of which is running."""
    ada = api.by(ADA)

    async def book(start: str, minutes: int = 30) -> Json:
        wish = {"start": start, "duration_minutes": minutes, "patient": PERSON, "reason": WHY}
        booked: Json = (await ada.ask(f"key-{start}", **wish)).json()
        return booked

    made = {
        "ended": await book("2050-11-21T09:00"),
        "ended elsewhere": await book("2050-11-22T09:00"),
        "cancelled": await book("2050-11-23T09:00"),
        "running": await book("2050-12-05T09:00", minutes=240),
        "ahead": await book("2050-12-06T09:00"),
        "ahead elsewhere": await book("2051-01-17T09:00"),
    }
    await ada.move(made["ended elsewhere"], "2050-11-25T08:00", doctor_id="who")
    await ada.move(made["ahead elsewhere"], "2051-01-20T08:00", doctor_id="who")
    await ada.cancel(made["cancelled"], reason=WHY_NOT)
    api.clock.now = at("2050-12-05T15:00Z")
    made["last"] = await book("2051-02-20T09:00")
    return made


async def found(api: Api, made: Mapping[str, Json]) -> dict[str, Json]:
    return {name: await api.by(CLERK).found(appointment) for name, appointment in made.items()}


def check_erased(now: Mapping[str, Json]) -> None:
    """Nothing of Ada's is in her appointments, and those that lay ahead are cancelled."""
    for appointment in now.values():
        assert appointment["patient"] == ERASED
        assert not {"reason", "cancellation_reason"} & appointment.keys()
    cancelled = {name for name, each in now.items() if each["status"] == "cancelled"}
    assert cancelled == {"cancelled", "ahead", "ahead elsewhere", "last"}
    assert now["ahead"]["cancelled_at"] == "2050-12-05T10:00:00-05:00"
    assert now["cancelled"]["cancelled_at"] == "2050-11-18T07:00:00-05:00"


@ON_BOTH_STORES
@pytest.mark.parametrize(
    ("caller", "whose"), [(ADA, "me"), (CLERK, "ada")], ids=["by-oneself", "by-staff"]
)
async def test_names_and_texts_are_gone_and_what_lies_ahead_is_cancelled(
    api: Api, caller: Caller, whose: str
) -> None:
    made = await life(api)
    his = await api.by(BOB).book("2050-12-06T10:00")
    response = await api.by(caller).erase(patient_id=whose)
    assert (response.status_code, response.json()) == (200, {"appointments": 7})
    check_erased(await found(api, made))
    assert (await api.by(ADA).page({**LIST, "patient_id": "me"})).json()["appointments"] == []
    for appointment in made.values():
        look_up = {"appointment_id": appointment["id"]}
        assert (await api.by(ADA).get(look_up)).status_code == 404
    assert await api.by(BOB).found(his) == his
    # Her times are free again, and she may come back.
    assert (await api.by(BOB).ask(start="2051-02-20T09:00")).status_code == 201
    assert (await api.by(ADA).ask(start="2050-12-06T09:00")).status_code == 201


@ON_BOTH_STORES
async def test_to_erase_again_finds_nothing_and_changes_nothing(api: Api) -> None:
    made = await life(api)
    await api.by(ADA).erase(patient_id="me")
    before = await found(api, made)
    api.clock.now = at("2050-12-07T12:00Z")
    for caller, whose in ((ADA, "me"), (CLERK, "ada"), (CLERK, "nobody"), (BOB, "me")):
        again = await api.by(caller).erase(patient_id=whose)
        assert (again.status_code, again.json()) == (200, {"appointments": 0})
    assert await found(api, made) == before


async def test_no_text_is_left_anywhere_in_the_file(api: Api, tmp_path: Path) -> None:
    await life(api)
    assert {text for text in TEXTS if text in dumped(tmp_path)} == {*TEXTS}
    await api.by(ADA).erase(patient_id="me")
    assert {text for text in TEXTS if text in dumped(tmp_path)} == set()


def dumped(folder: Path) -> str:
    """All rows of all tables."""
    with closing(sqlite3.connect(folder / "appointments.db")) as file:
        return "\n".join(file.iterdump())


async def test_what_a_newer_version_added_is_gone_too(api: Api) -> None:
    newer = builders.appointment("2050-11-21T15:00Z", "2050-11-21T15:30Z", "strange.20501121.x")
    told = newer.interval.start.replace(tzinfo=None)
    newer = newer._replace(unknown_fields=b'{"blood_group":"AB"}', told_start=told)
    await api.put(schedule("2050-11-21", newer))
    await api.by(CLERK).erase(appointment_ids=[newer.id])
    async with api.dependencies.store.snapshot() as snapshot:
        key = ElsewhereKey("strange", newer.id)
        there = (await snapshot.load(Keys(elsewhere=[key]))).elsewhere[key].value
    assert isinstance(there, Appointment)
    assert (there.unknown_fields, there.told_start) == (None, None)


# What was given out before


@ON_BOTH_STORES
async def test_a_key_of_an_erased_booking_books_nothing(api: Api) -> None:
    await life(api)
    wish = {"duration_minutes": 30, "patient": PERSON, "reason": WHY, "start": "2051-02-20T09:00"}
    assert (await api.by(ADA).ask("key-2051-02-20T09:00", **wish)).status_code == 201
    await api.by(ADA).erase(patient_id="me")
    again = await api.by(ADA).ask("key-2051-02-20T09:00", **wish)
    assert "erased" in problem(again, 422, "idempotency_key_reused")["detail"]
    assert (await api.by(ADA).page({**LIST, "patient_id": "me"})).json()["appointments"] == []


SERIES: Json = {"rule": "FREQ=DAILY;COUNT=3", "patient": PERSON, "reason": WHY}


@ON_BOTH_STORES
async def test_a_key_of_an_erased_series_books_nothing(api: Api) -> None:
    ada = api.by(ADA)
    series = await ada.book_series(key="key", **SERIES)
    assert (await ada.ask_series(key="key", **SERIES)).json() == series
    assert (await ada.erase(patient_id="me")).json() == {"appointments": 3}
    problem(await ada.ask_series(key="key", **SERIES), 422, "idempotency_key_reused")
    problem(await ada.cancel_series(series), 404, "unknown_series")
    assert (await ada.page({**LIST, "patient_id": "me"})).json()["appointments"] == []


async def test_who_an_erased_series_was_of_cannot_be_told(api: Api, tmp_path: Path) -> None:
    series = await api.by(ADA).book_series(**SERIES)
    mark = holder_of(series["series_id"], ADA.patient)
    assert mark in dumped(tmp_path)
    await api.by(ADA).erase(patient_id="me")
    assert mark not in dumped(tmp_path)


@ON_BOTH_STORES
async def test_a_key_of_an_erased_series_without_an_account_books_nothing(api: Api) -> None:
    clerk = api.by(CLERK)
    ids = [each["id"] for each in (await clerk.book_series(key="key", **SERIES))["appointments"]]
    async with failing(api, writes=3) as other:  # The days; not the records.
        problem(await other.by(CLERK).erase(appointment_ids=ids), 503, "try_again")
    api.clock.now += timedelta(minutes=1)
    assert (await clerk.erase(appointment_ids=ids)).json() == {"appointments": 0}
    problem(await clerk.ask_series(key="key", **SERIES), 422, "idempotency_key_reused")


@ON_BOTH_STORES
async def test_page_tokens_of_before_are_refused(api: Api) -> None:
    await life(api)
    lists = [(ADA, {**LIST, "patient_id": "me"}), (STEPHEN, {**LIST, "doctor_id": "strange"})]
    pages = [
        (caller, {**query, "page_size": 1}, await api.by(caller).page({**query, "page_size": 1}))
        for caller, query in lists
    ]
    exported = await api.by(ADA).export({"patient_id": "me", "page_size": 1})
    await api.by(ADA).erase(patient_id="me")
    for caller, query, page in pages:
        token = page.json()["next_page_token"]
        refused = await api.by(caller).page({**query, "page_token": token})
        assert field_errors(refused) == [("page_token", "page_token_expired")]
    token = exported.json()["next_page_token"]
    refused = await api.by(ADA).export({"patient_id": "me", "page_size": 1, "page_token": token})
    assert field_errors(refused) == [("page_token", "page_token_expired")]


# While it runs, and where it is cut off


@ON_BOTH_STORES
async def test_while_an_account_is_being_erased_nothing_is_done_for_it(api: Api) -> None:
    hers = await api.by(ADA).book("2050-11-21T09:00")
    await api.mark_erasing(ADA)
    of_ada = {**MONDAY_AT_NINE, "start": "2050-11-22T09:00", "patient": {"name": "A", "id": "ada"}}
    for refused in (
        await api.by(ADA).ask(start="2050-11-22T09:00"),
        await api.by(CLERK).create(of_ada),
        await api.by(CLERK).validate(of_ada),
        await api.by(ADA).cancel(hers),
        await api.by(STEPHEN).reschedule(hers, "2050-11-22T09:00"),
        await api.by(CLERK).reschedule(hers, "2050-11-22T09:00"),
    ):
        assert problem(refused, 503, "try_again").keys() == {"detail"}
        assert refused.headers["retry-after"] == "5"
    assert (await api.by(BOB).ask(start="2050-11-22T09:00")).status_code == 201
    assert (await api.by(ADA).erase(patient_id="me")).json() == {"appointments": 1}
    assert (await api.by(ADA).ask(start="2050-11-21T09:00")).status_code == 201


@pytest.mark.parametrize("caller", [CLERK, STEPHEN], ids=["staff", "the-doctor"])
async def test_while_an_account_is_being_erased_those_who_wait_for_its_times_may_cancel(
    api: Api, caller: Caller
) -> None:
    hers = await api.by(ADA).book("2050-11-21T09:00")
    await api.mark_erasing(ADA)
    cancelled = await api.by(caller).cancel(hers)
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert (await api.by(BOB).ask(start="2050-11-21T09:00")).status_code == 201
    assert (await api.by(ADA).erase(patient_id="me")).json() == {"appointments": 1}
    assert (await api.by(CLERK).found(hers))["patient"] == ERASED


@ON_BOTH_STORES
async def test_a_patient_may_erase_three_times_in_a_day_and_views_end_only_with_these(
    api: Api,
) -> None:
    ada, bob = api.by(ADA), api.by(BOB)
    for _ in range(3):
        await ada.book("2050-11-21T09:00")
        assert (await ada.erase(patient_id="me")).json() == {"appointments": 1}
        api.clock.now += timedelta(hours=1)
    for hour in ("10", "11"):
        await bob.book(f"2050-11-21T{hour}:00")
    query: Json = {**LIST, "patient_id": "me", "page_size": 1}
    token = (await bob.page(query)).json()["next_page_token"]
    assert (await ada.erase(patient_id="me")).json() == {"appointments": 0}
    hers = await ada.book("2050-11-21T09:00")
    refused = await ada.erase(patient_id="me")
    assert "erased" in problem(refused, 429, "too_many_requests")["detail"]
    assert refused.headers["retry-after"] == str(21 * 3600)
    assert await ada.found(hers) == hers
    assert (await bob.page({**query, "page_token": token})).status_code == 200
    exported = (await ada.export({"patient_id": "me"})).json()["account"]
    assert [len(exported[name]) for name in ("changed_at", "erased_at")] == [7, 3]
    assert (await api.by(CLERK).erase(patient_id="ada")).json() == {"appointments": 1}


async def test_where_it_is_cut_off_nothing_is_booked_and_the_next_request_goes_on(
    api: Api,
) -> None:
    made = await life(api)
    async with failing(api, writes=0) as other:
        problem(await other.by(ADA).erase(patient_id="me"), 503, "try_again")
    made["more"] = await api.by(ADA).book("2050-12-07T09:00", doctor_id="who")
    cut_off = 0
    while cut_off < 20:
        async with failing(api, writes=2) as other:
            response = await other.by(ADA).erase(patient_id="me")
        if response.status_code == 200:
            break
        cut_off += 1
        problem(response, 503, "try_again")
        problem(await api.by(ADA).ask(start="2050-12-08T09:00"), 503, "try_again")
    assert cut_off == 9  # The mark, and eight days: each time the records, and one more.
    assert response.json() == {"appointments": 0}
    now = await found(api, made)
    assert now.pop("more")["status"] == "cancelled"
    check_erased(now)


# People without an account


async def test_staff_erase_people_without_an_account_by_their_appointments(api: Api) -> None:
    wish: Json = {"patient": PERSON, "reason": WHY}
    times = ("2050-11-21T09:00", "2050-11-21T11:00", "2050-11-22T09:00")
    mine = [(await api.by(CLERK).ask(start, **wish, start=start)).json() for start in times]
    other = await api.book("2050-11-21T10:00")
    ids = [appointment["id"] for appointment in mine]
    response = await api.by(CLERK).erase(appointment_ids=[*ids, ids[0]])
    assert (response.status_code, response.json()) == (200, {"appointments": 3})
    for appointment in mine:
        now = await api.found(appointment)
        assert (now["patient"], now["status"]) == (ERASED, "cancelled")
        assert "reason" not in now
    assert await api.found(other) == other
    again = await api.by(CLERK).ask(times[0], **wish, start=times[0])
    problem(again, 422, "idempotency_key_reused")
    api.clock.now += timedelta(minutes=1)
    assert (await api.by(CLERK).erase(appointment_ids=ids)).json() == {"appointments": 0}


@ON_BOTH_STORES
async def test_what_was_corrected_since_is_erased_by_an_instance_that_remembers_it_erased(
    api: Api,
) -> None:
    """That nothing is to be erased is never decided on what an instance remembers."""
    clerk = api.by(CLERK)
    booked = await clerk.book("2050-11-21T09:00")
    api.clock.now = at("2050-11-21T14:10Z")
    assert (await clerk.erase(appointment_ids=[booked["id"]])).json() == {"appointments": 1}
    async with calling(api.dependencies.store, api.clock) as other:
        corrected = await other.by(CLERK).update(booked, patient=PERSON)
        assert corrected.status_code == 200
    api.clock.now += timedelta(minutes=1)
    assert (await clerk.erase(appointment_ids=[booked["id"]])).json() == {"appointments": 1}
    assert (await clerk.found(booked))["patient"] == ERASED


async def test_if_any_is_unknown_or_of_an_account_nothing_is_erased(api: Api) -> None:
    hers = await api.by(ADA).book("2050-11-21T09:00")
    nobody_s = await api.book("2050-11-21T10:00")
    for unknown in ("strange.20501121.x", "no-id-of-ours"):
        refused = await api.by(CLERK).erase(appointment_ids=[nobody_s["id"], unknown])
        problem(refused, 404, "unknown_appointment")
    refused = await api.by(CLERK).erase(appointment_ids=[nobody_s["id"], hers["id"]])
    assert field_errors(refused) == [("appointment_ids[1]", "has_account")]
    assert "patient_id" in refused.json()["detail"]
    for appointment in (hers, nobody_s):
        assert await api.by(CLERK).found(appointment) == appointment


async def test_an_account_of_an_earlier_issuer_is_erased_by_its_appointments(api: Api) -> None:
    before = Caller("patient", "https://before.example", "ada")
    appointment = await api.by(before).book("2050-11-21T09:00")
    response = await api.by(CLERK).erase(appointment_ids=[appointment["id"]])
    assert (response.status_code, response.json()) == (200, {"appointments": 1})
    assert (await api.by(CLERK).found(appointment))["patient"] == ERASED
