"""The SQLite file: its tables, and how a connection to it is made."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

WAL_TRIES = 5
WAL_PAUSE_SECONDS = 0.02

# Each step takes a file from its version, the step's place in this list, to the next one.
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

    -- The expiry is the version too: a later receipt of the same key always expires later.
    CREATE TABLE receipts (
        key TEXT PRIMARY KEY, expires_at TEXT NOT NULL, body TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE clock (instant INTEGER NOT NULL, kept_from INTEGER NOT NULL);

    INSERT INTO clock VALUES (0, 0);

    ALTER TABLE appointments ADD COLUMN since INTEGER NOT NULL DEFAULT 0;

    -- The key's columns come first: else the integrity check of SQLite 3.40 sees NULLs here.
    CREATE TABLE past_appointments (
        doctor_id TEXT, day TEXT, id TEXT, until INTEGER,
        since INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (doctor_id, day, id, until)
    ) WITHOUT ROWID
    """,
)


def open_file(path: str, busy_seconds: float) -> sqlite3.Connection:
    """A connection to the file; makes the file and its tables, if need be."""
    connection = sqlite3.connect(
        path, timeout=busy_seconds, isolation_level=None, check_same_thread=False
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
        message = f"its schema is version {found}, this program knows {len(_SCHEMA)}"
        raise sqlite3.DatabaseError(message)
    if found < len(_SCHEMA):
        _upgrade(connection)


def _upgrade(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        # Read again: another process may have done it while this one waited for the lock.
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        for step in _SCHEMA[found:]:
            for statement in step.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(_SCHEMA)}")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch the file to WAL, which it then stays in.

    When several processes make the same new file, SQLite may refuse this at once, without
    waiting as it does for statements (6 of 3,600 tries, 12 at a time).
    """
    tries_left = WAL_TRIES
    while tries_left:
        tries_left -= 1
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or not tries_left:
                raise
            time.sleep(WAL_PAUSE_SECONDS)
        else:
            tries_left = 0


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """`BEGIN IMMEDIATE`: take the write lock first, so that what is read stays true."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
