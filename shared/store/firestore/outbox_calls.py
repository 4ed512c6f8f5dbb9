"""The outbox: documents, writes and queries.

outbox/{event id}  the event; due_at, the time when somebody is to look at it; claimed_until, claim;
                   deliveries: {sink: what came of it}; set_aside
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from shared.model.outbox import OutboxRecord
from shared.store.firestore.calls import Calls
from shared.store.firestore.documents import last_part, precondition
from shared.store.firestore.errors import translated_errors
from shared.store.firestore.messages import Int32Value, Message, message
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
from shared.store.usage import count_reads

_MOST_COMPARED = 30  # Of one query, with IN.

_Filter, _FieldFilter = message("StructuredQuery.Filter"), message("StructuredQuery.FieldFilter")
_Field = message("StructuredQuery.FieldReference")


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
    return Write(
        update=Document(name=name, fields=to_fields(fields)),
        update_mask=DocumentMask(field_paths=list(fields)),
        current_document=as_read,
    )


async def due_events(
    calls: Calls, until: datetime, limit: int, after: OutboxRecord | None
) -> Sequence[StoredRecord]:
    """Return the first records behind another one that are due, in one query."""
    bounds = {"where": _where("due_at", _FieldFilter.LESS_THAN_OR_EQUAL, until)}
    if after:
        values = [to_value(after.due_at), _reference(calls, after.id)]
        bounds["start_at"] = Cursor(values=values, before=False)
    return await _query(calls, ("due_at", "__name__"), limit, **bounds)


async def waiting_events(calls: Calls, appointment_ids: Collection[str]) -> Sequence[StoredRecord]:
    """Return the records of appointments, thirty of these in one query."""
    names, found = sorted(set(appointment_ids)), list[StoredRecord]()
    for start in range(0, len(names), _MOST_COMPARED):
        where = _where("appointment_id", _FieldFilter.IN, names[start : start + _MOST_COMPARED])
        found += await _query(calls, ("__name__",), where=where)
    return sorted(found, key=lambda each: each.value.id)


async def set_aside_events(calls: Calls, limit: int, after: str) -> Sequence[StoredRecord]:
    """Return the first records behind an id that were set aside."""
    bounds = {"where": _where("set_aside", _FieldFilter.EQUAL, bool(1))}
    if after:
        bounds["start_at"] = Cursor(values=[_reference(calls, after)], before=False)
    return await _query(calls, ("__name__",), limit, **bounds)


async def events_to_erase(calls: Calls, appointment_ids: Collection[str]) -> Sequence[Message]:
    """Return a write for each record of appointments that names a patient, which deletes it."""
    found = await waiting_events(calls, appointment_ids)
    named = (each.value for each in found if each.value.event.personal)
    return [Write(delete=event_name(calls.root, record.id)) for record in named]


async def _query(
    calls: Calls, order: Sequence[str], limit: int | None = None, **bounds: Message
) -> list[StoredRecord]:
    if limit is not None:
        bounds["limit"] = Int32Value(value=limit)
    with translated_errors():
        answers = [a async for a in calls.run_query(calls.root, "outbox", None, order, **bounds)]
    found = [answer.document for answer in answers if answer.document.name]
    count_reads(max(len(found), 1))  # A query that finds nothing counts as one.
    return [_stored(document) for document in found]


def _stored(document: Message) -> StoredRecord:
    fields = from_fields(document.fields)
    due_at = fields.pop("due_at", None)
    record = record_from_document(last_part(document.name), fields, due_at)
    return Stored(record, document.update_time.ToNanoseconds())


def _where(field: str, operator: Message, value: object, /) -> Message:
    asked = _FieldFilter(field=_Field(field_path=field), op=operator, value=to_value(value))
    return _Filter(field_filter=asked)


def _reference(calls: Calls, event_id: str) -> Message:
    return Value(reference_value=event_name(calls.root, event_id))
