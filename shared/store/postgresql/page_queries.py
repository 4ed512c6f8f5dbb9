"""Statements that read on from a position: a start, then an id.

What a function returns has the collation of the database, not that of the column that it is from.
"""

from shared.store.positions import Positions
from shared.store.postgresql.pool import Query

_ENDED = """
    SELECT body FROM elsewhere
    WHERE doctor_id = %(doctor)s AND start < %(end)s
    AND (start, id) > (%(after)s::bigint, %(after_id)s::text)
    ORDER BY start, id LIMIT %(limit)s
"""
_ENDED_SEEN = """
    SELECT body FROM elsewhere_in(%(seen)s)
    WHERE doctor_id COLLATE "C" = %(doctor)s AND start < %(end)s
    AND (start, id COLLATE "C") > (%(after)s::bigint, %(after_id)s::text)
    ORDER BY start, id COLLATE "C" LIMIT %(limit)s
"""
_OVERRIDES = """
    SELECT doctor_id, id, body, version FROM overrides
    WHERE doctor_id = %(doctor)s AND start < %(end)s
    AND (start, id) > (%(after)s::bigint, %(after_id)s::text)
    ORDER BY start, id LIMIT %(limit)s
"""


def ended_query(positions: Positions, limit: int, seen: str | None) -> Query:
    """Ask for the first of what has ended."""
    asked = {**positions._asdict(), "limit": limit, "seen": seen}
    return Query(_ENDED if seen is None else _ENDED_SEEN, asked)


def overrides_query(positions: Positions, limit: int) -> Query:
    """Ask for the first of these overrides."""
    return Query(_OVERRIDES, {**positions._asdict(), "limit": limit})
