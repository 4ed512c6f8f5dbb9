"""The embedded store: one SQLite file, safe for many processes on one machine.

Entries of days, receipts and doctors are rows of JSON; a day is a row with its version. What is
replaced stays for an hour, so that the days of an instant can still be read later.

A commit waits for the disk, in a thread of its own. Reads wait for nobody, because the log keeps
a view for them whoever writes: they are done at once, in less time than a thread takes to begin.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial

from msgspec import Struct

from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.idempotency import IdempotencyRecord
from shared.store.doctor_documents import doctor_from_json, doctor_to_json
from shared.store.documents import (
    Document,
    day_from_texts,
    entry_to_text,
    instant_to_text,
    record_from_document,
    record_to_document,
)
from shared.store.port import (
    DayWrite,
    RecordWrite,
    SnapshotExpired,
    State,
    Stored,
    StoreError,
    StoreRefused,
    StoreUnavailable,
    Version,
    VersionConflict,
)
from shared.store.sqlite.database import open_file, transaction
from shared.store.usage import count_reads, count_writes

_Result = Mapping[DayKey, Version] | StoreError
_Round = asyncio.Future[list[_Result]]

HISTORY = timedelta(hours=1)
"""How long the past can be read at least, as in Firestore."""
BUSY_SECONDS = 2.0
"""How long one statement waits for another process; the caller's own retries go on from there."""
MOST_SNAPSHOTS = 16
LARGEST_CHUNK = 128

_MAY_PASS = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT)
_PRIMARY_CODE = 0xFF  # the low byte; the rest refines it: sqlite.org/rescode.html

# An instant is a count of microseconds since 1970, in the time of the clock row: it never stands
# still and never goes back, whatever the machine's clock does.
_NOW = "UPDATE clock SET instant = max(instant + 1, ?) RETURNING instant"
# Not beyond the last commit: however long ago it was, its instant is that of every view.
_KEPT_FROM = "UPDATE clock SET kept_from = max(kept_from, min(instant, ?)) RETURNING kept_from"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_DAYS = """
    SELECT day, version, coalesce(group_concat(body), '')
    FROM days LEFT JOIN appointments USING (doctor_id, day)
    WHERE doctor_id = :doctor AND day BETWEEN :first AND :last
    GROUP BY day ORDER BY day LIMIT :limit
"""
_DAYS_AT = """
    SELECT day, NULL, group_concat(body) FROM (
        SELECT doctor_id, day, body FROM appointments WHERE since <= :past
        UNION ALL
        SELECT doctor_id, day, body FROM past_appointments WHERE since <= :past AND :past < until
    )
    WHERE doctor_id = :doctor AND day BETWEEN :first AND :last
    GROUP BY day ORDER BY day LIMIT :limit
"""
_KEEP_PAST = """
    INSERT INTO past_appointments SELECT doctor_id, day, id, ?, since, body FROM appointments
    WHERE doctor_id = ? AND day = ? AND id = ?
"""
_DROP = "DELETE FROM appointments WHERE doctor_id = ? AND day = ? AND id = ?"
_PUT = """
    INSERT OR REPLACE INTO appointments (since, doctor_id, day, id, body) VALUES (?, ?, ?, ?, ?)
"""
_FIRST_VERSION = "INSERT OR IGNORE INTO days VALUES (?, ?, 1) RETURNING version"
_NEXT_VERSION = """
    UPDATE days SET version = version + 1 WHERE doctor_id = ? AND day = ? AND version = ?
    RETURNING version
"""
_FIRST_RECORD = "INSERT OR IGNORE INTO receipts VALUES (?, ?, ?) RETURNING expires_at"
_REPLACE_RECORD = """
    UPDATE receipts SET expires_at = ?, body = ? WHERE key = ? AND expires_at = ?
    RETURNING expires_at
"""


