"""Overrides as rows: the statements that read and write them."""

import json
import sqlite3

from shared.model.override import Override, OverrideKey
from shared.store.instant_numbers import to_number
from shared.store.override_documents import override_from_document, override_to_document
from shared.store.port import OverrideWrite, Stored
from shared.store.positions import Positions
from shared.store.schema import decoded
from shared.store.sqlite.conditions import check_written

# `start` is a count of microseconds since 1970.
_READ = "SELECT body, version FROM overrides WHERE doctor_id = ? AND id = ?"
_STARTING = """
    SELECT id, body FROM overrides
    WHERE doctor_id = :doctor AND (start, id) > (:after, :after_id) AND start < :end
    ORDER BY start, id LIMIT :limit
"""
# Merges (RFC 7396), so that fields which a newer version wrote are kept.
_FIRST = """
    INSERT OR IGNORE INTO overrides VALUES (:doctor, :id, :start, 1, json_patch('{}', :body))
"""
_NEXT = """
    UPDATE overrides SET version = version + 1, start = :start, body = json_patch(body, :body)
    WHERE doctor_id = :doctor AND id = :id AND version = :read
"""
_FORGET = "DELETE FROM overrides WHERE doctor_id = ? AND id = ? AND version = ?"


def read_override(connection: sqlite3.Connection, key: OverrideKey) -> Stored[Override | None]:
    """Return an override; None if there is none."""
    row = connection.execute(_READ, key).fetchone()
    if row is None:
        return Stored(None, None)
    body, version = row
    return Stored(override_from_document(key, decoded(body)), version)


def read_overrides(
    connection: sqlite3.Connection, starting: Positions, limit: int
) -> list[Override]:
    """Return the first of these overrides, in order of start, then id."""
    rows = connection.execute(_STARTING, {**starting._asdict(), "limit": limit}).fetchall()
    return [
        override_from_document(OverrideKey(starting.doctor, name), decoded(body))
        for name, body in rows
    ]


def write_override(connection: sqlite3.Connection, write: OverrideWrite) -> None:
    """Write or delete an override. Raises VersionConflict if it is not as it was read."""
    override = write.override
    if write.forgotten:
        check_written(connection.execute(_FORGET, (*override.key, write.replaced)))
        return
    row = {
        "doctor": override.doctor_id,
        "id": override.id,
        "start": to_number(override.interval.start),
        "body": json.dumps(override_to_document(override)),
        "read": write.replaced,
    }
    check_written(connection.execute(_FIRST if write.replaced is None else _NEXT, row))
