"""Bring a file of an earlier release over to doctor-days, in the transaction that opens it.

An older program that still has the file open finds its tables gone, and fails instead of booking.
"""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime

import msgspec

from shared.model.day import DayKey
from shared.model.doctor import Doctor
from shared.model.placement import Placement
from shared.store.appointment_documents import appointment_to_text
from shared.store.legacy_documents import (
    doctor_of_earlier_document,
    is_pointer,
    new_placement,
    with_day_shift,
)
from shared.store.port import ElsewhereWrite, StoreError
from shared.store.schema import SCHEMA
from shared.store.sqlite.clock import forget_all_past, tick
from shared.store.sqlite.whereabouts_rows import write_elsewhere

_PUT_DAY = "INSERT OR IGNORE INTO doctor_days VALUES (?, ?, 1, ?, NULL)"
_PUT_ENTRY = "INSERT INTO entries VALUES (?, ?, ?, ?, ?)"

# A new file has nothing to move, and no past to forget.
_ANYTHING = "SELECT 1 FROM days UNION ALL SELECT 1 FROM appointments"

# What nobody can read is kept where an operator finds it: `make doctors` counts it.
_LEFT_BEHIND = """
    CREATE TABLE left_behind (doctor_id TEXT, day TEXT, id TEXT, body TEXT NOT NULL, why TEXT)
"""


def move_to_doctor_days(connection: sqlite3.Connection) -> None:
    """File every appointment anew, and drop the tables of earlier releases."""
    present = datetime.now(UTC)
    doctors = _doctors(connection, present)
    if connection.execute(_ANYTHING).fetchone():
        _file_anew(connection, doctors, tick(connection, present))
    for table in ("days", "appointments", "past_appointments"):
        connection.execute(f"DROP TABLE {table}")


def _file_anew(connection: sqlite3.Connection, doctors: dict[str, Doctor], now: int) -> None:
    left = []
    for row in _entries(connection):
        doctor_id, day, _, body = row
        connection.execute("SAVEPOINT entry")
        try:
            _bring_over(connection, doctors, DayKey(doctor_id, date.fromisoformat(day)), body, now)
        except (StoreError, KeyError, msgspec.MsgspecError, sqlite3.IntegrityError) as error:
            connection.execute("ROLLBACK TO entry")
            left.append((*row, f"{type(error).__name__}: {error}"))
        connection.execute("RELEASE entry")
    forget_all_past(connection)
    if left:
        connection.execute(_LEFT_BEHIND)
        connection.executemany("INSERT INTO left_behind VALUES (?, ?, ?, ?, ?)", left)


def _entries(connection: sqlite3.Connection) -> Iterator[tuple[str, str, str, str]]:
    """Yield all entries; those of one doctor are read before anything is written for them."""
    for doctor in connection.execute("SELECT DISTINCT doctor_id FROM appointments").fetchall():
        of_one = "SELECT doctor_id, day, id, body FROM appointments WHERE doctor_id = ?"
        yield from connection.execute(of_one, doctor).fetchall()


def _doctors(connection: sqlite3.Connection, now: datetime) -> dict[str, Doctor]:
    """Return the doctors by id, each with the day shift that it is given here."""
    found = {}
    for doctor_id, body in connection.execute("SELECT id, body FROM doctors").fetchall():
        fields = json.loads(body)
        found[doctor_id] = doctor_of_earlier_document(fields, now)
        text = json.dumps(with_day_shift(fields, now), ensure_ascii=False)
        connection.execute("UPDATE doctors SET body = ? WHERE id = ?", (text, doctor_id))
    return found


def _bring_over(
    connection: sqlite3.Connection, doctors: dict[str, Doctor], day: DayKey, body: str, now: int
) -> None:
    if is_pointer(body):
        return
    found = new_placement(doctors[day.doctor_id], day, body)
    rows = list(_rows(found, now))
    connection.executemany(_PUT_DAY, [(*key, SCHEMA) for key, _ in rows])
    connection.executemany(_PUT_ENTRY, [(*key, *row) for key, row in rows])
    for key, whereabouts in found.elsewhere.items():
        write_elsewhere(connection, ElsewhereWrite(key, whereabouts, None), now)


def _rows(found: Placement, now: int) -> Iterator[tuple[tuple[str, str], tuple[str, int, str]]]:
    text = appointment_to_text(found.appointment)
    for key in found.days:
        yield (key.doctor_id, str(key.day)), (found.appointment.id, now, text)
