"""A commit: what it writes, maybe in a transaction with others, and who waits for it."""

import asyncio
import sqlite3

from msgspec import Struct

from shared.store.port import (
    DocumentKey,
    StoreError,
    StoreUnavailable,
    VersionConflict,
    Versions,
    Writes,
)
from shared.store.sqlite.database import as_store_error
from shared.store.sqlite.outbox_rows import write_event
from shared.store.sqlite.override_rows import write_override
from shared.store.sqlite.patient_rows import write_patient
from shared.store.sqlite.rows import write_days, write_record
from shared.store.sqlite.series_rows import create_series
from shared.store.sqlite.whereabouts_rows import write_elsewhere

Result = Versions | StoreError


class Commit(Struct):
    """What one commit writes, and its answer."""

    writes: Writes
    answer: asyncio.Future[Versions]

    def tell(self, result: Result | BaseException) -> None:
        """Answer, if the caller still waits."""
        if self.answer.done():
            return
        if isinstance(result, BaseException):
            self.answer.set_exception(result)
        else:
            self.answer.set_result(result)

    def apply(self, connection: sqlite3.Connection, now: int) -> Result:
        """Write all of it or nothing, whatever else the transaction writes.

        For a caller who has gone away it writes nothing: they might try again and not expect this.
        """
        if self.answer.cancelled():
            return StoreUnavailable("the commit was given up")
        connection.execute("SAVEPOINT this_commit")
        try:
            result: Result = _write(connection, self.writes, now)
        except (VersionConflict, sqlite3.Error) as error:
            if not connection.in_transaction:
                raise  # SQLite has rolled the whole transaction back.
            connection.execute("ROLLBACK TO this_commit")
            result = error if isinstance(error, VersionConflict) else as_store_error(error)
        connection.execute("RELEASE this_commit")
        return result


def _write(connection: sqlite3.Connection, writes: Writes, now: int) -> Versions:
    for record in writes.records:
        write_record(connection, record)
    for whereabouts in writes.elsewhere:
        write_elsewhere(connection, whereabouts, now)
    for override in writes.overrides:
        write_override(connection, override)
    for series in writes.series:
        create_series(connection, series)
    for event in writes.events:
        write_event(connection, event, now)
    for patient in writes.patients:
        write_patient(connection, patient, now)
    write_days(connection, writes.days, now)
    written: list[DocumentKey] = [event.record.id for event in writes.events]
    written += [patient.schedule.key for patient in writes.patients]
    written += [day.day.key for day in writes.days]
    return dict.fromkeys(written, now)
