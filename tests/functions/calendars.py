"""Calendar files as calendars read them."""

import re
from typing import Any

import httpx
import vobject
from icalendar import Calendar

from tests.functions.api import Api, Json

Event = dict[str, Any]


def read(response: httpx.Response) -> list[Event]:
    """The events of a calendar file, as two libraries read it that do not know each other."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/calendar; charset=utf-8"
    check_form(response.content)
    (calendar,) = Calendar.from_ical(response.content, multiple=True)
    assert (calendar["version"], calendar["prodid"]) == ("2.0", "-//Appointments//EN")
    assert "method" not in calendar
    assert calendar.errors == []
    events = [_event(each) for each in calendar.walk("VEVENT")]
    other = vobject.readOne(response.content.decode())
    named = [each.summary.value for each in getattr(other, "vevent_list", [])]
    assert named == [each["summary"] for each in events]
    return events


def check_form(content: bytes) -> None:
    """Check what a reader may rely on: line ends, their length, and no controls (RFC 5545, 3.1)."""
    *lines, last = content.split(b"\r\n")
    assert last == b""
    assert max(map(len, lines)) <= 75
    for line in lines:
        line.decode()  # No character is split between two lines.
    assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", b"".join(lines))


async def link_to(api: Api, doctor_id: str = "strange", **fields: object) -> str:
    """The token of the link to a doctor's calendar."""
    response = await api.post("create_calendar_link", {"doctor_id": doctor_id, **fields})
    assert response.status_code in (200, 201), response.text
    link: Json = response.json()
    return str(link["token"])


async def feed(api: Api, token: str, tag: str | None = None) -> httpx.Response:
    """The calendar that a link opens, unless it is what a client has."""
    headers = {} if tag is None else {"If-None-Match": tag}
    return await api.client.get("/doctor_calendar", params={"token": token}, headers=headers)


async def file_of(api: Api, appointment: Json, tag: str | None = None) -> httpx.Response:
    """The calendar of an appointment, likewise."""
    headers = {} if tag is None else {"If-None-Match": tag}
    query = {"appointment_id": appointment["id"]}
    return await api.client.get("/appointment_calendar", params=query, headers=headers)


def _event(component: Any) -> Event:  # noqa: ANN401 - of a library
    times = ("DTSTART", "DTEND", "DTSTAMP", "CREATED", "LAST-MODIFIED")
    return {
        name.lower(): value.dt if name in times else value if isinstance(value, int) else str(value)
        for name, value in component.items()
    }
