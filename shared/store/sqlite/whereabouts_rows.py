"""Whereabouts as rows: the statements that read and write them."""

import json
import sqlite3

from shared.model.appointment import Appointment
from shared.model.elsewhere import ElsewhereKey, Whereabouts
from shared.store.appointment_documents import (
    appointment_from_text,
    appointment_to_text,
    pointer_from_document,
    pointer_to_document,
)
from shared.store.instant_numbers import to_number
from shared.store.port import ElsewhereWrite, Stored
from shared.store.positions import Positions
from shared.store.schema import decoded
from shared.store.sqlite.conditions import check_written

# `start` is a count of microseconds since 1970 for an appointment, and NULL for a pointer. The
# instant of the commit is the version.
_READ = "SELECT start, body, since FROM elsewhere WHERE doctor_id = ? AND id = ?"
_ENDED = """
    SELECT body FROM elsewhere
    WHERE doctor_id = :doctor AND (start, id) > (:after, :after_id) AND start < :end
    ORDER BY start, id LIMIT :limit
"""
_ENDED_AT = """
    SELECT body FROM (
        SELECT doctor_id, start, id, body FROM elsewhere WHERE since <= :past
        UNION ALL
        SELECT doctor_id, start, id, body FROM past_elsewhere
        WHERE since <= :past AND :past < until
    )
    WHERE doctor_id = :doctor AND (start, id) > (:after, :after_id) AND start < :end
    ORDER BY start, id LIMIT :limit
"""
_KEEP_PAST = """
    INSERT INTO past_elsewhere SELECT doctor_id, id, ?, since, start, body FROM elsewhere
    WHERE doctor_id = ? AND id = ? AND since = ?
"""
_DROP = "DELETE FROM elsewhere WHERE doctor_id = ? AND id = ?"
_PUT = "INSERT OR IGNORE INTO elsewhere VALUES (?, ?, ?, ?, ?)"


def read_elsewhere(connection: sqlite3.Connection, key: ElsewhereKey) -> Stored[Whereabouts | None]:
    """Return the whereabouts of an appointment; None if there are none."""
    row = connection.execute(_READ, key).fetchone()
    if row is None:
        return Stored(None, None)
    start, body, version = row
    if start is None:
        return Stored(pointer_from_document(key.appointment_id, decoded(body)), version)
    return Stored(appointment_from_text(key.doctor_id, body), version)


def read_ended(
    connection: sqlite3.Connection, ended: Positions, limit: int, past: int | None
) -> list[Appointment]:
    """Return the first of what has ended, in order of start, then id."""
    asked = {**ended._asdict(), "limit": limit, "past": past}
    rows = connection.execute(_ENDED if past is None else _ENDED_AT, asked)
    return [appointment_from_text(ended.doctor, body) for (body,) in rows]


def write_elsewhere(connection: sqlite3.Connection, write: ElsewhereWrite, now: int) -> None:
    """Write or delete whereabouts. Raises VersionConflict if they are not as they were read."""
    if write.replaced is not None:
        check_written(connection.execute(_KEEP_PAST, (now, *write.key, write.replaced)))
        connection.execute(_DROP, write.key)
    if write.whereabouts is not None:
        check_written(connection.execute(_PUT, _row(write.key, write.whereabouts, now)))


def _row(key: ElsewhereKey, whereabouts: Whereabouts, now: int) -> tuple[object, ...]:
    if isinstance(whereabouts, Appointment):
        start = to_number(whereabouts.interval.start)
        return (*key, now, start, appointment_to_text(whereabouts))
    return (*key, now, None, json.dumps(pointer_to_document(whereabouts)))
