"""Conditional writes: statements that write a row only if it is as it was read."""

import sqlite3

from shared.store.port import VersionConflict


def check_written(cursor: sqlite3.Cursor, rows: int = 1) -> None:
    """Raise VersionConflict if a statement wrote fewer rows than it was to write."""
    if cursor.rowcount != rows:
        raise VersionConflict
