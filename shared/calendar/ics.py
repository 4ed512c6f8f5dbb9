"""Calendar files of appointments (RFC 5545), and invitations to them (RFC 5546)."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import quote

from icalendar import Calendar, Event, vCalAddress, vText

from shared.model.appointment import Appointment
from shared.model.time_zones import MINUTE

PRODUCT = "-//Appointments//EN"
Method = Literal["PUBLISH", "REQUEST", "CANCEL"]

ASK_AGAIN_AFTER = timedelta(minutes=15)
"""How long a subscriber should wait before fetching the calendar again."""

# RFC 5545 allows no controls in a text (section 3.1), and some readers take these for line breaks.
# Release 1.0 let them in.
_LINE_BREAKS = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_ESCAPED = re.compile(r"[\\;,]")
_UNESCAPED_IN_ADDRESSES = "@!$'*+"  # And letters, digits, "_.-~" (RFC 6068, section 2).


class _Text(vText):
    """A text that arrives as it is: the library would write a line break for a backslash and N."""

    __slots__ = ()

    def to_ical(self) -> bytes:
        return _ESCAPED.sub(r"\\\g<0>", self).replace("\n", "\\n").encode()


def event_of(
    appointment: Appointment, summary: str, now: datetime, description: str | None = None
) -> Event:
    """Return the event of an appointment: the same `UID` for life, times in UTC.

    `SEQUENCE` rises with each change. `now` is when a file with a method is made; for one without,
    when the appointment last changed (RFC 5545, section 3.8.7.2).
    """
    event = Event()
    event.add("uid", appointment.id)
    event.add("sequence", appointment.version - 1)
    event.add("dtstamp", now)
    event.add("created", appointment.created_at)
    event.add("last-modified", appointment.updated_at)
    event.add("dtstart", appointment.interval.start)
    event.add("dtend", appointment.interval.end)
    event.add("summary", _Text(_one_line(summary)))
    event.add("status", "CANCELLED" if appointment.status == "cancelled" else "CONFIRMED")
    if description:
        event.add("description", _Text(_lines(description)))
    return event


def invite(event: Event, organizer: str, attendee: str, name: str) -> None:
    """Add organizer and attendee, e-mail addresses by which calendars recognise an update.

    The attendee is not asked to answer, having booked the appointment.
    """
    event.add("organizer", _address(organizer))
    invited = _address(attendee)
    invited.params["CN"] = _one_line(name)
    invited.params["PARTSTAT"] = "ACCEPTED"
    invited.params["RSVP"] = "FALSE"
    event.add("attendee", invited)


def calendar_of(
    events: Iterable[Event], method: Method | None = None, name: str | None = None
) -> bytes:
    """Return a calendar file, in UTF-8 with the line ends of RFC 5545.

    A file with a `method` must be sent with a media type that names it, too; one without is the
    state of a calendar. With a `name` it is one to subscribe to.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    if method:
        calendar.add("method", method)
    if name:
        _describe(calendar, _one_line(name))
    for event in events:
        calendar.add_component(event)
    text: bytes = calendar.to_ical()
    return text


def _describe(calendar: Calendar, name: str) -> None:
    """Name a calendar, and say how often to look, as RFC 7986 does and as was done before."""
    for property_ in ("name", "x-wr-calname"):
        calendar.add(property_, _Text(name))
    calendar.add("refresh-interval", ASK_AGAIN_AFTER, {"VALUE": "DURATION"})
    calendar.add("x-published-ttl", f"PT{ASK_AGAIN_AFTER // MINUTE}M")


def _address(email: str) -> vCalAddress:
    return vCalAddress(f"mailto:{quote(email, safe=_UNESCAPED_IN_ADDRESSES)}")


def _lines(text: str) -> str:
    return _CONTROLS.sub("", _LINE_BREAKS.sub("\n", text))


def _one_line(text: str) -> str:
    return _lines(text).replace("\n", " ")
