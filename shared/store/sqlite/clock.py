"""The file's own clock: one row that every commit moves on.

It never stands still and never goes back, whatever the machine's clock does.
"""

import sqlite3
from datetime import datetime, timedelta

from shared.store.instant_numbers import to_number
from shared.store.port import SnapshotExpired

HISTORY = timedelta(hours=1)
"""How long the past stays readable at least, as in Firestore, unless the clocks are far apart."""
_HISTORY = HISTORY // timedelta(microseconds=1)

_NEXT = "UPDATE clock SET instant = max(instant + 1, ?) RETURNING instant"
_STATE = "SELECT instant, kept_from FROM clock"
_LAST_REPLACED = """
    SELECT max(until) FROM (
        SELECT max(until) AS until FROM past_entries WHERE until <= :before
        UNION ALL
        SELECT max(until) FROM past_elsewhere WHERE until <= :before
        UNION ALL
        SELECT max(until) FROM past_patients WHERE until <= :before
    )
"""


def tick(connection: sqlite3.Connection, now: datetime) -> int:
    """Return the instant of this transaction, later than that of any before."""
    (instant,) = connection.execute(_NEXT, (to_number(now),)).fetchone()
    return int(instant)


def read_clock(connection: sqlite3.Connection) -> int:
    """Return the instant of the last commit that this connection sees."""
    (instant,) = connection.execute("SELECT instant FROM clock").fetchone()
    return int(instant)


def check_kept(connection: sqlite3.Connection, instant: int, now: datetime) -> None:
    """Raise SnapshotExpired for an instant that is too long ago or yet to come."""
    last, kept_from = _last_and_kept_from(connection, now)
    if not kept_from <= instant <= last:
        raise SnapshotExpired("that instant is too long ago, or yet to come")


def forget_past(connection: sqlite3.Connection, now: datetime) -> int:
    """Give up what was replaced before the history; return the instant from which all is kept.

    Where the file's clock is ahead by more than the history, because the machine's once was or is
    behind now, it moves a microsecond a commit until the machine's catches up, and what it calls an
    hour may be a year. All of the past is given up then: else the file would only grow.
    """
    last, kept_from = _last_and_kept_from(connection, now)
    if last > to_number(now) + _HISTORY:
        kept_from = last
    connection.execute("UPDATE clock SET kept_from = ?", (kept_from,))
    return kept_from


def forget_all_past(connection: sqlite3.Connection) -> None:
    """Give up all that was replaced: no view of an instant before that of the last commit."""
    connection.execute("UPDATE clock SET kept_from = instant")


def _last_and_kept_from(connection: sqlite3.Connection, now: datetime) -> tuple[int, int]:
    """Return the instant of the last commit, and the first one that may still be read.

    That is when an entry was last replaced before the past hour: what it replaced is shown no
    more, while all that was current within the hour is, however long ago that began. So the last
    commit's own view never expires.

    Now is the later of two clocks: the machine's, because the file's stands still while nothing is
    committed; and the file's, because the machine's may have been put back. Where the machine's
    clock runs ahead, a view is refused too early and its reader starts again; nobody can tell that
    from a file without commits, in which what was erased days ago would be shown.
    """
    last, kept_from = connection.execute(_STATE).fetchone()
    an_hour_ago = max(last, to_number(now)) - _HISTORY
    (replaced,) = connection.execute(_LAST_REPLACED, {"before": an_hour_ago}).fetchone()
    return last, max(kept_from, replaced or 0)
