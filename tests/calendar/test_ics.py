"""Calendar files: what RFC 5545 asks of all of them, and RFC 5546 of those that invite."""

from typing import Any

import pytest
import vobject
from icalendar import Calendar

from shared.calendar.ics import Method, calendar_of, event_of, invite
from shared.model.appointment import Appointment
from tests.builders import appointment, at

THERE = appointment("2026-11-23T14:00Z", "2026-11-23T14:30Z", "strange.20261123.a")
NOW = at("2026-11-20T12:00Z")
ADA, CLINIC = "ada@example.org", "clinic@clinic.example"


def written(there: Appointment, method: Method | None = "REQUEST", **people: str) -> bytes:
    """A file that invites to an appointment."""
    event = event_of(there, "Doctor Strange", NOW)
    people = {"organizer": CLINIC, "attendee": ADA, "name": "Ada Lovelace", **people}
    invite(event, **people)
    return calendar_of([event], method)


def read(content: bytes) -> tuple[str, Any]:
    """The method and the event of a file."""
    calendar = Calendar.from_ical(content)
    (event,) = calendar.walk("VEVENT")
    return str(calendar.get("method")), event


def test_an_invitation_has_all_that_calendars_update_by() -> None:
    method, event = read(written(THERE))
    assert method == "REQUEST"
    assert (event["uid"], event["sequence"]) == ("strange.20261123.a", 0)
    assert (event["dtstamp"].dt, event["dtstart"].dt) == (NOW, at("2026-11-23T14:00Z"))
    assert event["organizer"] == "mailto:clinic@clinic.example"
    invited = event["attendee"]
    assert invited == "mailto:ada@example.org"
    expected = {"CN": "Ada Lovelace", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"}
    assert dict(invited.params) == expected


def test_what_takes_an_invitation_back_is_the_same_event_of_a_higher_sequence() -> None:
    cancelled = THERE.changed(NOW, cancelled_at=NOW)
    method, event = read(written(cancelled, "CANCEL"))
    assert (method, event["status"]) == ("CANCEL", "CANCELLED")
    assert (event["uid"], event["sequence"]) == ("strange.20261123.a", 1)
    assert "organizer" in event
    assert "attendee" in event


def test_a_file_that_nobody_sends_has_no_method() -> None:
    assert b"METHOD" not in calendar_of([event_of(THERE, "Doctor Strange", NOW)])


@pytest.mark.parametrize(
    ("address", "uri"),
    [
        ("ada+clinic@example.org", "mailto:ada+clinic@example.org"),
        ('"a b"@example.org', "mailto:%22a%20b%22@example.org"),
        ("a&b?c%d@example.org", "mailto:a%26b%3Fc%25d@example.org"),
        ("\u00e4da@b\u00fccher.example", "mailto:%C3%A4da@b%C3%BCcher.example"),
    ],
)
def test_an_address_is_a_uri(address: str, uri: str) -> None:
    _, event = read(written(THERE, organizer=address, attendee=address))
    assert (event["organizer"], event["attendee"]) == (uri, uri)


@pytest.mark.parametrize(
    "name", ["Lovelace, Ada; M.D.: x", "\u00c9mile \u0141", 'Ada "Al" Lovelace', "a" * 200]
)
def test_a_name_of_who_is_invited_arrives(name: str) -> None:
    _, event = read(written(THERE, name=name))
    assert event["attendee"].params["CN"] == name


def test_a_name_cannot_end_its_line() -> None:
    _, event = read(content := written(THERE, name='a"\r\nDTSTART:19700101T000000Z\n\x0bb'))
    assert event["dtstart"].dt == at("2026-11-23T14:00Z")
    assert vobject.readOne(content.decode()).vevent.dtstart.value == at("2026-11-23T14:00Z")


@pytest.mark.parametrize("text", ["a\\nb", "\\N", "\\\\n", "\\;", "end\\"])
def test_a_backslash_is_a_backslash(text: str) -> None:
    content = calendar_of([event_of(THERE, text, NOW, text)])
    event = vobject.readOne(content.decode()).vevent
    assert (event.summary.value, event.description.value) == (text, text)


def test_a_line_break_of_a_text_is_no_line_of_the_file() -> None:
    content = calendar_of([event_of(THERE, "one\ntwo", NOW, "one\r\ntwo\rthree\u2029four")])
    event = vobject.readOne(content.decode()).vevent
    assert event.summary.value == "one two"
    assert event.description.value == "one\ntwo\nthree\nfour"


def test_a_calendar_to_subscribe_to_has_a_name_and_says_when_to_look_again() -> None:
    lines = calendar_of([], name="Doctor\nStrange, M.D.").decode().split("\r\n")
    assert lines == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Appointments//EN",
        "NAME:Doctor Strange\\, M.D.",
        "X-WR-CALNAME:Doctor Strange\\, M.D.",
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M",
        "X-PUBLISHED-TTL:PT15M",
        "END:VCALENDAR",
        "",
    ]
