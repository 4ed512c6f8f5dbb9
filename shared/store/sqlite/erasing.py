"""Erases what is kept beside appointments, a little at a time, so that no commit waits long."""

import json
import sqlite3
from collections.abc import Collection
from datetime import datetime

from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.store.appointment_documents import instant_to_text
from shared.store.patient_documents import rest_to_document
from shared.store.port import Stored, VersionConflict
from shared.store.record_documents import ERASED
from shared.store.sqlite.clock import tick

# The index `receipts_by_appointment` is on the same expression.
_ERASE_RECORDS = """
    UPDATE receipts SET body = json_set(body, '$.fingerprint', :erased) WHERE rowid IN (
        SELECT rowid FROM receipts
        WHERE json_extract(body, '$.appointment_id') IN (SELECT value FROM json_each(:ids))
        AND json_extract(body, '$.fingerprint') <> :erased
        LIMIT :most
    )
"""
_ERASE_HOLDERS = """
    UPDATE series SET body = json_set(body, '$.holder', '') WHERE id IN (
        SELECT id FROM series
        WHERE id IN (SELECT value FROM json_each(:ids)) AND json_extract(body, '$.holder') <> ''
        LIMIT :most
    )
"""
_ERASE_EVENTS = """
    DELETE FROM outbox WHERE id IN (
        SELECT id FROM outbox WHERE appointment_id IN (SELECT value FROM json_each(:ids))
        AND json_extract(body, '$.personal') LIMIT :most
    )
"""
_DELETE_HISTORY = """
    DELETE FROM patient_history WHERE (digits, month, id) IN (
        SELECT digits, month, id FROM patient_history WHERE digits = ? LIMIT ?
    )
"""
_VERSION = "SELECT since FROM patients WHERE digits = ?"
_DELETE = "DELETE FROM patients WHERE digits = ?"
_PUT_REST = "INSERT INTO patients VALUES (?, ?, ?)"
_ERASED_PATIENTS = "SELECT digits FROM patients WHERE json_extract(body, '$.kept_until') <= ?"


def erase_records(connection: sqlite3.Connection, ids: Collection[str], most: int) -> bool:
    """Erase at most so many records of appointments and series; return if more may be left.

    Once fewer records are left, it deletes at most so many of the events that name a patient, and
    then empties `holder` of at most so many of the series.
    """
    asked = {"ids": json.dumps(list(ids)), "erased": ERASED, "most": most}
    steps = (_ERASE_RECORDS, _ERASE_EVENTS, _ERASE_HOLDERS)
    return any(connection.execute(step, asked).rowcount == most for step in steps)


def erase_patient(
    connection: sqlite3.Connection,
    read: Stored[PatientSchedule],
    rest: PatientSchedule,
    now: datetime,
    most: int,
) -> bool:
    """Erase at most so much of an account; return if more is left.

    The schedule goes last. Raises VersionConflict if it is not as it was read.
    """
    digits = read.value.key.digits
    row = connection.execute(_VERSION, (digits,)).fetchone()
    if (None if row is None else row[0]) != read.version:
        raise VersionConflict
    if connection.execute(_DELETE_HISTORY, (digits, most)).rowcount == most:
        return True
    connection.execute(_DELETE, (digits,))
    fields = rest_to_document(rest)
    if fields is not None:
        connection.execute(_PUT_REST, (digits, tick(connection, now), json.dumps(fields)))
    return False


def erased_patients(connection: sqlite3.Connection, now: datetime) -> list[PatientKey]:
    """Return the accounts whose rest need not be kept any more."""
    rows = connection.execute(_ERASED_PATIENTS, (instant_to_text(now),))
    return [PatientKey(digits) for (digits,) in rows]
