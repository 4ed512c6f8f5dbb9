"""Blocked callers as rows: the statements that read and write them."""

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime

from shared.model.patient_key import PatientKey
from shared.store.blocked_documents import blocked_from_document, blocked_to_document
from shared.store.schema import decoded


def read_blocked(connection: sqlite3.Connection) -> Mapping[PatientKey, datetime]:
    """Return the instants before which tokens count no more."""
    rows = connection.execute("SELECT digits, body FROM blocked").fetchall()
    return {
        PatientKey(digits): blocked_from_document(digits, decoded(body)) for digits, body in rows
    }


def write_blocked(
    connection: sqlite3.Connection, caller: PatientKey, issued_before: datetime
) -> None:
    """Write an instant, whatever was said before."""
    row = (caller.digits, json.dumps(blocked_to_document(issued_before)))
    connection.execute("INSERT OR REPLACE INTO blocked VALUES (?, ?)", row)
