"""The outbox as rows: the statements that read and write it."""

import json
import sqlite3
from collections.abc import Collection
from datetime import datetime

from shared.model.outbox import OutboxRecord
from shared.store.instant_numbers import to_instant, to_number
from shared.store.outbox_documents import (
    delivery_to_document,
    event_to_document,
    record_from_document,
)
from shared.store.port import OutboxWrite, Stored, StoredRecord
from shared.store.schema import decoded
from shared.store.sqlite.conditions import check_written

# Instants are counts of microseconds since 1970.
_DUE = """
    SELECT id, due_at, version, body FROM outbox
    WHERE due_at <= ? AND (due_at, id) > (?, ?) ORDER BY due_at, id LIMIT ?
"""
_OF_APPOINTMENTS = """
    SELECT id, due_at, version, body FROM outbox
    WHERE appointment_id IN (SELECT value FROM json_each(?)) ORDER BY id
"""
_SET_ASIDE = """
    SELECT id, due_at, version, body FROM outbox WHERE set_aside AND id > ? ORDER BY id LIMIT ?
"""
_CREATE = """
    INSERT OR IGNORE INTO outbox
    VALUES (:id, :appointment_id, :due_at, :set_aside, :now, json_patch('{}', :changes))
"""
# A merge (RFC 7396), so that fields which a newer version wrote are kept; a whole map is replaced.
_CHANGE = """
    UPDATE outbox SET due_at = :due_at, set_aside = :set_aside, version = :now,
        body = json_patch(json_remove(body, '$.deliveries'), :changes)
    WHERE id = :id AND version = :read
"""
_DELETE = "DELETE FROM outbox WHERE id = :id AND version = :read"


def due_events(
    connection: sqlite3.Connection, until: datetime, limit: int, after: OutboxRecord | None
) -> list[StoredRecord]:
    """Return the first records behind another one that are due."""
    begin = (-1, "")
    if after and after.due_at:
        begin = (to_number(after.due_at), after.id)
    rows = connection.execute(_DUE, (to_number(until), *begin, limit))
    return [_stored(row) for row in rows]


def waiting_events(
    connection: sqlite3.Connection, appointment_ids: Collection[str]
) -> list[StoredRecord]:
    """Return the records of appointments, in order of ids."""
    rows = connection.execute(_OF_APPOINTMENTS, (json.dumps(list(appointment_ids)),))
    return [_stored(row) for row in rows]


def set_aside_events(connection: sqlite3.Connection, limit: int, after: str) -> list[StoredRecord]:
    """Return the first records behind an id that were set aside."""
    return [_stored(row) for row in connection.execute(_SET_ASIDE, (after, limit))]


def write_event(connection: sqlite3.Connection, write: OutboxWrite, now: int) -> None:
    """Create, change or delete a record. Raises VersionConflict if it is not as it was read."""
    record, is_new = write.record, write.replaced is None
    changes = delivery_to_document(record)
    if is_new:
        changes = {**event_to_document(record.event), **changes}
    row = {
        "id": record.id,
        "appointment_id": record.event.appointment_id,
        "due_at": None if record.due_at is None else to_number(record.due_at),
        "set_aside": record.is_set_aside,
        "now": now,
        "read": write.replaced,
        "changes": json.dumps(changes, ensure_ascii=False),
    }
    statement = _CREATE if is_new else _DELETE if write.done else _CHANGE
    check_written(connection.execute(statement, row))


def _stored(row: tuple[str, int | None, int, str]) -> StoredRecord:
    event_id, due_at, version, body = row
    due = None if due_at is None else to_instant(due_at)
    return Stored(record_from_document(event_id, decoded(body), due), version)
