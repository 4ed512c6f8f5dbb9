"""Reads of the outbox."""

from collections.abc import Collection, Iterable
from datetime import datetime

from shared.model.outbox import OutboxRecord
from shared.store.instant_numbers import to_instant, to_number
from shared.store.outbox_documents import record_from_document
from shared.store.port import Stored, StoredRecord
from shared.store.postgresql.pool import Query, Row

_DUE = """
    SELECT id, due_at, version, body FROM outbox
    WHERE due_at <= %s AND (due_at, id) > (%s::bigint, %s::text) ORDER BY due_at, id LIMIT %s
"""
_OF_APPOINTMENTS = """
    SELECT id, due_at, version, body FROM outbox WHERE appointment_id = ANY (%s) ORDER BY id
"""
_SET_ASIDE = """
    SELECT id, due_at, version, body FROM outbox WHERE set_aside AND id > %s ORDER BY id LIMIT %s
"""


def due_query(until: datetime, limit: int, after: OutboxRecord | None) -> Query:
    """Ask for the first records behind another one that are due."""
    begin: tuple[int, str] = (-1, "")
    if after and after.due_at:
        begin = (to_number(after.due_at), after.id)
    return Query(_DUE, [to_number(until), *begin, limit])


def waiting_query(appointment_ids: Collection[str]) -> Query:
    """Ask for the records of appointments, in order of ids."""
    return Query(_OF_APPOINTMENTS, [list(appointment_ids)])


def set_aside_query(limit: int, after: str) -> Query:
    """Ask for the first records behind an id that were set aside."""
    return Query(_SET_ASIDE, [after, limit])


def events_of(rows: Iterable[Row]) -> list[StoredRecord]:
    """Read records."""
    found = []
    for event_id, due_at, version, body in rows:
        due = None if due_at is None else to_instant(due_at)
        found.append(Stored(record_from_document(event_id, body, due), version))
    return found
