"""The file's own clock: one row that every commit moves on.

An instant is a count of microseconds since 1970. It never stands still and never goes back,
whatever the machine's clock does.
"""

import sqlite3
from datetime import UTC, datetime, timedelta

from shared.store.port import SnapshotExpired

HISTORY = timedelta(hours=1)
"""How long the past stays readable at least, as in Firestore."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_NEXT = "UPDATE clock SET instant = max(instant + 1, ?) RETURNING instant"
# Not beyond the last commit: however long ago it was, its instant is that of every view.
_KEPT_FROM = "UPDATE clock SET kept_from = max(kept_from, min(instant, ?)) RETURNING kept_from"


def to_number(instant: datetime) -> int:
    """Return an instant as the file counts it."""
    return (instant - _EPOCH) // _MICROSECOND


def to_instant(number: int) -> datetime:
    """Return the instant that a count means."""
    return _EPOCH + number * _MICROSECOND


def tick(connection: sqlite3.Connection) -> int:
    """Return the instant of this transaction, later than that of any before."""
    (instant,) = connection.execute(_NEXT, (to_number(datetime.now(UTC)),)).fetchone()
    return int(instant)


def read_clock(connection: sqlite3.Connection) -> int:
    """Return the instant of the last commit that this connection sees."""
    (instant,) = connection.execute("SELECT instant FROM clock").fetchone()
    return int(instant)


def check_kept(connection: sqlite3.Connection, instant: int) -> None:
    """Raise SnapshotExpired for an instant that is too long ago or yet to come."""
    kept_from, now = connection.execute("SELECT kept_from, instant FROM clock").fetchone()
    if not kept_from <= instant <= now:
        raise SnapshotExpired("that instant is too long ago, or yet to come")


def forget_past(connection: sqlite3.Connection, now: datetime) -> int:
    """Give up what is older than the history; return the instant from which all is kept."""
    (kept_from,) = connection.execute(_KEPT_FROM, (to_number(now - HISTORY),)).fetchone()
    return int(kept_from)
