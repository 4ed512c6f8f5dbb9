"""Documents as rows: the statements that read and write them."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from shared.model.busy_day import BusyDay
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.idempotency_record import IdempotencyRecord
from shared.store.appointment_documents import (
    Document,
    day_from_texts,
    entry_to_text,
    instant_to_text,
)
from shared.store.busy_documents import busy_day_from_text, busy_day_to_text
from shared.store.clinic_documents import clinic_from_document, clinic_to_document
from shared.store.doctor_documents import doctor_from_document, doctor_to_document, offered
from shared.store.port import DayWrite, RecordWrite, Stored, Version
from shared.store.record_documents import record_from_document, record_to_document
from shared.store.schema import SCHEMA, check_schema, decoded
from shared.store.sqlite.conditions import check_written

# The entries of a day come as one text, separated by commas, which `day_from_texts` puts into
# brackets: a list in JSON.
_DAYS = """
    SELECT day, version, schema, coalesce(group_concat(body), '')
    FROM doctor_days LEFT JOIN entries USING (doctor_id, day)
    WHERE doctor_id = :doctor AND day BETWEEN :first AND :last
    GROUP BY day ORDER BY day LIMIT :limit
"""
_DAYS_AT = """
    SELECT day, NULL, 1, group_concat(body) FROM (
        SELECT doctor_id, day, body FROM entries WHERE since <= :past
        UNION ALL
        SELECT doctor_id, day, body FROM past_entries WHERE since <= :past AND :past < until
    )
    WHERE doctor_id = :doctor AND day BETWEEN :first AND :last
    GROUP BY day ORDER BY day LIMIT :limit
"""
_BUSY = """
    SELECT schema, json_extract(derived, '$.busy') FROM doctor_days WHERE doctor_id = ? AND day = ?
"""
_VERSION = "SELECT version FROM doctor_days WHERE doctor_id = ? AND day = ?"
# The version of a day is the instant of its last commit by the file's clock, which never goes back.
_REVISION = "SELECT coalesce(max(version), 0) FROM doctor_days WHERE doctor_id = ?"
_KEEP_PAST = """
    INSERT INTO past_entries SELECT doctor_id, day, id, ?, since, body FROM entries
    WHERE doctor_id = ? AND day = ? AND id = ?
"""
_DROP = "DELETE FROM entries WHERE doctor_id = ? AND day = ? AND id = ?"
_PUT = """
    INSERT OR REPLACE INTO entries (since, doctor_id, day, id, body) VALUES (?, ?, ?, ?, ?)
"""
_FIRST_VERSION = """
    INSERT OR IGNORE INTO doctor_days (version, schema, derived, doctor_id, day)
    VALUES (?, ?, ?, ?, ?)
"""
_NEXT_VERSION = """
    UPDATE doctor_days SET version = ?, schema = ?, derived = ?
    WHERE doctor_id = ? AND day = ? AND version = ?
"""
_FIRST_RECORD = "INSERT OR IGNORE INTO receipts VALUES (?, ?, ?)"
_REPLACE_RECORD = """
    UPDATE receipts SET expires_at = ?, body = ? WHERE key = ? AND expires_at = ?
"""
# A merge (RFC 7396), so that fields which a newer version wrote are kept. So is the day shift.
_PUT_DOCTOR = """
    INSERT INTO doctors VALUES (?, ?)
    ON CONFLICT (id) DO UPDATE
    SET body = json_patch(body, json_remove(excluded.body, '$.day_shift_minutes'))
"""
_DOCTORS_BY_ID = "SELECT body FROM doctors WHERE id IN (SELECT value FROM json_each(?))"
_DOCTORS = "SELECT body FROM doctors WHERE id > :after ORDER BY id LIMIT :limit"
_DOCTORS_OFFERING = """
    SELECT body FROM doctors WHERE id IN (
        SELECT doctor_id FROM offers WHERE service_id IN (:service, '*') AND doctor_id > :after
        ORDER BY doctor_id LIMIT :limit
    )
    ORDER BY id
