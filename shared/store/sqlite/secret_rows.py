"""Secrets as rows: the statements that read and create them."""

import json
import sqlite3

from shared.store.schema import decoded
from shared.store.secret_documents import secret_from_document, secret_to_document


def read_secret(connection: sqlite3.Connection, name: str) -> str | None:
    """Return a secret, if there is one of that name."""
    row = connection.execute("SELECT body FROM secrets WHERE name = ?", (name,)).fetchone()
    return None if row is None else secret_from_document(name, decoded(row[0]))


def read_or_create_secret(connection: sqlite3.Connection, name: str, value: str) -> str:
    """Return the secret of that name; write this one if there is none."""
    row = (name, json.dumps(secret_to_document(value)))
    connection.execute("INSERT OR IGNORE INTO secrets VALUES (?, ?)", row)
    return read_secret(connection, name) or value
