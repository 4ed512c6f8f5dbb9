"""Views of earlier instants, how long they can be read, and how what only they show is deleted.

A view is what its snapshot says: which transactions had ended. That is exact whatever commits at
the same moment, and whatever the server's clock does.
"""

from datetime import datetime, timedelta
from typing import LiteralString

from shared.store.instant_numbers import to_instant, to_number
from shared.store.port import SnapshotExpired
from shared.store.postgresql.pool import Connections, Query, Row

HISTORY = timedelta(hours=1)
"""How long a view can be read."""
MARGIN = timedelta(minutes=10)
"""How much longer what was replaced is kept: a commit may end later than it says."""
PRUNED_AT_ONCE = 1_000
"""How many rows of a kind one transaction deletes, so that none is long."""

KEEP_VIEW = Query("SELECT keep_view()")
"""Keeps what the transaction sees, once it commits. Fails where views have ended since."""

_KEPT = """
    SELECT seen::text FROM views, cluster, pg_control_system()
    WHERE instant = %s AND instant > now_number() - %s AND identifier = system_identifier
"""
_FORGET_VIEWS = "DELETE FROM views WHERE instant <= now_number() - %s"
# The snapshot is of the beginning: whoever keeps a view after this sees all that it shows.
_END_VIEWS = Query("SELECT end_views(), pg_current_snapshot()::text")
# `ctid` is where a row lies: the shortest way to delete only some.
_DELETE = """
    DELETE FROM {0} WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM {0} WHERE {1}
        ORDER BY {2} LIMIT %(most)s FOR UPDATE SKIP LOCKED
    ))
    RETURNING 1
"""
_EXPIRED = "expires_at <= now_number()"
_OLD = "replaced_at <= now_number() - %(age)s"
_REPLACED = "pg_visible_in_snapshot(until, %(seen)s)"
_PAST = ("past_entries", "past_elsewhere", "past_patients")


def kept_view_query(instant: datetime) -> Query:
    """Ask for the snapshot of a view."""
    return Query(_KEPT, [to_number(instant), _microseconds(HISTORY)])


def seen_of(rows: list[Row]) -> str:
    """Read the snapshot of a view; SnapshotExpired if it is no more kept, or never was."""
    if not rows:
        raise SnapshotExpired("that instant is too long ago, or yet to come")
    seen: str = rows[0][0]
    return seen


def kept_instant_of(rows: list[Row]) -> datetime:
    """Read the instant that names a view that is kept."""
    return to_instant(rows[0][0])


async def prune(connections: Connections) -> None:
    """Delete expired idempotency records, expired views, and what only they showed.

    No decision depends on it.
    """
    await connections.write(Query(_FORGET_VIEWS, [_microseconds(HISTORY)]))
    await _delete(connections, "records", _EXPIRED, "expires_at")
    age = _microseconds(HISTORY + MARGIN)
    for table in _PAST:
        await _delete(connections, table, _OLD, "replaced_at", age=age)


async def end_views(connections: Connections) -> None:
    """Let no view be read any more, and delete all that was replaced by then.

    What is replaced later stays: others may keep views at once, which show it.
    """
    ((_, seen),) = await connections.execute(_END_VIEWS)
    for table in _PAST:
        await _delete(connections, table, _REPLACED, "replaced_at", seen=seen)
    await prune(connections)


async def _delete(
    connections: Connections,
    table: LiteralString,
    which: LiteralString,
    order: LiteralString,
    **values: object,
) -> None:
    """Delete such rows in order of a column, a little at a time."""
    query = Query(_DELETE.format(table, which, order), {**values, "most": PRUNED_AT_ONCE})
    while len(await connections.execute(query)) == PRUNED_AT_ONCE:
        pass


def _microseconds(time: timedelta) -> int:
    return time // timedelta(microseconds=1)