class SqliteStore:
    """A `Store` in a file. Opens it at the first use; a fork may still copy the object then."""

    def __init__(self, path: str, busy_seconds: float = BUSY_SECONDS) -> None:
        self._path = path
        self._busy_seconds = busy_seconds
        self._writing = ThreadPoolExecutor(1, "sqlite-write")
        self._waiting: list[_Commit] = []
        self._round: _Round | None = None
        self._closed = False
        self._write_connection: sqlite3.Connection | None = None
        self._snapshots = asyncio.Semaphore(MOST_SNAPSHOTS)  # Each has a connection of its own.
        self._idle: list[sqlite3.Connection] = []

    def prepare(self, doctors: Collection[Doctor]) -> None:
        """Make the file, with these doctors if it has none. Blocks; leaves nothing open.

        Raises sqlite3.Error where the file cannot be used.
        """
        with (
            closing(open_file(self._path, self._busy_seconds)) as connection,
            transaction(connection),
        ):
            if connection.execute("SELECT 1 FROM doctors").fetchone() is None:
                _insert_doctors(connection, doctors)
            # No decision depends on this: an expired receipt counts as none.
            now = datetime.now(UTC)
            connection.execute("DELETE FROM receipts WHERE expires_at < ?", (instant_to_text(now),))
            kept_from = connection.execute(_KEPT_FROM, (_to_number(now - HISTORY),)).fetchone()
            connection.execute("DELETE FROM past_appointments WHERE until < ?", kept_from)

    @asynccontextmanager
    async def snapshot(self, instant: datetime | None = None) -> AsyncIterator["SqliteSnapshot"]:
        """A read transaction, begun by the first read: WAL keeps its view while others write."""
        async with self._snapshots:
            snapshot = SqliteSnapshot(self, instant)
            try:
                yield snapshot
            finally:
                snapshot.end()

    async def commit(
        self, days: Sequence[DayWrite], records: Sequence[RecordWrite]
    ) -> Mapping[DayKey, Version]:
        """Write all or nothing, on the versions that were read."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        commit = _Commit(days, records, asyncio.get_running_loop().create_future())
        self._waiting.append(commit)
        if self._round is None:
            self._start_round()
        versions = await commit.answer
        count_writes(len(days) + len(records))
        return versions

    async def doctors(self) -> Sequence[Doctor]:
        """All doctors, ordered by id."""
        with _translated_errors():
            found = self._doctors()
        count_reads(len(found))
        return found

    async def put_doctors(self, doctors: Collection[Doctor]) -> None:
        """Add or replace doctors."""
        await self._in_thread(self._put_doctors, doctors)

    async def close(self) -> None:
        """Close the file when all is written; the last to do so folds the log back into it."""
        if self._closed:
            return
        self._closed = True
        while self._round is not None:
            await asyncio.wait([self._round])
        await self._in_thread(self._close_writer)
        self._writing.shutdown()
        for connection in self._idle:
            connection.close()

    # Rounds: what comes while the thread writes is written together in the next one

    def _start_round(self) -> None:
        """Write all that waits, if anything does."""
        commits, self._waiting = self._waiting, []
        if commits:
            loop = asyncio.get_running_loop()
            self._round = loop.run_in_executor(self._writing, self._commit_together, commits)
            self._round.add_done_callback(partial(self._end_round, commits))

    def _end_round(self, commits: Sequence["_Commit"], written: _Round) -> None:
        self._round = None
        for commit, result in zip(commits, _results_of(written, len(commits)), strict=True):
            commit.tell(result)
        self._start_round()

    # In the writing thread

    async def _in_thread(self, work: Callable[..., None], *args: object) -> None:
        with _translated_errors():
            await asyncio.get_running_loop().run_in_executor(self._writing, work, *args)

    def _writer(self) -> sqlite3.Connection:
        if self._write_connection is None:
            self._write_connection = open_file(self._path, self._busy_seconds)
        return self._write_connection

    def _commit_together(self, commits: Sequence["_Commit"]) -> list[_Result]:
        """Do all these commits; they share one sync of the disk."""
        try:
            with transaction(self._writer()) as connection:
                now = _tick(connection)
                return [commit.apply(connection, now) for commit in commits]
        except sqlite3.Error as error:
            return [_as_store_error(error)] * len(commits)

    def _put_doctors(self, doctors: Collection[Doctor]) -> None:
        with transaction(self._writer()) as connection:
            _insert_doctors(connection, doctors)

    def _close_writer(self) -> None:
        if self._write_connection is not None:
            self._write_connection.close()

    # Reading

    def borrow(self) -> sqlite3.Connection:
        """A connection with a read transaction begun; for snapshots."""
        connection = self._idle.pop() if self._idle else open_file(self._path, self._busy_seconds)
        connection.execute("BEGIN")
        return connection

    def give_back(self, connection: sqlite3.Connection) -> None:
        """End the read transaction and keep the connection for the next snapshot."""
        connection.rollback()
        self._idle.append(connection)

    def _doctors(self) -> list[Doctor]:
        connection = self.borrow()
        try:
            rows = connection.execute("SELECT body FROM doctors ORDER BY id").fetchall()
        finally:
            self.give_back(connection)
        return [doctor_from_json(body) for (body,) in rows]


class _Commit(Struct):
    """One call of `commit`, and its answer."""

    days: Sequence[DayWrite]
    records: Sequence[RecordWrite]
    answer: asyncio.Future[Mapping[DayKey, Version]]

    def tell(self, result: _Result | BaseException) -> None:
        """Answer, if the caller still waits."""
        if self.answer.done():
            return
        if isinstance(result, BaseException):
            self.answer.set_exception(result)
        else:
            self.answer.set_result(result)

    def apply(self, connection: sqlite3.Connection, now: int) -> _Result:
        """Write all of it or, if something is stale, nothing, whatever else is written.

        Nothing either for a caller who has gone away: it might try again, and not expect this.
        """
        if self.answer.cancelled():
            return StoreUnavailable("the commit was given up")
        connection.execute("SAVEPOINT this_commit")
        try:
            for record in self.records:
                _write_record(connection, record)
            return {write.day.key: _write_day(connection, write, now) for write in self.days}
        except VersionConflict as stale:
            connection.execute("ROLLBACK TO this_commit")
            return stale
        finally:
            connection.execute("RELEASE this_commit")


def _results_of(written: _Round, count: int) -> Sequence[_Result | BaseException]:
    """What came of each commit of a round; a bug ends them all."""
    error = written.exception()
    return written.result() if error is None else [error] * count


class SqliteSnapshot:
    """A `Snapshot`: one connection inside one read transaction."""

    days_at_once = 1  # Nothing is gained by reading further ahead: the file is near.

    def __init__(self, store: SqliteStore, instant: datetime | None) -> None:
        self._store = store
        self._past = None if instant is None else _to_number(instant)
        self._connection: sqlite3.Connection | None = None

    async def load(self, days: Collection[DayKey], records: Collection[str]) -> State:
        """Read days and receipts."""
        count_reads(len(days) + len(records))
        with _translated_errors():
            return self._load(days, records)

    async def scan(
        self, doctor_id: str, first: date, last: date, at_once: int = 16
    ) -> AsyncIterator[DaySchedule]:
        """The existing days in order, in chunks that grow: few for a near hit, fast for a year."""
        while True:
            with _translated_errors():
                days = self._page(doctor_id, first, last, at_once)
            count_reads(len(days))
            for day in days:
                yield day
            if len(days) < at_once:
                return
            await asyncio.sleep(0)  # A year is long: let others have their turn.
            first = days[-1].key.day + timedelta(days=1)
            at_once = min(at_once * 2, LARGEST_CHUNK)

    async def instant(self) -> datetime:
        """That of the last commit that it sees."""
        with _translated_errors():
            number = _read_clock(self._open()) if self._past is None else self._past
        return _EPOCH + number * _MICROSECOND

    def end(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._store.give_back(self._connection)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._store.borrow()
        if self._past is not None:
            _check_known(self._connection, self._past)
        return self._connection

    def _load(self, days: Collection[DayKey], records: Collection[str]) -> State:
        connection = self._open()
        return State(
            days={key: _read_day(connection, key, self._past) for key in days},
            records={r.value.key: r for key in records for r in _read_record(connection, key)},
        )

    def _page(self, doctor_id: str, first: date, last: date, limit: int) -> list[DaySchedule]:
        found = _read_days(self._open(), doctor_id, (first, last), limit, self._past)
        return [day.value for day in found]


# Documents


def _read_days(
    connection: sqlite3.Connection,
    doctor_id: str,
    days: tuple[date, date],
    limit: int,
    past: int | None = None,
) -> Iterator[Stored[DaySchedule]]:
    first, last = map(_text, days)
    asked = {"doctor": doctor_id, "first": first, "last": last, "limit": limit, "past": past}
    rows = connection.execute(_DAYS if past is None else _DAYS_AT, asked)
    for day, version, bodies in rows:
        key = DayKey(doctor_id, date.fromisoformat(day))
        yield Stored(day_from_texts(key, (bodies,)), version)


def _read_day(connection: sqlite3.Connection, key: DayKey, past: int | None) -> Stored[DaySchedule]:
    found = _read_days(connection, key.doctor_id, (key.day, key.day), 1, past)
    return next(found, Stored(DaySchedule(key), None))


def _read_record(connection: sqlite3.Connection, key: str) -> Iterator[Stored[IdempotencyRecord]]:
    rows = connection.execute("SELECT body, expires_at FROM receipts WHERE key = ?", (key,))
    for body, version in rows:
        yield Stored(record_from_document(key, json.loads(body)), version)


def _write_day(connection: sqlite3.Connection, write: DayWrite, now: int) -> Version:
    place, read = (write.day.key.doctor_id, _text(write.day.key.day)), write.read.version
    if read is None:
        version = _only_value(connection.execute(_FIRST_VERSION, place))
    else:
        version = _only_value(connection.execute(_NEXT_VERSION, (*place, read)))
    changed, before = write.changed(), write.read.value.entries()
    replaced = [(*place, name) for name in changed if name in before]
    connection.executemany(_KEEP_PAST, [(now, *row) for row in replaced])
    connection.executemany(_DROP, replaced)
    entries = [(*place, name, entry_to_text(name, e)) for name, e in changed.items() if e]
    connection.executemany(_PUT, [(now, *row) for row in entries])
    return version


def _read_clock(connection: sqlite3.Connection) -> int:
    (instant,) = connection.execute("SELECT instant FROM clock").fetchone()
    return int(instant)


def _check_known(connection: sqlite3.Connection, instant: int) -> None:
    kept_from, now = connection.execute("SELECT kept_from, instant FROM clock").fetchone()
    if not kept_from <= instant <= now:
        raise SnapshotExpired("that instant is too long ago, or yet to come")


def _tick(connection: sqlite3.Connection) -> int:
    """The instant of the transaction, later than that of any before."""
    (instant,) = connection.execute(_NOW, (_to_number(datetime.now(UTC)),)).fetchone()
    return int(instant)


def _to_number(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def _write_record(connection: sqlite3.Connection, write: RecordWrite) -> None:
    record = write.record
    expires_at, body = instant_to_text(record.expires_at), _json(record_to_document(record))
    if write.replaced is None:
        _only_value(connection.execute(_FIRST_RECORD, (record.key, expires_at, body)))
    else:
        change = (expires_at, body, record.key, write.replaced)
        _only_value(connection.execute(_REPLACE_RECORD, change))


def _json(document: Document) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _text(day: date) -> str:
    return day.isoformat()


def _insert_doctors(connection: sqlite3.Connection, doctors: Collection[Doctor]) -> None:
    rows = [(doctor.id, doctor_to_json(doctor)) for doctor in doctors]
    connection.executemany("INSERT OR REPLACE INTO doctors VALUES (?, ?)", rows)


def _only_value(cursor: sqlite3.Cursor) -> Version:
    """The value that a conditional write returned: its condition held if there is one."""
    rows = cursor.fetchall()
    if not rows:
        raise VersionConflict
    version: Version = rows[0][0]
    return version


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _as_store_error(error) from error


def _as_store_error(error: sqlite3.Error) -> StoreUnavailable | StoreRefused:
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code & _PRIMARY_CODE in _MAY_PASS:
        return StoreUnavailable(str(error))
    return StoreRefused(str(error))
