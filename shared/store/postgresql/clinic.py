"""What is kept beside appointments: doctors, the clinic, secrets, links and blocked callers."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from shared.model.doctor import Doctor
from shared.model.patient_key import PatientKey
from shared.store.blocked_documents import blocked_from_document, blocked_to_document
from shared.store.clinic_documents import clinic_from_document, clinic_to_document
from shared.store.doctor_documents import doctor_from_document, doctor_to_document, offered
from shared.store.link_documents import link_from_document, link_to_document
from shared.store.postgresql.connections import Connections, Query
from shared.store.secret_documents import secret_from_document, secret_to_document

_DOCTORS_BY_ID = "SELECT body FROM doctors WHERE id = ANY (%s)"
_DOCTORS = "SELECT body FROM doctors WHERE id > %(after)s ORDER BY id LIMIT %(limit)s"
_DOCTORS_OFFERING = """
    SELECT body FROM doctors WHERE id IN (
        SELECT doctor_id FROM offers
        WHERE service_id IN (%(service)s, '*') AND doctor_id > %(after)s
        ORDER BY doctor_id LIMIT %(limit)s
    )
    ORDER BY id
"""
# A merge, so that fields which a newer version wrote are kept. So is the day shift.
_PUT_DOCTORS = """
    WITH given AS (
        SELECT * FROM jsonb_to_recordset(%s) AS (id text, body jsonb) ORDER BY id
    )
    INSERT INTO doctors SELECT id, body FROM given
    ON CONFLICT (id) DO UPDATE
    SET body = merged(doctors.body, excluded.body - 'day_shift_minutes')
"""
_OFFER_NOTHING = "DELETE FROM offers WHERE doctor_id = ANY (%s)"
_OFFER = "INSERT INTO offers SELECT * FROM unnest(%s::text[], %s::text[]) ON CONFLICT DO NOTHING"
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


async def read_doctors(connections: Connections, ids: Collection[str]) -> dict[str, Doctor]:
    """Return those of these doctors that there are, by id."""
    rows = await connections.execute(Query(_DOCTORS_BY_ID, [list(ids)]))
    found = (doctor_from_document(body) for (body,) in rows)
    return {doctor.id: doctor for doctor in found}


async def list_doctors(
    connections: Connections, limit: int, after: str, service_id: str | None
) -> list[Doctor]:
    """Return the first doctors behind an id, ordered by id, maybe only those of a service."""
    asked = {"limit": limit, "after": after, "service": service_id}
    statement = _DOCTORS if service_id is None else _DOCTORS_OFFERING
    return [
        doctor_from_document(body) for (body,) in await connections.execute(Query(statement, asked))
    ]


async def write_doctors(connections: Connections, doctors: Collection[Doctor]) -> None:
    """Add or replace doctors, in one transaction."""
    given = [{"id": doctor.id, "body": doctor_to_document(doctor)} for doctor in doctors]
    offers = [(service, doctor.id) for doctor in doctors for service in offered(doctor)]
    services, offering = [service for service, _ in offers], [doctor_id for _, doctor_id in offers]
    async with connections.lend() as session:
        await session.run(
            [
                Query("BEGIN"),
                Query(_PUT_DOCTORS, [Jsonb(given)]),
                Query(_OFFER_NOTHING, [[doctor.id for doctor in doctors]]),
                Query(_OFFER, [services, offering]),
                Query("COMMIT"),
            ]
        )


async def read_clinic(connections: Connections) -> dict[str, Any]:
    """Return what is true of the whole clinic; empty if nothing was put."""
    rows = await connections.execute(Query(_CLINIC))
    return clinic_from_document(rows[0][0]) if rows else {}


async def write_clinic(connections: Connections, clinic: Mapping[str, Any]) -> None:
    """Replace what is true of the whole clinic."""
    await connections.execute(Query(_PUT_CLINIC, [Jsonb(clinic_to_document(clinic))]))


async def read_secret(connections: Connections, name: str) -> str | None:
    """Return a secret, if there is one of that name."""
    rows = await connections.execute(Query(_SECRET, [name]))
    return secret_from_document(name, rows[0][0]) if rows else None


async def read_or_create_secret(connections: Connections, name: str, value: str) -> str:
    """Return the secret of that name; write this one if there is none."""
    await connections.execute(Query(_PUT_SECRET, [name, Jsonb(secret_to_document(value))]))
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
        if await connections.execute(Query(_PUT_LINK, asked)):
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
    await connections.execute(Query(_BLOCK, [caller.digits, body]))
