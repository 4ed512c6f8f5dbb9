"""Series as rows: the statements that read and write them."""

import json
import sqlite3

from shared.model.series import Series
from shared.store.schema import decoded
from shared.store.series_documents import series_from_document, series_to_document
from shared.store.sqlite.conditions import check_written

_READ = "SELECT body FROM series WHERE id = ?"
_CREATE = "INSERT OR IGNORE INTO series VALUES (?, ?)"


def read_series(connection: sqlite3.Connection, series_id: str) -> Series | None:
    """Return a series; None if there is none."""
    row = connection.execute(_READ, (series_id,)).fetchone()
    return None if row is None else series_from_document(series_id, decoded(row[0]))


def create_series(connection: sqlite3.Connection, series: Series) -> None:
    """Write a series. Raises VersionConflict if there is one of its id."""
    row = (series.id, json.dumps(series_to_document(series)))
    check_written(connection.execute(_CREATE, row))
