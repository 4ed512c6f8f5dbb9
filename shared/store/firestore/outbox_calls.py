"""The outbox: documents, writes and queries.

outbox/{event id}  the event; due_at, the time when somebody is to look at it; claimed_until, claim;
                   deliveries: {sink: what came of it}; set_aside
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from shared.model.outbox import OutboxRecord
from shared.store.firestore.calls import Calls
from shared.store.firestore.documents import last_part, new_revision, precondition
from shared.store.firestore.messages import Int32Value, Message
from shared.store.firestore.queries import EQUAL, NOT_AFTER, find, find_any, where
from shared.store.firestore.values import (
    Cursor,
    Document,
    DocumentMask,
    Precondition,
    Value,
    Write,
    from_fields,
    to_fields,
    to_value,
)
from shared.store.outbox_documents import (
    delivery_to_document,
    event_to_document,
    record_from_document,
)
from shared.store.port import OutboxWrite, Stored, StoredRecord


def event_name(root: str, event_id: str) -> str:
    """Return the name of a record's document."""
    return f"{root}/outbox/{event_id}"


def check_event(root: str, event_id: str) -> Message:
    """Change nothing in a record, if there is one."""
    tag = {"kind": "event"}
    return Write(
        update=Document(name=event_name(root, event_id), fields=to_fields(tag)),
        update_mask=DocumentMask(field_paths=list(tag)),
        current_document=Precondition(exists=True),
    )


def write_event(root: str, write: OutboxWrite) -> Message:
    """Create, change or delete a record, if it is as it was read."""
    name, as_read = event_name(root, write.record.id), precondition(write.replaced)
    if write.done:
        return Write(delete=name, current_document=as_read)
    fields = {"due_at": write.record.due_at, **delivery_to_document(write.record)}
    if write.replaced is None:
        fields = {**event_to_document(write.record.event), **fields}
        return Write(update=Document(name=name, fields=to_fields(fields)), current_document=as_read)
    # Whoever writes a record as it is wants nobody to act any more on what was read before.
    fields["revision"] = new_revision()
    return Write(
        update=Document(name=name, fields=to_fields(fields)),
        update_mask=DocumentMask(field_paths=list(fields)),
        current_document=as_read,
    )


async def due_events(
    calls: Calls, until: datetime, limit: int, after: OutboxRecord | None
) -> Sequence[StoredRecord]:
    """Return the first records behind another one that are due, in one query."""
    bounds = {"where": where("due_at", NOT_AFTER, until), "limit": Int32Value(value=limit)}
    if after:
        values = [to_value(after.due_at), _reference(calls, after.id)]
        bounds["start_at"] = Cursor(values=values, before=False)
    found = await find(calls, calls.root, "outbox", ("due_at", "__name__"), **bounds)
    return [_stored(document) for document in found]


async def waiting_events(calls: Calls, appointment_ids: Collection[str]) -> Sequence[StoredRecord]:
    """Return the records of appointments, thirty of these in one query."""
    found = await find_any(calls, "outbox", "appointment_id", appointment_ids)
    return sorted(map(_stored, found), key=lambda each: each.value.id)


async def set_aside_events(calls: Calls, limit: int, after: str) -> Sequence[StoredRecord]:
    """Return the first records behind an id that were set aside."""
    bounds = {"where": where("set_aside", EQUAL, value=True), "limit": Int32Value(value=limit)}
    if after:
        bounds["start_at"] = Cursor(values=[_reference(calls, after)], before=False)
    found = await find(calls, calls.root, "outbox", **bounds)
    return [_stored(document) for document in found]


async def events_to_erase(calls: Calls, appointment_ids: Collection[str]) -> Sequence[Message]:
    """Return a write for each record of appointments that names a patient, which deletes it."""
    found = await waiting_events(calls, appointment_ids)
    named = (each.value for each in found if each.value.event.personal)
    return [Write(delete=event_name(calls.root, record.id)) for record in named]


def _stored(document: Message) -> StoredRecord:
    fields = from_fields(document.fields)
    due_at = fields.pop("due_at", None)
    record = record_from_document(last_part(document.name), fields, due_at)
    return Stored(record, document.update_time.ToNanoseconds())


def _reference(calls: Calls, event_id: str) -> Message:
    return Value(reference_value=event_name(calls.root, event_id))
