"""What templates know of an event: names, and times as people of a language write them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from babel import Locale
from babel.dates import format_date, format_time, get_timezone_name

from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.notifications.mail.addresses import one_line
from shared.notifications.sink import Message

Facts = Mapping[str, Any]
_NARROW_SPACE = "\u202f"


def facts_of(message: Message, locale: Locale, clinic: str, link: str | None) -> Facts:
    """Return what a mail may tell of an event. Nothing else of an appointment is for it.

    `clinic` is the name of the sender, and `link` the page where a patient moves or cancels.
    """
    appointment, service = message.appointment, message.service
    return {
        "kind": message.event.type,
        "language": str(locale).replace("_", "-"),
        "direction": locale.text_direction,
        "clinic": clinic,
        "patient": one_line(appointment.patient.name),
        "service": one_line(service.name) if service else None,
        "reason": appointment.cancellation_reason,
        "link": link_of(link, appointment.id) if link else None,
        **_place(appointment.interval, message.doctor, locale),
        "previous": _previous(message, locale),
    }


def link_of(page: str, appointment_id: str) -> str:
    """Return the address of a page about an appointment."""
    parts = urlsplit(page)
    before = f"{parts.query}&" if parts.query else ""
    return urlunsplit(parts._replace(query=f"{before}appointment_id={quote(appointment_id)}"))


def zone_name(instant: datetime, locale: Locale) -> str:
    """Return the name of a zone at an instant, with its offset where the language has no name."""
    # Not what the zone calls daylight saving: to Ireland that is the winter, to Babel the summer.
    standard = min(_offset(instant.replace(month=month, day=1)) for month in (1, 7))
    is_summer = _offset(instant) > standard
    return get_timezone_name(
        instant, locale=locale, zone_variant="daylight" if is_summer else "standard"
    )


def _previous(message: Message, locale: Locale) -> Facts | None:
    before, doctor = message.event.previous, message.previous_doctor
    return _place(before.interval, doctor, locale) if before and doctor else None


def _place(interval: Interval, doctor: Doctor, locale: Locale) -> dict[str, str]:
    """Return with whom an appointment is, and when on that doctor's clock."""
    start, end = (instant.astimezone(doctor.zone) for instant in interval)
    begins, ends = _time(start, locale), _time(end, locale)
    if end.date() != start.date():
        ends = f"{ends} ({_date(end, locale)})"
    return {
        "doctor": one_line(doctor.name),
        "date": _date(start, locale),
        "start": begins,
        "time": f"{begins} \u2013 {ends}",
        "zone": zone_name(start, locale),
    }


def _offset(instant: datetime) -> timedelta:
    return instant.utcoffset() or timedelta()


def _date(instant: datetime, locale: Locale) -> str:
    return _plain(format_date(instant, "full", locale))


def _time(instant: datetime, locale: Locale) -> str:
    return _plain(format_time(instant, "short", locale=locale))


def _plain(text: str) -> str:
    """Return a text with plain spaces: many fonts show a box for the narrow one."""
    return text.replace(_NARROW_SPACE, " ")
