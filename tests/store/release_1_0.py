"""A SQLite file as release 1.0 left it, which filed appointments by the doctor's local date."""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

# The tables of release 1.0, and what a version after it added to them.
_TABLES = """
    CREATE TABLE doctors (id TEXT PRIMARY KEY, body TEXT NOT NULL);
    CREATE TABLE days (
        doctor_id TEXT, day TEXT, version INTEGER NOT NULL,
        PRIMARY KEY (doctor_id, day)
    ) WITHOUT ROWID;
    CREATE TABLE appointments (
        doctor_id TEXT, day TEXT, id TEXT, body TEXT NOT NULL,
        PRIMARY KEY (doctor_id, day, id)
    ) WITHOUT ROWID;
    CREATE TABLE receipts (
        key TEXT PRIMARY KEY, expires_at TEXT NOT NULL, body TEXT NOT NULL
    );
    CREATE TABLE clock (instant INTEGER NOT NULL, kept_from INTEGER NOT NULL);
    INSERT INTO clock VALUES (1795176000123456, 0);
    ALTER TABLE appointments ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE past_appointments (
        doctor_id TEXT, day TEXT, id TEXT, until INTEGER,
        since INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (doctor_id, day, id, until)
    ) WITHOUT ROWID;
    PRAGMA user_version = 2;
"""
_TABLES_AFTER_1_0 = """
    ALTER TABLE days ADD COLUMN schema INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE days ADD COLUMN derived TEXT;
    PRAGMA user_version = 3;
"""
_ALL_DAY = [
    {
        "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        "opens": "00:00",
        "closes": "24:00",
    }
]


class File:
    """The file at a path, as a program of that version has it open."""

    def __init__(self, path: str, *, after_1_0: bool = False) -> None:
        self._path = path
        self._tags = after_1_0
        self.run(_TABLES)
        if after_1_0:
            self.run(_TABLES_AFTER_1_0)

    def run(self, script: str) -> None:
        with closing(self._open()) as connection:
            connection.executescript(script)

    def put(self, statement: str, *values: object) -> None:
        with closing(self._open()) as connection, connection:
            connection.execute(statement, values)

    def doctor(self, doctor_id: str, zone: str) -> None:
        """A doctor who works day and night."""
        fields = {"id": doctor_id, "name": doctor_id, "time_zone": zone, "working_hours": _ALL_DAY}
        self.put("INSERT INTO doctors VALUES (?, ?)", doctor_id, json.dumps(fields))

    def entry(self, place: str, name: str, start: str, minutes: int, **more: object) -> None:
        """An appointment on a day, `doctor/date`."""
        end = datetime.fromisoformat(start) + timedelta(minutes=minutes)
        fields = {
            "id": name,
            "start": start,
            "end": end.isoformat().replace("+00:00", "Z"),
            "patient": {"name": "Ada Lovelace"},
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
            **more,
        }
        self._put_entry(place, name, "appointment", fields)

    def pointer(self, place: str, name: str, to: str) -> None:
        """Where an appointment that was born on a day has moved to."""
        doctor_id, day = to.split("/")
        fields = {"id": name, "moved_to": {"doctor_id": doctor_id, "day": day}}
        self._put_entry(place, name, "forwarding", fields)

    def body(self, place: str, name: str, body: str) -> None:
        """Any text as the entry of a day."""
        doctor_id, day = place.split("/")
        row = (doctor_id, day)
        self.put("INSERT OR IGNORE INTO days (doctor_id, day, version) VALUES (?, ?, 7)", *row)
        entry = (doctor_id, day, name, body)
        self.put("INSERT INTO appointments (doctor_id, day, id, body) VALUES (?, ?, ?, ?)", *entry)

    def record(self, key: str, appointment_id: str, request: Sequence[str | None]) -> None:
        """The record of an idempotency key that a request has used, and that has not expired."""
        fields = {
            "fingerprint": _hash(request),
            "appointment_id": appointment_id,
            "expires_at": "2099-01-02T00:00:00Z",
            "request_id": "a request of before",
        }
        row = (_hash([key]), fields["expires_at"], json.dumps(fields))
        self.put("INSERT INTO receipts VALUES (?, ?, ?)", *row)

    def dump(self) -> list[str]:
        """All that is in it."""
        with closing(self._open()) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            return [*connection.iterdump(), str(version)]

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path)
        connection.execute("PRAGMA synchronous = OFF")  # Faster, and no power is cut here.
        return connection

    def _put_entry(self, place: str, name: str, kind: str, fields: dict[str, Any]) -> None:
        tags = {"kind": kind, "schema": 2} if self._tags else {}
        self.body(place, name, json.dumps({**fields, **tags}))


def _hash(parts: Sequence[str | None]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
