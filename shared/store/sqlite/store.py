"""The embedded store: one SQLite file, safe for many processes on one machine.

Entries of days, idempotency records, doctors, overrides and series are rows of JSON; a day is a row
with its version.
Replaced entries stay for an hour, so that the days of an instant can still be read for so long.

A commit waits for the disk, in a thread of its own; commits that arrive meanwhile share the next
sync.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, nullcontext, suppress
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from msgspec import Struct

from shared.model.doctor import Doctor
from shared.model.outbox import OutboxRecord
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.store.port import (
    DocumentKey,
    Stored,
    StoredRecord,
    StoreError,
    StoreUnavailable,
    Version,
    VersionConflict,
    Versions,
    Writes,
)
from shared.store.sqlite.blocked_rows import read_blocked, write_blocked
from shared.store.sqlite.clock import tick
from shared.store.sqlite.database import (
    ReadConnections,
    as_store_error,
    open_file,
    transaction,
    translated_errors,
)
from shared.store.sqlite.elsewhere_rows import write_elsewhere
from shared.store.sqlite.erasing import (
    end_views,
    erase_patient,
    erase_records,
    erased_patients,
)
from shared.store.sqlite.link_rows import read_link, replace_link
from shared.store.sqlite.outbox_rows import (
    due_events,
    set_aside_events,
    waiting_events,
    write_event,
)
from shared.store.sqlite.override_rows import write_override
from shared.store.sqlite.patient_rows import write_patient
from shared.store.sqlite.pruning import prune
from shared.store.sqlite.rows import (
    count_left_behind,
    list_doctors,
    read_clinic,
    read_doctors,
    write_clinic,
    write_day,
    write_doctors,
    write_record,
)
from shared.store.sqlite.secret_rows import read_or_create_secret, read_secret
from shared.store.sqlite.series_rows import create_series
from shared.store.sqlite.snapshot import SqliteSnapshot
from shared.store.usage import count_reads, count_writes
from shared.store.written import documents_of

T = TypeVar("T")

_Result = Versions | StoreError
_Round = Future[list[_Result]]

BUSY_SECONDS = 2.0
"""How long one statement waits for another process, before the retries above the store."""
PREPARE_SECONDS = 60.0
"""How long a start waits for another process, which may be bringing over years of appointments."""
MOST_SNAPSHOTS = 16
PRUNE_SECONDS = 300.0
"""How often expired idempotency records and forgotten entries are deleted while commits arrive."""

PRUNED_WITH_COMMITS = 200
"""How many from each of four tables are deleted with a round of commits, in some 20 ms."""
ERASED_AT_ONCE = 200
"""How many rows one transaction of an erasure takes, for the same reason."""
PRUNED_AT_START = 10_000
"""How many of each a process that starts deletes at once, while others wait for it."""

_has_snapshot: ContextVar[bool] = ContextVar("has_snapshot", default=False)
"""Whether the present task has a view open."""

NO_CLINIC: Mapping[str, Any] = {}

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


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
        self._path = path
        self._busy_seconds = busy_seconds
        self._now = now
        self._writing = ThreadPoolExecutor(1, "sqlite-write")
        self._waiting: list[_Commit] = []
        self._round: _Round | None = None
        self._closed = False
        self._write_connection: sqlite3.Connection | None = None
        self._prune_every = timedelta(seconds=prune_seconds)
        self._pruned_at = now()
        self._snapshots = asyncio.Semaphore(MOST_SNAPSHOTS)  # Each has a connection of its own.
        self._connections = ReadConnections(path, busy_seconds)

    def prepare(self, doctors: Collection[Doctor], clinic: Mapping[str, Any] = NO_CLINIC) -> None:
        """Create the file if need be, with these doctors and this clinic if it has no doctors.

        Blocks; leaves it closed.

        Raises sqlite3.Error if the file cannot be used.
        """
        with closing(open_file(self._path, PREPARE_SECONDS)) as connection:
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
        self._check_open()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Versions] = loop.create_future()
        commit = _Commit(writes, answer)
        if self._round is None and not self._waiting:
            # Whoever else commits in this turn of the loop shares the round.
            loop.call_soon(self._start_round)
        self._waiting.append(commit)
        versions = await commit.answer
        count_writes(documents_of(writes))
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
        await self._in_thread(self._end_views)
        count_writes(1)
        while await self._in_thread(self._prune):
            pass

    async def blocked(self) -> Mapping[PatientKey, datetime]:
        """Return the blocked callers."""
        found = self._read(read_blocked)
        count_reads(len(found))
        return found

    async def block(self, caller: PatientKey, issued_before: datetime) -> None:
        """Block a caller, or say another instant."""
        await self._in_thread(self._block, caller, issued_before)
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
        await self._in_thread(self._put_clinic, clinic)

    async def put_doctors(self, doctors: Collection[Doctor]) -> None:
        """Add or replace doctors."""
        await self._in_thread(self._put_doctors, doctors)

    async def secret(self, name: str, proposed: str) -> str:
        """Return the secret of that name, or keep this one."""
        found = self._read(partial(read_secret, name=name))
        count_reads(1)
        if found is None:
            found = await self._in_thread(self._read_or_create_secret, name, proposed)
            count_writes(1)
        return found

    async def calendar_link(self, doctor_id: str) -> str | None:
        """Return the secret of a doctor's link."""
        count_reads(1)
        return self._read(partial(read_link, doctor_id=doctor_id))

    async def replace_calendar_link(self, doctor_id: str, replaced: str | None, secret: str) -> str:
        """Replace the secret of a doctor's link, unless somebody else was first."""
        kept = await self._in_thread(self._replace_link, doctor_id, replaced, secret)
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
        await asyncio.sleep(0)  # What was asked for in this turn of the loop is written, too.
        while self._round is not None:
            await asyncio.wait([asyncio.wrap_future(self._round)])
        await asyncio.wrap_future(self._writing.submit(self._close_writer))
        self._writing.shutdown()
        self._connections.close()

    def _read(self, read: Callable[[sqlite3.Connection], T]) -> T:
        with translated_errors():
            connection = self._connections.borrow()
            try:
                return read(connection)
            finally:
                self._connections.give_back(connection)

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("the store is closed")

    # Rounds: what arrives while the thread writes is written together in the next one.

    def _start_round(self) -> None:
        """Write everything that waits, if anything does."""
        commits, self._waiting = self._waiting, []
        if commits:
            # A future of the loop for each round would take sixty calls more.
            self._round = self._writing.submit(self._commit_together, commits)
            end = partial(self._end_round, commits)
            self._round.add_done_callback(partial(_call_soon, asyncio.get_running_loop(), end))

    def _end_round(self, commits: Sequence["_Commit"], written: _Round) -> None:
        self._round = None
        for commit, result in zip(commits, _results_of(written, len(commits)), strict=True):
            commit.tell(result)
        self._start_round()

    async def _step_by_step(self, step: Callable[[sqlite3.Connection], bool]) -> None:
        """Take a step, which tells if another is needed, in a transaction; then the next ones."""
        more = True
        while more:
            more, rows = await self._in_thread(self._take, step)
            count_writes(rows)

    # In the writing thread

    async def _in_thread(self, work: Callable[..., T], *args: object) -> T:
        self._check_open()
        with translated_errors():
            return await asyncio.get_running_loop().run_in_executor(self._writing, work, *args)

    def _writer(self) -> sqlite3.Connection:
        if self._write_connection is None:
            self._write_connection = open_file(self._path, self._busy_seconds)
        return self._write_connection

    def _commit_together(self, commits: Sequence["_Commit"]) -> list[_Result]:
        """Apply all these commits; they share one sync of the disk."""
        try:
            with transaction(self._writer()) as connection:
                now = self._now()
                self._prune_if_due(connection, now)
                instant = tick(connection, now)
                return [commit.apply(connection, instant) for commit in commits]
        except sqlite3.Error as error:
            return [as_store_error(error)] * len(commits)

    def _prune_if_due(self, connection: sqlite3.Connection, now: datetime) -> None:
        # Either way: the clock may be put back.
        if abs(now - self._pruned_at) >= self._prune_every:
            self._pruned_at = now
            if prune(connection, now, PRUNED_WITH_COMMITS):
                self._pruned_at = _LONG_AGO  # The rest goes with the next rounds.

    def _read_or_create_secret(self, name: str, value: str) -> str:
        with transaction(self._writer()) as connection:
            return read_or_create_secret(connection, name, value)

    def _replace_link(self, doctor_id: str, replaced: str | None, secret: str) -> str:
        with transaction(self._writer()) as connection:
            return replace_link(connection, doctor_id, replaced, secret)

    def _take(self, step: Callable[[sqlite3.Connection], bool]) -> tuple[bool, int]:
        with transaction(self._writer()) as connection:
            before = connection.total_changes
            return step(connection), connection.total_changes - before

    def _end_views(self) -> None:
        with transaction(self._writer()) as connection:
            self._pruned_at = _LONG_AGO  # If this is cut off, the past goes with the next rounds.
            end_views(connection, self._now())

    def _prune(self) -> bool:
        with transaction(self._writer()) as connection:
            return prune(connection, self._now(), PRUNED_WITH_COMMITS)

    def _block(self, caller: PatientKey, issued_before: datetime) -> None:
        with transaction(self._writer()) as connection:
            write_blocked(connection, caller, issued_before)

    def _put_doctors(self, doctors: Collection[Doctor]) -> None:
        with transaction(self._writer()) as connection:
            write_doctors(connection, doctors)

    def _put_clinic(self, clinic: Mapping[str, Any]) -> None:
        with transaction(self._writer()) as connection:
            write_clinic(connection, clinic)

    def _close_writer(self) -> None:
        if self._write_connection is not None:
            self._write_connection.close()


