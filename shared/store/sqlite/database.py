"""The SQLite file: its tables, connections to it, and its errors as the port names them."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.store.port import StoreRefused, StoreUnavailable
from shared.store.sqlite.doctor_day_migration import move_to_doctor_days

WAL_ATTEMPTS = 5
WAL_PAUSE_SECONDS = 0.02

_MAY_PASS = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT)
_PRIMARY_CODE = 0xFF  # The low byte; the rest refines it: sqlite.org/rescode.html

# Each step takes a file from its version, the step's place in this list, to the next one.
# Tables keep the names that release 1.0 gave them: `receipts` holds the idempotency records.
_SCHEMA = (
    """
    CREATE TABLE doctors (id TEXT PRIMARY KEY, body TEXT NOT NULL);

    CREATE TABLE days (
        doctor_id TEXT, day TEXT, version INTEGER NOT NULL,
        PRIMARY KEY (doctor_id, day)
    ) WITHOUT ROWID;

    CREATE TABLE appointments (
        doctor_id TEXT, day TEXT, id TEXT, body TEXT NOT NULL,
        PRIMARY KEY (doctor_id, day, id)
    ) WITHOUT ROWID;

    -- The expiry is the version too: a later record of the same key always expires later.
    CREATE TABLE receipts (
        key TEXT PRIMARY KEY, expires_at TEXT NOT NULL, body TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE clock (instant INTEGER NOT NULL, kept_from INTEGER NOT NULL);

    INSERT INTO clock VALUES (0, 0);

    ALTER TABLE appointments ADD COLUMN since INTEGER NOT NULL DEFAULT 0;

    -- The key's columns come first: else the integrity check of SQLite 3.40 reports NULLs here.
    CREATE TABLE past_appointments (
        doctor_id TEXT, day TEXT, id TEXT, until INTEGER,
        since INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (doctor_id, day, id, until)
    ) WITHOUT ROWID
    """,
    # `derived` is computed from the entries (busy_documents.py).
    # Versions that do not know it clear it.
    """
    ALTER TABLE days ADD COLUMN schema INTEGER NOT NULL DEFAULT 1;

    ALTER TABLE days ADD COLUMN derived TEXT
    """,
    # Doctor-days by arithmetic instead of local dates; see `doctor_day_migration`.
    """
    CREATE TABLE doctor_days (
        doctor_id TEXT, day TEXT, version INTEGER NOT NULL,
        schema INTEGER NOT NULL, derived TEXT,
        PRIMARY KEY (doctor_id, day)
    ) WITHOUT ROWID;

    CREATE TABLE entries (
        doctor_id TEXT, day TEXT, id TEXT, since INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (doctor_id, day, id)
    ) WITHOUT ROWID;

    CREATE TABLE past_entries (
        doctor_id TEXT, day TEXT, id TEXT, until INTEGER,
        since INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (doctor_id, day, id, until)
    ) WITHOUT ROWID;

    CREATE TABLE elsewhere (
        doctor_id TEXT, id TEXT, since INTEGER NOT NULL, start INTEGER, body TEXT NOT NULL,
        PRIMARY KEY (doctor_id, id)
    ) WITHOUT ROWID;

    CREATE INDEX ended ON elsewhere (doctor_id, start, id) WHERE start IS NOT NULL;

    CREATE TABLE past_elsewhere (
        doctor_id TEXT, id TEXT, until INTEGER, since INTEGER NOT NULL,
        start INTEGER, body TEXT NOT NULL,
        PRIMARY KEY (doctor_id, id, until)
    ) WITHOUT ROWID;

    CREATE TABLE secrets (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;

    -- They find what can be deleted.
    CREATE INDEX receipts_by_expiry ON receipts (expires_at);

    CREATE INDEX past_entries_by_end ON past_entries (until);

    CREATE INDEX past_elsewhere_by_end ON past_elsewhere (until)
    """,
    """
    CREATE TABLE patients (
        digits TEXT PRIMARY KEY, since INTEGER NOT NULL, body TEXT NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE past_patients (
        digits TEXT, until INTEGER, since INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (digits, until)
    ) WITHOUT ROWID;

    CREATE INDEX past_patients_by_end ON past_patients (until);

    CREATE TABLE patient_history (
        digits TEXT, month TEXT, id TEXT, since INTEGER NOT NULL,
        PRIMARY KEY (digits, month, id)
    ) WITHOUT ROWID;

    CREATE TABLE blocked (digits TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;

    -- It finds what is to be erased.
    CREATE INDEX receipts_by_appointment ON receipts (json_extract(body, '$.appointment_id'))
    """,
    # So that a page of a history is found without looking all of its appointments up.
    """
    ALTER TABLE patient_history ADD COLUMN start INTEGER
    """,
    """
    CREATE TABLE clinic (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL);

    -- Who offers a service, where * stands for all of them.
    CREATE TABLE offers (
        service_id TEXT, doctor_id TEXT, PRIMARY KEY (service_id, doctor_id)
    ) WITHOUT ROWID;

    CREATE INDEX offers_by_doctor ON offers (doctor_id);

    INSERT INTO offers SELECT '*', id FROM doctors;

    CREATE TABLE overrides (
        doctor_id TEXT, id TEXT, start INTEGER NOT NULL, version INTEGER NOT NULL,
        body TEXT NOT NULL, PRIMARY KEY (doctor_id, id)
    ) WITHOUT ROWID;

    CREATE INDEX overrides_by_start ON overrides (doctor_id, start, id)
    """,
    """
    CREATE TABLE series (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID
    """,
    """
    CREATE TABLE outbox (
        id TEXT PRIMARY KEY, appointment_id TEXT NOT NULL, due_at INTEGER,
        set_aside INTEGER NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL
    ) WITHOUT ROWID;

    CREATE INDEX outbox_by_due ON outbox (due_at, id) WHERE due_at IS NOT NULL;

    CREATE INDEX outbox_by_appointment ON outbox (appointment_id);

    CREATE INDEX outbox_set_aside ON outbox (id) WHERE set_aside
    """,
    """
    CREATE TABLE calendar_links (doctor_id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID
    """,
)


DOCTOR_DAYS = 4
"""The version that files by doctor-days instead of local dates."""


def open_file(path: str | Path, busy_seconds: float, *, create: bool = True) -> sqlite3.Connection:
    """Open the file, creating it if that is wanted, and upgrading its tables if need be."""
    connection = sqlite3.connect(
        f"{Path(path).absolute().as_uri()}?mode={'rwc' if create else 'rw'}",
        timeout=busy_seconds,
        isolation_level=None,
        check_same_thread=False,
        uri=True,
    )
    try:
        _set_up(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _set_up(connection: sqlite3.Connection) -> None:
    _use_write_ahead_log(connection)
    # FULL syncs the log at every commit: what was acknowledged survives a loss of power.
    connection.execute("PRAGMA synchronous = FULL")
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found > len(_SCHEMA):
        message = f"its schema is version {found}, this program knows up to {len(_SCHEMA)}"
        raise sqlite3.DatabaseError(message)
    if found < len(_SCHEMA):
        _upgrade(connection)


def _upgrade(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        # Read again: another process may have upgraded it while this one waited for the lock.
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        for step in _SCHEMA[found:]:
            for statement in step.split(";"):
                connection.execute(statement)
        if found < DOCTOR_DAYS:
            move_to_doctor_days(connection)
        connection.execute(f"PRAGMA user_version = {len(_SCHEMA)}")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch the file to WAL, which it then stays in.

    When several processes create the same file, SQLite may refuse this at once, without waiting
    as it does for statements (6 of 3,600 attempts, 12 at a time).
    """
    attempts = 0
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            attempts += 1
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or attempts == WAL_ATTEMPTS:
                raise
            time.sleep(WAL_PAUSE_SECONDS)
        else:
            return


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Run in `BEGIN IMMEDIATE`: the write lock comes first, so that what is read stays true."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise SQLite's errors as those of the port."""
    try:
        yield
    except sqlite3.Error as error:
        raise as_store_error(error) from error


def as_store_error(error: sqlite3.Error) -> StoreUnavailable | StoreRefused:
    """Return the error of the port that one of SQLite's means."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code & _PRIMARY_CODE in _MAY_PASS:
        return StoreUnavailable(str(error))
    return StoreRefused(str(error))
