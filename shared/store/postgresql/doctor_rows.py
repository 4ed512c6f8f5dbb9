"""Doctors as rows: the statements that read and write them, with the services that they offer."""

from collections.abc import Collection

from psycopg.types.json import Jsonb

from shared.model.doctor import Doctor
from shared.store.doctor_documents import doctor_from_document, doctor_to_document, offered
from shared.store.postgresql.pool import Connections, Query

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
        SELECT * FROM jsonb_to_recordset(%s) AS (id text, body jsonb) ORDER BY id COLLATE "C"
    )
    INSERT INTO doctors SELECT id, body FROM given
    ON CONFLICT (id) DO UPDATE
    SET body = merged(doctors.body, excluded.body - 'day_shift_minutes')
"""
_OFFER_NOTHING = "DELETE FROM offers WHERE doctor_id = ANY (%s)"
_OFFER = "INSERT INTO offers SELECT * FROM unnest(%s::text[], %s::text[]) ON CONFLICT DO NOTHING"


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
    await connections.write(
        Query(_PUT_DOCTORS, [Jsonb(given)]),
        Query(_OFFER_NOTHING, [[doctor.id for doctor in doctors]]),
        Query(_OFFER, [services, offering]),
    )