class _Commit(Struct):
    """One call of `commit`, and its answer."""

    writes: Writes
    answer: asyncio.Future[Versions]

    def tell(self, result: _Result | BaseException) -> None:
        """Answer, if the caller still waits."""
        if self.answer.done():
            return
        if isinstance(result, BaseException):
            self.answer.set_exception(result)
        else:
            self.answer.set_result(result)

    def apply(self, connection: sqlite3.Connection, now: int) -> _Result:
        """Write all of it or nothing, whatever else the round writes.

        For a caller who has gone away it writes nothing: they might try again and not expect this.
        """
        if self.answer.cancelled():
            return StoreUnavailable("the commit was given up")
        connection.execute("SAVEPOINT this_commit")
        try:
            result = self._write(connection, now)
        except (VersionConflict, sqlite3.Error) as error:
            if not connection.in_transaction:
                raise  # SQLite has rolled the whole round back.
            connection.execute("ROLLBACK TO this_commit")
            result = error if isinstance(error, VersionConflict) else as_store_error(error)
        connection.execute("RELEASE this_commit")
        return result

    def _write(self, connection: sqlite3.Connection, now: int) -> _Result:
        for record in self.writes.records:
            write_record(connection, record)
        for whereabouts in self.writes.elsewhere:
            write_elsewhere(connection, whereabouts, now)
        for override in self.writes.overrides:
            write_override(connection, override)
        for series in self.writes.series:
            create_series(connection, series)
        versions: dict[DocumentKey, Version] = {}
        for event in self.writes.events:
            versions[event.record.id] = write_event(connection, event, now)
        for patient in self.writes.patients:
            versions[patient.schedule.key] = write_patient(connection, patient, now)
        for day in self.writes.days:
            versions[day.day.key] = write_day(connection, day, now)
        return versions


def _call_soon(
    loop: asyncio.AbstractEventLoop, end: Callable[[_Round], None], done: _Round
) -> None:
    """Call from the writing thread, unless the loop has ended without closing the store."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(end, done)


def _results_of(written: _Round, count: int) -> Sequence[_Result | BaseException]:
    """Return the result of each commit of a round; a bug ends them all."""
    error = written.exception()
    return written.result() if error is None else [error] * count
