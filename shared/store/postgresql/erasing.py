"""Erases what is kept beside appointments, a little at a time, so that no commit waits long."""

from collections.abc import Collection
from datetime import datetime

from psycopg.types.json import Jsonb

from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.store.appointment_documents import instant_to_text
from shared.store.patient_documents import rest_to_document
from shared.store.port import Stored
from shared.store.postgresql.pool import Connections, Query
from shared.store.record_documents import ERASED

ERASED_AT_ONCE = 200

_ERASE_RECORDS = """
    UPDATE records SET body = body || jsonb_build_object('fingerprint', %(erased)s::text)
    WHERE key IN (
        SELECT key FROM records
        WHERE body ->> 'appointment_id' = ANY (%(ids)s) AND body ->> 'fingerprint' <> %(erased)s
        ORDER BY key LIMIT %(most)s
    )
    RETURNING 1
"""
_ERASE_EVENTS = """
    DELETE FROM outbox WHERE id IN (
        SELECT id FROM outbox
        WHERE appointment_id = ANY (%(ids)s) AND (body ->> 'personal')::boolean
        ORDER BY id LIMIT %(most)s
    )
    RETURNING 1
"""
_ERASE_HOLDERS = """
    UPDATE series SET body = body || '{"holder": ""}' WHERE id IN (
        SELECT id FROM series WHERE id = ANY (%(ids)s) AND body ->> 'holder' <> ''
        ORDER BY id LIMIT %(most)s
    )
    RETURNING 1
"""
_ERASE_PATIENT = "SELECT erase_patient(%s, %s, %s)"
_ERASED_PATIENTS = """
    SELECT digits FROM patients WHERE (body ->> 'kept_until') COLLATE "C" <= %s
"""


async def erase_records(connections: Connections, ids: Collection[str]) -> int:
    """Erase records, events and the holders of series; return how many rows that were."""
    asked = {"ids": list(ids), "erased": ERASED, "most": ERASED_AT_ONCE}
    count = 0
    for step in (_ERASE_RECORDS, _ERASE_EVENTS, _ERASE_HOLDERS):
        # Fewer than at most may be all that others have left of these, with more behind them.
        while (done := await connections.write(Query(step, asked))) != [[]]:
            count += len(done[0])
    return count


async def erase_patient(
    connections: Connections, read: Stored[PatientSchedule], rest: PatientSchedule
) -> int:
    """Erase an account; return how many rows that were.

    Raises VersionConflict if its schedule is not as it was read.
    """
    fields = rest_to_document(rest)
    body = None if fields is None else Jsonb(fields)
    asked = [read.value.key.digits, read.version, body]
    ((count,),) = await connections.execute(Query(_ERASE_PATIENT, asked))
    return int(count)


async def erased_patients(connections: Connections, now: datetime) -> list[PatientKey]:
    """Return the accounts whose rest need not be kept any more."""
    rows = await connections.execute(Query(_ERASED_PATIENTS, [instant_to_text(now)]))
    return [PatientKey(digits) for (digits,) in rows]
