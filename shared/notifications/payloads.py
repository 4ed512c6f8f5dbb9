"""Events as JSON: what webhooks are sent and topics hold."""

import hashlib
from collections.abc import Callable

import msgspec

from shared.model.appointment import Appointment
from shared.model.doctor import Doctor
from shared.model.event import Event
from shared.notifications.sink import Message
from shared.time_texts import written

Render = Callable[[Appointment, Doctor], str]
"""Writes an appointment as the functions answer it, in JSON."""

_ID_DIGITS = 32


def public_id(event: Event) -> str:
    """Return the id of an event that others know: the same at every try, without a dot.

    The dot separates the parts of what is signed (Standard Webhooks, "Signature scheme").
    """
    return f"evt_{hashlib.sha256(event.id.encode()).hexdigest()[:_ID_DIGITS]}"


def public_type(event: Event) -> str:
    """Return the type of an event that others know."""
    return f"appointment.{event.type}"


def payload(message: Message, render: Render) -> bytes:
    """Return the JSON of an event, the same at every try unless the doctor has changed.

    Times are on the clocks of the doctors that the appointment is and was with.
    """
    event, doctor = message.event, message.doctor
    document: dict[str, object] = {
        "type": public_type(event),
        "timestamp": written(event.at, doctor.zone),
        "data": msgspec.Raw(render(message.appointment, doctor).encode()),
    }
    if event.previous and message.previous_doctor:
        (start, end), zone = event.previous.interval, message.previous_doctor.zone
        times = {"start": written(start, zone), "end": written(end, zone)}
        document["previous"] = {**times, "doctor_id": event.previous.doctor_id}
    return msgspec.json.encode(document)