"""
_OFFER_NOTHING = "DELETE FROM offers WHERE doctor_id = ?"
_OFFER = "INSERT INTO offers VALUES (?, ?)"
_PUT_CLINIC = "INSERT OR REPLACE INTO clinic VALUES (1, ?)"
_IS_ANY_LEFT_BEHIND = "SELECT 1 FROM sqlite_master WHERE name = 'left_behind'"


def read_days(
    connection: sqlite3.Connection,
    doctor_id: str,
    days: tuple[date, date],
    limit: int,
    past: int | None = None,
) -> Iterator[Stored[DaySchedule]]:
    """Yield the days from first to last that have a document, as they were at `past` or are."""
    first, last = (day.isoformat() for day in days)
    asked = {"doctor": doctor_id, "first": first, "last": last, "limit": limit, "past": past}
    rows = connection.execute(_DAYS if past is None else _DAYS_AT, asked)
    for day, version, schema, bodies in rows:
        check_schema(f"{doctor_id}, {day}", "day", {"schema": schema})
        key = DayKey(doctor_id, date.fromisoformat(day))
        yield Stored(day_from_texts(key, (bodies,)), version)


def read_day(connection: sqlite3.Connection, key: DayKey, past: int | None) -> Stored[DaySchedule]:
    """Return one day; an empty one if it has no document."""
    found = read_days(connection, key.doctor_id, (key.day, key.day), 1, past)
    return next(found, Stored(DaySchedule(key), None))


def read_busy_day(connection: sqlite3.Connection, key: DayKey) -> BusyDay:
    """Return when a doctor is busy on a day."""
    row = connection.execute(_BUSY, (key.doctor_id, key.day.isoformat())).fetchone()
    if row is None:
        return BusyDay()
    schema, busy = row
    if busy is None:  # An older version wrote the day last.
        return read_day(connection, key, None).value.busy
    name = f"{key.doctor_id}, {key.day}"
    check_schema(name, "day", {"schema": schema})
    return busy_day_from_text(name, busy)


def read_version(connection: sqlite3.Connection, key: DayKey) -> Version | None:
    """Return the version of a day; None if it has no document."""
    row = connection.execute(_VERSION, (key.doctor_id, key.day.isoformat())).fetchone()
    version: Version | None = row and row[0]
    return version


def read_revision(connection: sqlite3.Connection, doctor_id: str) -> int:
    """Return the instant of the last commit that wrote a day of a doctor; 0 if there was none."""
    (revision,) = connection.execute(_REVISION, (doctor_id,)).fetchone()
    return int(revision)


def write_days(connection: sqlite3.Connection, writes: Sequence[DayWrite], now: int) -> None:
    """Write the changed entries of days. Raises VersionConflict if one is not as it was read."""
    new = [_day_row(write, now) for write in writes if write.read.version is None]
    known = [write for write in writes if write.read.version is not None]
    later = [(*_day_row(write, now), write.read.version) for write in known]
    check_written(connection.executemany(_FIRST_VERSION, new), len(new))
    check_written(connection.executemany(_NEXT_VERSION, later), len(later))
    replaced, written = [], []
    for write in writes:
        place, before = _place(write.day.key), write.read.value.entries
        changed = write.changed()
        replaced += [(*place, name) for name in changed if name in before]
        written += [(now, *place, name, entry_to_text(e)) for name, e in changed.items() if e]
    if replaced:
        connection.executemany(_KEEP_PAST, [(now, *row) for row in replaced])
        connection.executemany(_DROP, replaced)
    connection.executemany(_PUT, written)


def _day_row(write: DayWrite, now: int) -> tuple[object, ...]:
    derived = f'{{"busy":{busy_day_to_text(write.day.busy)}}}'
    return (now, SCHEMA, derived, *_place(write.day.key))


def _place(key: DayKey) -> tuple[str, str]:
    return key.doctor_id, key.day.isoformat()


def read_records(
    connection: sqlite3.Connection, keys: Collection[str]
) -> dict[str, Stored[IdempotencyRecord]]:
    """Return those idempotency records that exist, by key."""
    found = {}
    for key in keys:
        rows = connection.execute("SELECT body, expires_at FROM receipts WHERE key = ?", (key,))
        for body, version in rows:
            found[key] = Stored(record_from_document(key, decoded(body)), version)
    return found


def write_record(connection: sqlite3.Connection, write: RecordWrite) -> None:
    """Write an idempotency record."""
    record = write.record
    expires_at, body = instant_to_text(record.expires_at), _json(record_to_document(record))
    if write.replaced is None:
        check_written(connection.execute(_FIRST_RECORD, (record.key, expires_at, body)))
    else:
        change = (expires_at, body, record.key, write.replaced)
        check_written(connection.execute(_REPLACE_RECORD, change))


def read_doctors(connection: sqlite3.Connection, ids: Collection[str]) -> dict[str, Doctor]:
    """Return those of these doctors that there are, by id."""
    rows = connection.execute(_DOCTORS_BY_ID, (json.dumps(list(ids)),)).fetchall()
    found = (doctor_from_document(decoded(body)) for (body,) in rows)
    return {doctor.id: doctor for doctor in found}


def list_doctors(
    connection: sqlite3.Connection, limit: int, after: str, service_id: str | None
) -> list[Doctor]:
    """Return the first doctors behind an id, ordered by id, maybe only those of a service."""
    asked = {"limit": limit, "after": after, "service": service_id}
    statement = _DOCTORS if service_id is None else _DOCTORS_OFFERING
    rows = connection.execute(statement, asked).fetchall()
    return [doctor_from_document(decoded(body)) for (body,) in rows]


def write_doctors(connection: sqlite3.Connection, doctors: Collection[Doctor]) -> None:
    """Add or replace doctors."""
    rows = [(doctor.id, _json(doctor_to_document(doctor))) for doctor in doctors]
    connection.executemany(_PUT_DOCTOR, rows)
    connection.executemany(_OFFER_NOTHING, [(doctor.id,) for doctor in doctors])
    offers = [(service, doctor.id) for doctor in doctors for service in offered(doctor)]
    connection.executemany(_OFFER, offers)


def read_clinic(connection: sqlite3.Connection) -> dict[str, Any]:
    """Return what is true of the whole clinic; empty if nothing was put."""
    row = connection.execute("SELECT body FROM clinic").fetchone()
    return {} if row is None else clinic_from_document(decoded(row[0]))


def write_clinic(connection: sqlite3.Connection, clinic: Mapping[str, Any]) -> None:
    """Replace what is true of the whole clinic."""
    connection.execute(_PUT_CLINIC, (_json(clinic_to_document(clinic)),))


def count_left_behind(connection: sqlite3.Connection) -> int:
    """Count the entries that an upgrade of the file could not read."""
    if connection.execute(_IS_ANY_LEFT_BEHIND).fetchone() is None:
        return 0
    (count,) = connection.execute("SELECT count(*) FROM left_behind").fetchone()
    return int(count)


def _json(document: Document) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
