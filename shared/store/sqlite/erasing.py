"""Erases what is kept beside appointments, a little at a time, so that no commit waits long."""

import json
import sqlite3
from collections.abc import Collection
from datetime import datetime

from msgspec import Struct

from shared.model.patient_schedule import PatientSchedule
from shared.store.documents import ERASED
from shared.store.port import Stored, VersionConflict
from shared.store.sqlite.clock import forget_all_past, tick

# The index `receipts_by_appointment` is on the same expression.
_ERASE_RECORDS = """
    UPDATE receipts SET body = json_set(body, '$.fingerprint', :erased) WHERE rowid IN (
        SELECT rowid FROM receipts
        WHERE json_extract(body, '$.appointment_id') IN (SELECT value FROM json_each(:ids))
        AND json_extract(body, '$.fingerprint') <> :erased
        LIMIT :most
    )
"""
_DELETE_HISTORY = """
    DELETE FROM patient_history WHERE (digits, month, id) IN (
        SELECT digits, month, id FROM patient_history WHERE digits = ? LIMIT ?
    )
"""
_VERSION = "SELECT since FROM patients WHERE digits = ?"
_DELETE = "DELETE FROM patients WHERE digits = ?"


class Erasure(Struct, frozen=True):
    """What is to be erased: the records of appointments, and a schedule as it was read."""

    appointment_ids: Collection[str]
    patient: Stored[PatientSchedule] | None


def erase_some(connection: sqlite3.Connection, erasure: Erasure, now: datetime, most: int) -> bool:
    """Erase at most so much of it; return if more is left.

    The schedule goes last, and with it the past: what was replaced is deleted by `prune`, as no
    view of it can be read any more. Raises VersionConflict if the schedule is not as it was read.
    """
    patient = erasure.patient
    if patient is not None:
        _check(connection, patient)
    if _erase_records(connection, erasure.appointment_ids, most) == most:
        return True
    if patient is not None:
        digits = patient.value.key.digits
        if connection.execute(_DELETE_HISTORY, (digits, most)).rowcount == most:
            return True
        connection.execute(_DELETE, (digits,))
    tick(connection, now)
    forget_all_past(connection)
    return False


def _check(connection: sqlite3.Connection, patient: Stored[PatientSchedule]) -> None:
    row = connection.execute(_VERSION, (patient.value.key.digits,)).fetchone()
    if (None if row is None else row[0]) != patient.version:
        raise VersionConflict


def _erase_records(connection: sqlite3.Connection, ids: Collection[str], most: int) -> int:
    asked = {"ids": json.dumps(list(ids)), "erased": ERASED, "most": most}
    return connection.execute(_ERASE_RECORDS, asked).rowcount
