"""Calendar files of appointments (RFC 5545), and invitations to them (RFC 5546)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from icalendar import Calendar, Event, vCalAddress, vText

from shared.model.appointment import Appointment

PRODUCT = "-//Appointments//EN"
Method = Literal["PUBLISH", "REQUEST", "CANCEL"]


def event_of(
    appointment: Appointment, summary: str, now: datetime, description: str | None = None
) -> Event:
    """Return the event of an appointment: the same `UID` for life, times in UTC.

    `SEQUENCE` rises with each change, `now` is when the file is made.
    """
    event = Event()
    event.add("uid", appointment.id)
    event.add("sequence", appointment.version - 1)
    event.add("dtstamp", now)
    event.add("created", appointment.created_at)
    event.add("last-modified", appointment.updated_at)
    event.add("dtstart", appointment.interval.start)
    event.add("dtend", appointment.interval.end)
    event.add("summary", summary)
    event.add("status", "CANCELLED" if appointment.status == "cancelled" else "CONFIRMED")
    if description:
        event.add("description", description)
    return event


def invite(event: Event, organizer: str, attendee: str, name: str) -> None:
    """Say who invites, and whom, both by e-mail address: calendars update by it."""
    event.add("organizer", vCalAddress(f"mailto:{organizer}"))
    invited = vCalAddress(f"mailto:{attendee}")
    invited.params["CN"] = vText(name)
    invited.params["PARTSTAT"] = vText("ACCEPTED")
    event.add("attendee", invited)


def calendar_of(
    events: Iterable[Event], method: Method = "PUBLISH", name: str | None = None
) -> bytes:
    """Return a calendar file, in UTF-8 with the line ends of RFC 5545."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    if name:
        calendar.add("x-wr-calname", name)
    for event in events:
        calendar.add_component(event)
    text: bytes = calendar.to_ical()
    return text
