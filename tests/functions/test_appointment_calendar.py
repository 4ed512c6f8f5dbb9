"""appointment_calendar: one appointment, as calendars import it and update what they have."""

from datetime import timedelta

import pytest

from shared.model.appointment import Patient
from tests.builders import appointment, at, schedule
from tests.functions.api import ON_BOTH_STORES, Api, Json, problem
from tests.functions.calendars import file_of, read
from tests.functions.callers import ADA, BOB
from tests.functions.clinics import CLINIC

pytestmark = ON_BOTH_STORES


async def test_a_booked_appointment_is_one_event_with_its_times_in_utc(api: Api) -> None:
    booked = (await api.ask(reason="a second opinion")).json()
    (event,) = read(response := await file_of(api, booked))
    assert event == {
        "uid": booked["id"],
        "sequence": 0,
        "dtstamp": at("2050-11-18T12:00Z"),
        "created": at("2050-11-18T12:00Z"),
        "last-modified": at("2050-11-18T12:00Z"),
        "dtstart": at("2050-11-21T14:00Z"),
        "dtend": at("2050-11-21T14:30Z"),
        "summary": "Doctor Strange",
        "status": "CONFIRMED",
        "description": "a second opinion",
    }
    assert b"\r\nDTSTART:20501121T140000Z\r\n" in response.content
    attached = 'attachment; filename="appointment.ics"'
    assert response.headers["content-disposition"] == attached


async def test_it_says_for_what_and_with_whom_and_nothing_of_the_patient(api: Api) -> None:
    clinic = api.of(CLINIC)
    patient = {"name": "Ada Lovelace", "email": "ada@example.org", "phone": "555-0199"}
    wish: Json = {"service_id": "check-up", "duration_minutes": None, "patient": patient}
    booked = (await clinic.ask(**wish)).json()
    (event,) = read(response := await file_of(clinic, booked))
    assert event["summary"] == "Check-up, Doctor Strange"
    assert "description" not in event
    assert not any(part in response.text for part in ("Ada", "ada@", "555-0199"))
    # A service that is not offered any more has no name.
    (event,) = read(await file_of(api, booked))
    assert event["summary"] == "Doctor Strange"


async def test_what_moves_stays_the_same_event_whose_sequence_rises(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    api.clock.now += timedelta(hours=1)
    moved = await api.move(booked, "2050-11-22T10:00Z", doctor_id="who")
    api.clock.now += timedelta(hours=1)
    await api.update(moved, reason="well again")
    (event,) = read(await file_of(api, booked))
    assert (event["uid"], event["sequence"], event["summary"]) == (booked["id"], 2, "Doctor Who")
    assert event["dtstart"] == at("2050-11-22T10:00Z")
    assert event["created"] == at("2050-11-18T12:00Z")
    assert event["dtstamp"] == event["last-modified"] == at("2050-11-18T14:00Z")


async def test_what_is_cancelled_is_an_event_that_says_so(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    await api.cancel(booked, reason="a secret")
    (event,) = read(response := await file_of(api, booked))
    assert (event["uid"], event["sequence"]) == (booked["id"], 1)
    assert event["status"] == "CANCELLED"
    assert "secret" not in response.text


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2050-11-05T09:00", "2050-11-05T13:00Z"),  # The last day but one of summer time.
        ("2050-11-07T09:00", "2050-11-07T14:00Z"),
    ],
)
async def test_each_side_of_a_clock_change_has_its_own_instant(
    api: Api, local: str, utc: str
) -> None:
    api.clock.now = at("2050-11-01T12:00Z")
    booked = (await api.ask(start=local, allow=["outside_working_hours"])).json()
    (event,) = read(await file_of(api, booked))
    assert event["dtstart"] == at(utc)


REASONS = [
    "a, b; c: d \\ e",
    "one\ntwo\n\nfour",
    "C:\\New folder",
    'he said "now"',
    "BEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR",
    "\u00fcber alle Ma\u00dfen " * 40,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 " * 60,
    "x" * 998,
    "\u2028",
]


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: repr(reason[:12]))
async def test_every_reason_arrives_as_it_was_written(api: Api, reason: str) -> None:
    booked = (await api.ask(reason=f"<{reason}>")).json()
    (event,) = read(await file_of(api, booked))
    assert event["description"] == f"<{reason}>".replace("\u2028", "\n")


async def test_controls_that_an_earlier_release_let_in_never_make_a_line(api: Api) -> None:
    there = appointment("2050-11-21T15:00Z", "2050-11-21T15:30Z", "strange.20501121.x")
    hostile = "a\r\nEND:VEVENT\rb\x0bSUMMARY:c\x1d\x00\x7f\x85d"
    await api.put(schedule("2050-11-21", there._replace(patient=Patient(hostile), reason=hostile)))
    (event,) = read(await file_of(api, {"id": "strange.20501121.x"}))
    assert event["description"] == "a\nEND:VEVENT\nb\nSUMMARY:c\n\nd"
    assert event["summary"] == "Doctor Strange"


async def test_who_has_the_latest_is_told_so_until_it_changes(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    first = await file_of(api, booked)
    tag = first.headers["etag"]
    assert tag.startswith('"')
    known = await file_of(api, booked, tag)
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", tag)
    assert known.headers["cache-control"] == "no-store"
    await api.cancel(booked)
    changed = await file_of(api, booked, tag)
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_the_name_of_another_service_or_doctor_is_another_file(api: Api) -> None:
    clinic = api.of(CLINIC)
    booked = (await clinic.ask(service_id="check-up", duration_minutes=None)).json()
    tag = (await file_of(clinic, booked)).headers["etag"]
    assert (await file_of(clinic, booked, tag)).status_code == 304
    assert (await file_of(api, booked, tag)).status_code == 200


async def test_a_head_has_the_headers_of_the_file(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    head = await api.client.head("/appointment_calendar", params={"appointment_id": booked["id"]})
    assert head.status_code == 200
    assert head.headers["etag"] == (await file_of(api, booked)).headers["etag"]


async def test_it_is_there_for_whoever_may_see_the_appointment(api: Api) -> None:
    hers: Json = await api.by(ADA).book("2050-11-21T09:00")
    assert len(read(await file_of(api.by(ADA), hers))) == 1
    problem(await file_of(api.by(BOB), hers), 404, "unknown_appointment")
