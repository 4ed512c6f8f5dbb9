"""The stored form of the outbox: the event, which never changes, and what came of its delivery."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from shared.model.appointment import Appointment
from shared.model.event import Event, EventType, Previous
from shared.model.interval import Interval
from shared.model.outbox import Delivery, OutboxRecord
from shared.store.appointment_documents import (
    Document,
    appointment_from_text,
    appointment_to_text,
    instant_to_text,
)
from shared.store.schema import SCHEMA, read_fields


class _Previous(msgspec.Struct):
    start: datetime
    end: datetime
    doctor_id: str


class _Record(msgspec.Struct):
    """The fields of a record; `appointment` is the text of one, with its doctor."""

    appointment_id: str
    version: int
    type: EventType
    at: datetime
    due_at: datetime | None = None
    appointment: str | None = None
    previous: _Previous | None = None
    detail: str = ""
    personal: bool = False
    claimed_until: datetime | None = None
    claim: str = ""
    deliveries: dict[str, Delivery] = {}


def event_to_document(event: Event) -> Document:
    """Write the fields of a record that never change."""
    fields: Document = {
        "kind": "event",
        "schema": SCHEMA,
        "appointment_id": event.appointment_id,
        "version": event.version,
        "type": event.type,
        "at": instant_to_text(event.at),
    }
    if event.appointment:
        fields["appointment"] = appointment_to_text(event.appointment, with_doctor=True)
    if event.previous:
        (start, end), doctor_id = event.previous
        times = {"start": instant_to_text(start), "end": instant_to_text(end)}
        fields["previous"] = {**times, "doctor_id": doctor_id}
    if event.detail:
        fields["detail"] = event.detail
    return {**fields, "personal": event.personal}


def delivery_to_document(record: OutboxRecord) -> Document:
    """Write the fields of a record that its delivery changes, but for `due_at`.

    That is found by an index, and each store has its own form of instants for those.
    """
    claimed_until = record.claimed_until
    return {
        "claimed_until": None if claimed_until is None else instant_to_text(claimed_until),
        "claim": record.claim,
        "deliveries": {name: msgspec.to_builtins(d) for name, d in record.deliveries.items()},
        "set_aside": record.is_set_aside or None,
    }


def record_from_document(
    event_id: str, fields: Mapping[str, Any], due_at: datetime | None
) -> OutboxRecord:
    """Read a record; StoreRefused if it is damaged or newer."""
    name = f"the event {event_id}"
    stored = read_fields(name, "event", fields, _Record)
    return OutboxRecord(
        _event_of(name, stored), due_at, stored.claimed_until, stored.claim, stored.deliveries
    )


def _event_of(name: str, stored: _Record) -> Event:
    return Event(
        type=stored.type,
        appointment_id=stored.appointment_id,
        version=stored.version,
        at=stored.at,
        appointment=_appointment_of(name, stored.appointment),
        previous=_previous_of(stored.previous),
        detail=stored.detail,
        personal=stored.personal,
    )


def _appointment_of(name: str, text: str | None) -> Appointment | None:
    return None if text is None else appointment_from_text("", text, f"the appointment of {name}")


def _previous_of(stored: _Previous | None) -> Previous | None:
    if stored is None:
        return None
    return Previous(Interval(stored.start, stored.end), stored.doctor_id)
