"""Links to calendars as rows: the statements that read and replace them."""

import json
import sqlite3

from shared.store.link_documents import link_from_document, link_to_document
from shared.store.schema import decoded

_READ = "SELECT body FROM calendar_links WHERE doctor_id = ?"
# A merge (RFC 7396), so that fields which a newer version wrote are kept.
_PUT = """
    INSERT INTO calendar_links VALUES (?, ?)
    ON CONFLICT (doctor_id) DO UPDATE SET body = json_patch(body, excluded.body)
"""


def read_link(connection: sqlite3.Connection, doctor_id: str) -> str | None:
    """Return the secret of a doctor's link, if there is one."""
    row = connection.execute(_READ, (doctor_id,)).fetchone()
    return None if row is None else link_from_document(doctor_id, decoded(row[0]))


def replace_link(
    connection: sqlite3.Connection, doctor_id: str, replaced: str | None, secret: str
) -> str:
    """Write a secret in the place of another one or of none; return the one that is there then."""
    found = read_link(connection, doctor_id)
    if found is not None and found != replaced:
        return found
    connection.execute(_PUT, (doctor_id, json.dumps(link_to_document(secret))))
    return secret
