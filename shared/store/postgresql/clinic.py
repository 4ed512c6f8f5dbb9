"""What is kept of a whole clinic: its settings, secrets, links and blocked callers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from shared.model.patient_key import PatientKey
from shared.store.blocked_documents import blocked_from_document, blocked_to_document
from shared.store.clinic_documents import clinic_from_document, clinic_to_document
from shared.store.link_documents import link_from_document, link_to_document
from shared.store.postgresql.pool import Connections, Query
from shared.store.secret_documents import secret_from_document, secret_to_document

_CLINIC = "SELECT body FROM clinic"
_PUT_CLINIC = """
    INSERT INTO clinic VALUES (1, %s) ON CONFLICT (id) DO UPDATE SET body = excluded.body
"""
_SECRET = "SELECT body FROM secrets WHERE name = %s"  # noqa: S105 - a statement
_PUT_SECRET = "INSERT INTO secrets VALUES (%s, %s) ON CONFLICT DO NOTHING"  # noqa: S105
_LINK = "SELECT body FROM calendar_links WHERE doctor_id = %s"
_PUT_LINK = """
    INSERT INTO calendar_links VALUES (%(doctor)s, %(body)s)
    ON CONFLICT (doctor_id) DO UPDATE SET body = merged(calendar_links.body, excluded.body)
    WHERE calendar_links.body = %(found)s
    RETURNING 1
"""
_BLOCKED = "SELECT digits, body FROM blocked"
_BLOCK = """
    INSERT INTO blocked VALUES (%s, %s) ON CONFLICT (digits) DO UPDATE SET body = excluded.body
"""


async def read_clinic(connections: Connections) -> dict[str, Any]:
    """Return what is true of the whole clinic; empty if nothing was put."""
    rows = await connections.execute(Query(_CLINIC))
    return clinic_from_document(rows[0][0]) if rows else {}


async def write_clinic(connections: Connections, clinic: Mapping[str, Any]) -> None:
    """Replace what is true of the whole clinic."""
    await connections.write(Query(_PUT_CLINIC, [Jsonb(clinic_to_document(clinic))]))


async def read_secret(connections: Connections, name: str) -> str | None:
    """Return a secret, if there is one of that name."""
    rows = await connections.execute(Query(_SECRET, [name]))
    return secret_from_document(name, rows[0][0]) if rows else None


async def read_or_create_secret(connections: Connections, name: str, value: str) -> str:
    """Return the secret of that name; write this one if there is none."""
    await connections.write(Query(_PUT_SECRET, [name, Jsonb(secret_to_document(value))]))
    return await read_secret(connections, name) or value


async def read_link(connections: Connections, doctor_id: str) -> str | None:
    """Return the secret of a doctor's link, if there is one."""
    rows = await connections.execute(Query(_LINK, [doctor_id]))
    return link_from_document(doctor_id, rows[0][0]) if rows else None


async def replace_link(
    connections: Connections, doctor_id: str, replaced: str | None, secret: str
) -> str:
    """Write a secret in the place of another one or of none; return the one that is there then."""
    while True:
        rows = await connections.execute(Query(_LINK, [doctor_id]))
        found = link_from_document(doctor_id, rows[0][0]) if rows else None
        if found is not None and found != replaced:
            return found
        body = Jsonb(link_to_document(secret))
        as_found = Jsonb(rows[0][0]) if rows else None
        asked = {"doctor": doctor_id, "body": body, "found": as_found}
        (written,) = await connections.write(Query(_PUT_LINK, asked))
        if written:
            return secret


async def read_blocked(connections: Connections) -> Mapping[PatientKey, datetime]:
    """Return the instants before which tokens count no more."""
    rows = await connections.execute(Query(_BLOCKED))
    return {PatientKey(digits): blocked_from_document(digits, body) for digits, body in rows}


async def write_blocked(
    connections: Connections, caller: PatientKey, issued_before: datetime
) -> None:
    """Write an instant, whatever was said before."""
    body = Jsonb(blocked_to_document(issued_before))
    await connections.write(Query(_BLOCK, [caller.digits, body]))
