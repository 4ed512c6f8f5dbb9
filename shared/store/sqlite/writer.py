"""The one thread that writes: it waits for the disk, so that the event loop need not.

Commits that arrive while it writes are written together in the next round, and share one sync.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from shared.store.port import StoreUnavailable, Versions, Writes
from shared.store.sqlite.clock import tick
from shared.store.sqlite.commits import Commit, Result
from shared.store.sqlite.connections import DatabaseFile
from shared.store.sqlite.database import as_store_error, transaction, translated_errors
from shared.store.sqlite.pruning import end_views, prune

T = TypeVar("T")

_Round = Future[list[Result]]

PRUNED_AT_ONCE = 200
"""How many from each of four tables are deleted with a round of commits, in some 20 ms."""

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


class Writer:
    """Writes to a file, which it opens at the first use. `now` is the clock of the machine.

    What has expired, and what no view can show any more, is deleted with a commit now and then,
    every `prune_seconds`.
    """

    def __init__(
        self,
        file: DatabaseFile,
        busy_seconds: float,
        prune_seconds: float,
        now: Callable[[], datetime],
    ) -> None:
        self._file = file
        self._busy_seconds = busy_seconds
        self._now = now
        self._prune_every = timedelta(seconds=prune_seconds)
        self._pruned_at = now()
        self._thread = ThreadPoolExecutor(1, "sqlite-write")
        self._waiting: list[Commit] = []
        self._round: _Round | None = None
        self._closed = False
        self._connection: sqlite3.Connection | None = None

    async def commit(self, writes: Writes) -> Versions:
        """Write all or nothing, on the versions that were read."""
        self._check_open()
        loop = asyncio.get_running_loop()
        commit = Commit(writes, loop.create_future())
        if self._round is None and not self._waiting:
            # Whoever else commits in this turn of the loop shares the round.
            loop.call_soon(self._start_round)
        self._waiting.append(commit)
        return await commit.answer

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something in a transaction of its own, in the thread."""
        self._check_open()
        loop = asyncio.get_running_loop()
        with translated_errors():
            return await loop.run_in_executor(self._thread, self._transact, work)

    async def end_views(self) -> None:
        """End the views of earlier instants, and delete all of the past."""
        await self.run(self._end_views)
        while await self.run(self._prune):
            pass

    async def close(self) -> None:
        """Close the file once all is written."""
        self._closed = True
        await asyncio.sleep(0)  # What was asked for in this turn of the loop is written, too.
        while self._round is not None:
            await asyncio.wait([asyncio.wrap_future(self._round)])
        await asyncio.wrap_future(self._thread.submit(self._close))
        self._thread.shutdown()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("the store is closed")

    def _start_round(self) -> None:
        """Write everything that waits, if anything does."""
        commits, self._waiting = self._waiting, []
        if commits:
            # A future of the loop for each round would take sixty calls more.
            self._round = self._thread.submit(self._commit_together, commits)
            end = partial(self._end_round, commits)
            self._round.add_done_callback(partial(_call_soon, asyncio.get_running_loop(), end))

    def _end_round(self, commits: Sequence[Commit], written: _Round) -> None:
        self._round = None
        for commit, result in zip(commits, _results_of(written, len(commits)), strict=True):
            commit.tell(result)
        self._start_round()

    # In the thread

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._file.open(self._busy_seconds)
        return self._connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with transaction(self._opened()) as connection:
            yield connection
            self._file.check()  # Last: a moved file is written in vain.

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._transaction() as connection:
            return work(connection)

    def _commit_together(self, commits: Sequence[Commit]) -> list[Result]:
        """Apply all these commits; they share one sync of the disk."""
        try:
            with self._transaction() as connection:
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
            if prune(connection, now, PRUNED_AT_ONCE):
                self._pruned_at = _LONG_AGO  # The rest goes with the next rounds.

    def _end_views(self, connection: sqlite3.Connection) -> None:
        self._pruned_at = _LONG_AGO  # If this is cut off, the past goes with the next rounds.
        end_views(connection, self._now())

    def _prune(self, connection: sqlite3.Connection) -> bool:
        return prune(connection, self._now(), PRUNED_AT_ONCE)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def _call_soon(
    loop: asyncio.AbstractEventLoop, end: Callable[[_Round], None], done: _Round
) -> None:
    """Call from the writing thread, unless the loop has ended without closing the store."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(end, done)


def _results_of(written: _Round, count: int) -> Sequence[Result | BaseException]:
    """Return the result of each commit of a round; a bug ends them all."""
    error = written.exception()
    return written.result() if error is None else [error] * count
