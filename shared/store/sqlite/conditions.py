"""Conditional writes: statements that return a row if they met what was read."""

import sqlite3

from shared.store.port import Version, VersionConflict


def returned_version(cursor: sqlite3.Cursor) -> Version:
    """Return the version that a conditional write returned; VersionConflict if it wrote nothing."""
    rows = cursor.fetchall()
    if not rows:
        raise VersionConflict
    version: Version = rows[0][0]
    return version
