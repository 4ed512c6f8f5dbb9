"""Views of earlier instants, how long they can be read, and how what only they show is deleted.

A view is what its snapshot says: which transactions had ended. That is exact whatever commits at
the same moment, and whatever the server's clock does.
"""

from datetime import datetime, timedelta

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
_END_VIEWS = Query("SELECT end_views()")
# `ctid` is where a row lies: the shortest way to delete only some.
_FORGET = """
    DELETE FROM {0} WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM {0} WHERE {1} <= now_number() - %(age)s
        ORDER BY {1} LIMIT %(most)s FOR UPDATE SKIP LOCKED
    ))
    RETURNING 1
"""
_AGEING = (
    *(("past_entries", "replaced_at"), ("past_elsewhere", "replaced_at")),
    *(("past_patients", "replaced_at"), ("records", "expires_at")),
)


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


async def prune(connections: Connections, age: timedelta = HISTORY + MARGIN) -> None:
    """Delete expired idempotency records, expired views, and what was replaced so long ago.

    No decision depends on it.
    """
    await connections.execute(Query(_FORGET_VIEWS, [_microseconds(HISTORY)]))
    for table, column in _AGEING:
        least = timedelta() if table == "records" else age
        asked = {"age": _microseconds(least), "most": PRUNED_AT_ONCE}
        query = Query(_FORGET.format(table, column), asked)
        while len(await connections.execute(query)) == PRUNED_AT_ONCE:
            pass


async def end_views(connections: Connections) -> None:
    """Let no view be read any more, and delete all that was replaced."""
    await connections.execute(_END_VIEWS)
    await prune(connections, timedelta())


def _microseconds(time: timedelta) -> int:
    return time // timedelta(microseconds=1)
