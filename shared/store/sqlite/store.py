"""The embedded store: one SQLite file, safe for many processes on one machine.

Entries of days, idempotency records, doctors, overrides and series are rows of JSON; a day is a row
with its version. Replaced entries stay for an hour, so that the days of an instant can still be
read for so long. All that is written goes through one thread (writer.py).
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, closing, nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from shared.model.doctor import Doctor
from shared.model.outbox import OutboxRecord
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.store.commit_size import count_documents
from shared.store.port import (
    Stored,
    StoredRecord,
    Versions,
    Writes,
)
from shared.store.sqlite.blocked_rows import read_blocked, write_blocked
from shared.store.sqlite.connections import DatabaseFile, ReadConnections
from shared.store.sqlite.database import transaction, translated_errors
from shared.store.sqlite.erasing import (
    erase_patient,
    erase_records,
    erased_patients,
)
from shared.store.sqlite.link_rows import read_link, replace_link
from shared.store.sqlite.outbox_rows import (
    due_events,
    set_aside_events,
    waiting_events,
)
from shared.store.sqlite.pruning import prune
from shared.store.sqlite.rows import (
    count_left_behind,
    list_doctors,
    read_clinic,
    read_doctors,
    write_clinic,
    write_doctors,
)
from shared.store.sqlite.secret_rows import read_or_create_secret, read_secret
from shared.store.sqlite.snapshot import SqliteSnapshot
from shared.store.sqlite.writer import Writer
from shared.store.usage import count_reads, count_writes

T = TypeVar("T")

BUSY_SECONDS = 2.0
"""How long one statement waits for another process, before the retries above the store."""
PREPARE_SECONDS = 60.0
"""How long a start waits for another process, which may be bringing over years of appointments."""
MOST_SNAPSHOTS = 16
PRUNE_SECONDS = 300.0
"""How often expired idempotency records and forgotten entries are deleted while commits arrive."""

ERASED_AT_ONCE = 200
"""How many rows one transaction of an erasure takes, so that commits do not wait for long."""
PRUNED_AT_START = 10_000
"""How many of each a process that starts deletes at once, while others wait for it."""

_has_snapshot: ContextVar[bool] = ContextVar("has_snapshot", default=False)
"""Whether the present task has a view open."""

NO_CLINIC: Mapping[str, Any] = {}


class SqliteStore:
    """A `Store` in a file. Opens it at the first use; until then a fork may copy the object.

    `now` is the clock of the machine.
    """

    def __init__(
        self,
        path: str,
        busy_seconds: float = BUSY_SECONDS,
        prune_seconds: float = PRUNE_SECONDS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._file = DatabaseFile(path)
        self._now = now
        self._writer = Writer(self._file, busy_seconds, prune_seconds, now)
        self._closed = False
        self._snapshots = asyncio.Semaphore(MOST_SNAPSHOTS)  # Each has a connection of its own.
        self._connections = ReadConnections(self._file, busy_seconds)

    def prepare(self, doctors: Collection[Doctor], clinic: Mapping[str, Any] = NO_CLINIC) -> None:
        """Create the file if need be, with these doctors and this clinic if it has no doctors.

        Blocks; leaves it closed.

        Raises sqlite3.Error if the file cannot be used.
        """
        with closing(self._file.open(PREPARE_SECONDS)) as connection:
            with transaction(connection):
                if connection.execute("SELECT 1 FROM doctors").fetchone() is None:
                    write_doctors(connection, doctors)
                    if clinic:
                        write_clinic(connection, clinic)
            more = True
            while more:
                with transaction(connection):  # Each its own, so that other processes can write.
                    more = prune(connection, self._now(), PRUNED_AT_START)

    @asynccontextmanager
    async def snapshot(self, instant: datetime | None = None) -> AsyncIterator[SqliteSnapshot]:
        """Open a view, which keeps while others write.

        One within another does not wait for its turn: those that have theirs would all wait for
        each other.
        """
        nested = _has_snapshot.get()
        async with nullcontext() if nested else self._snapshots:
            _has_snapshot.set(True)
            snapshot = SqliteSnapshot(self._connections, instant, self._now)
            try:
                yield snapshot
            finally:
                snapshot.end()
                _has_snapshot.set(nested)

    async def commit(self, writes: Writes) -> Versions:
        """Write all or nothing, on the versions that were read."""
        versions = await self._writer.commit(writes)
        count_writes(count_documents(writes))
        return versions

    async def due_events(
        self, until: datetime, limit: int, after: OutboxRecord | None = None
    ) -> Sequence[StoredRecord]:
        """Return the first events behind another one that are due."""
        found = self._read(partial(due_events, until=until, limit=limit, after=after))
        count_reads(max(len(found), 1))
        return found

    async def waiting_events(self, appointment_ids: Collection[str]) -> Sequence[StoredRecord]:
        """Return the events of appointments, in order of ids."""
        found = self._read(partial(waiting_events, appointment_ids=appointment_ids))
        count_reads(max(len(found), 1))
        return found

    async def set_aside_events(self, limit: int, after: str = "") -> Sequence[StoredRecord]:
        """Return the first events behind an id that were set aside."""
        found = self._read(partial(set_aside_events, limit=limit, after=after))
        count_reads(max(len(found), 1))
        return found

    async def erase_records(self, ids: Collection[str]) -> None:
        """Erase records, events and holders of series, one transaction after the other."""
        await self._step_by_step(partial(erase_records, ids=ids, most=ERASED_AT_ONCE))

    async def erase_patient(self, read: Stored[PatientSchedule], rest: PatientSchedule) -> None:
        """Erase an account, likewise."""
        now, most = self._now(), ERASED_AT_ONCE
        await self._step_by_step(partial(erase_patient, read=read, rest=rest, now=now, most=most))

    async def erased_patients(self, now: datetime) -> Sequence[PatientKey]:
        """Return whose rest need not be kept any more."""
        found = self._read(partial(erased_patients, now=now))
        count_reads(len(found))
        return found

    async def end_views(self) -> None:
        """End the views of earlier instants, and delete all of the past."""
        await self._writer.end_views()
        count_writes(1)

    async def blocked(self) -> Mapping[PatientKey, datetime]:
        """Return the blocked callers."""
        found = self._read(read_blocked)
        count_reads(len(found))
        return found

    async def block(self, caller: PatientKey, issued_before: datetime) -> None:
        """Block a caller, or say another instant."""
        await self._writer.run(partial(write_blocked, caller=caller, issued_before=issued_before))
        count_writes(1)

    async def doctors(self, ids: Collection[str]) -> Mapping[str, Doctor]:
        """Return those of these doctors that are stored, by id."""
        found = self._read(partial(read_doctors, ids=ids))
        count_reads(len(ids))
        return found

    async def list_doctors(
        self, limit: int, after: str = "", service_id: str | None = None
    ) -> Sequence[Doctor]:
        """Return the first doctors behind an id, maybe only those who offer a service."""
        found = self._read(partial(list_doctors, limit=limit, after=after, service_id=service_id))
        count_reads(len(found))
        return found

    async def clinic(self) -> Mapping[str, Any]:
        """Return what is true of the whole clinic."""
        count_reads(1)
        return self._read(read_clinic)

    async def put_clinic(self, clinic: Mapping[str, Any]) -> None:
        """Replace what is true of the whole clinic."""
        await self._writer.run(partial(write_clinic, clinic=clinic))

    async def put_doctors(self, doctors: Collection[Doctor]) -> None:
        """Add or replace doctors."""
        await self._writer.run(partial(write_doctors, doctors=doctors))

    async def secret(self, name: str, proposed: str) -> str:
        """Return the secret of that name, or keep this one."""
        found = self._read(partial(read_secret, name=name))
        count_reads(1)
        if found is None:
            create = partial(read_or_create_secret, name=name, value=proposed)
            found = await self._writer.run(create)
            count_writes(1)
        return found

    async def calendar_link(self, doctor_id: str) -> str | None:
        """Return the secret of a doctor's link."""
        count_reads(1)
        return self._read(partial(read_link, doctor_id=doctor_id))

    async def replace_calendar_link(self, doctor_id: str, replaced: str | None, secret: str) -> str:
        """Replace the secret of a doctor's link, unless somebody else was first."""
        replace = partial(replace_link, doctor_id=doctor_id, replaced=replaced, secret=secret)
        kept = await self._writer.run(replace)
        count_reads(1)
        count_writes(kept == secret)
        return kept

    async def left_behind(self) -> int:
        """Count the rows of the table `left_behind`, where there is one."""
        return self._read(count_left_behind)

    async def close(self) -> None:
        """Close the file once all is written; the last to do so folds the log back into it."""
        if self._closed:
            return
        self._closed = True
        await self._writer.close()
        self._connections.close()

    def _read(self, read: Callable[[sqlite3.Connection], T]) -> T:
        with translated_errors():
            connection = self._connections.borrow()
            try:
                return read(connection)
            finally:
                self._connections.give_back(connection)

    async def _step_by_step(self, step: Callable[[sqlite3.Connection], bool]) -> None:
        """Take a step, which tells if another is needed, in a transaction; then the next ones."""
        more = True
        while more:
            more, rows = await self._writer.run(partial(_counted, step))
            count_writes(rows)


def _counted(
    step: Callable[[sqlite3.Connection], bool], connection: sqlite3.Connection
) -> tuple[bool, int]:
    """Take a step, and count the rows that it writes."""
    before = connection.total_changes
    return step(connection), connection.total_changes - before
