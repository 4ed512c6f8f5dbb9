"""Schedules and histories of patients as rows: the statements that read and write them."""

import json
import sqlite3
from collections.abc import Mapping
from datetime import date, datetime

from shared.model.patient_history import PastAppointment, month_of
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.store.instant_numbers import to_instant, to_number
from shared.store.patient_documents import (
    history_changes,
    patient_from_document,
    patient_to_changes,
)
from shared.store.port import PatientWrite, Stored
from shared.store.schema import decoded
from shared.store.sqlite.conditions import check_written

# The instant of the commit is the version.
_READ = "SELECT body, since FROM patients WHERE digits = :digits"
_READ_AT = """
    SELECT body, NULL FROM (
        SELECT digits, body FROM patients WHERE since <= :past
        UNION ALL
        SELECT digits, body FROM past_patients WHERE since <= :past AND :past < until
    )
    WHERE digits = :digits
"""
# Merges (RFC 7396), so that fields which a newer version wrote are kept.
_FIRST = """
    INSERT OR IGNORE INTO patients VALUES (:digits, :now, json_patch('{}', :changes))
"""
_KEEP_PAST = """
    INSERT INTO past_patients SELECT digits, :now, since, body FROM patients
    WHERE digits = :digits AND since = :read
"""
_CHANGE = """
    UPDATE patients SET since = :now, body = json_patch(body, :changes) WHERE digits = :digits
"""
# `start` is a count of microseconds since 1970, and NULL where an earlier version kept none.
_PUT_HISTORY = """
    INSERT INTO patient_history (digits, month, id, start, since) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET start = excluded.start
"""
_FORGET = "DELETE FROM patient_history WHERE digits = ? AND month = ? AND id = ?"
_HISTORY = """
    SELECT id, month, start FROM patient_history
    WHERE digits = :digits AND month BETWEEN :first AND :last
    AND (:past IS NULL OR since <= :past)
    ORDER BY month, id
"""


def read_patient(
    connection: sqlite3.Connection, key: PatientKey, past: int | None
) -> Stored[PatientSchedule]:
    """Return a schedule as it was at `past` or is; an empty one if it has no document."""
    asked = {"digits": key.digits, "past": past}
    row = connection.execute(_READ if past is None else _READ_AT, asked).fetchone()
    if row is None:
        return Stored(PatientSchedule(key), None)
    body, version = row
    return Stored(patient_from_document(key, decoded(body)), version)


def read_history(
    connection: sqlite3.Connection, key: PatientKey, first: date, last: date, past: int | None
) -> list[PastAppointment]:
    """Return what stands in the months from first to last, in order of months, then ids."""
    months = {"first": month_of(first), "last": month_of(last)}
    asked = {"digits": key.digits, "past": past, **months}
    return [
        PastAppointment(name, month, None if start is None else to_instant(start))
        for name, month, start in connection.execute(_HISTORY, asked)
    ]


def write_patient(connection: sqlite3.Connection, write: PatientWrite, now: int) -> None:
    """Write what changed in a schedule and in the history, where it is as it was read."""
    key, read = write.schedule.key, write.read.version
    changes = json.dumps(patient_to_changes(write), ensure_ascii=False)
    row = {"digits": key.digits, "now": now, "changes": changes, "read": read}
    if read is None:
        check_written(connection.execute(_FIRST, row))
    else:
        check_written(connection.execute(_KEEP_PAST, row))
        connection.execute(_CHANGE, row)
    for month, starts in history_changes(write).items():
        _write_history(connection, (key.digits, month), starts, now)


def _write_history(
    connection: sqlite3.Connection,
    place: tuple[str, str],
    starts: Mapping[str, datetime | None],
    now: int,
) -> None:
    put = [(*place, name, to_number(start), now) for name, start in starts.items() if start]
    connection.executemany(_PUT_HISTORY, put)
    connection.executemany(_FORGET, [(*place, name) for name in starts if not starts[name]])
