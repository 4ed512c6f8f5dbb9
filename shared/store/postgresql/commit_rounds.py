"""Commits that arrive while others are under way go together, in one call and one transaction.

A server syncs its log once for all, and half of what a commit costs is the call: 64 clients made
1.6 times as many bookings so. Each is written or not whatever comes of the others.

A round keeps the rows of all its commits until its end. So only commits of one day go together, in
the order of these days: two rounds that meet on some days only never wait for each other. Over what
else they write, such as patients, they can: then the server ends one commit of them after a second
(`deadlock_timeout`), as a conflict, which is tried again.

A row that a stuck session keeps is waited for in vain. That ends a round, whose other commits then
go by themselves; and so do all of that day until one of them is written. These are few at once, so
that connections are left for what is not stuck.
"""

import asyncio
from collections.abc import Sequence

from msgspec import Struct

from shared.model.day import DayKey
from shared.store.port import StoreError, Versions
from shared.store.postgresql.commits import Commit, together
from shared.store.postgresql.errors import RowLockedError, error_of
from shared.store.postgresql.pool import Connections

AT_ONCE = 3
"""Rounds under way: one is written while the log is synced for another."""
MOST_COMMITS = 32
MOST_DOCUMENTS = 24
"""A larger commit goes by itself, so that no other waits for it."""

FEW_AT_ONCE = 2
"""Commits by themselves whose rows may be locked: each may keep a connection for long."""

_STANDS_BY = "25006"
"""The code of the error by which a server says that it only reads."""


class Rounds:
    """Commits on their way to the server."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._waiting: list[_Waiting] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._locked: set[DayKey | None] = set()
        self._few = asyncio.Semaphore(FEW_AT_ONCE)

    async def commit(self, commit: Commit, documents: int) -> Versions:
        """Write so many documents, all or nothing, and return the new versions."""
        if documents > MOST_DOCUMENTS or commit.day is None:
            return await self._alone(commit)
        if commit.day not in self._locked:
            versions = await self._together(commit, commit.day)
            if versions is not None:
                return versions
        async with self._few:
            return await self._alone(commit)

    async def _alone(self, commit: Commit) -> Versions:
        try:
            versions = commit.versions(await self._connections.execute(commit.query()))
        except RowLockedError:
            self._locked.add(commit.day)
            raise
        self._locked.discard(commit.day)
        return versions

    async def _together(self, commit: Commit, day: DayKey) -> Versions | None:
        """Write in a round; return None if the round ended before it was tried."""
        waiting = _Waiting(commit, day, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._start()
        return await waiting.answer

    async def close(self) -> None:
        """Wait until nothing is on its way."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    def _start(self) -> None:
        while self._waiting and len(self._under_way) < AT_ONCE:
            batch, self._waiting = self._waiting[:MOST_COMMITS], self._waiting[MOST_COMMITS:]
            task = asyncio.create_task(self._send(batch))
            self._under_way.add(task)
            task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._start()

    async def _send(self, batch: Sequence["_Waiting"]) -> None:
        # Whoever has gone away meanwhile might try again, and not expect that this is written.
        there = [waiting for waiting in batch if not waiting.answer.done()]
        commits = sorted(there, key=lambda waiting: waiting.day)
        results: Sequence[Versions | Exception | None]
        try:
            results = await self._results([waiting.commit for waiting in commits])
        except Exception as error:  # noqa: BLE001 - whatever it is, each caller is told
            results = [error] * len(commits)
        for waiting, result in zip(commits, results, strict=True):
            waiting.tell(result)

    async def _results(self, commits: Sequence[Commit]) -> Sequence[Versions | StoreError | None]:
        if not commits:
            return []
        if len(commits) == 1:
            return [await self._alone(commits[0])]
        ((found,),) = await self._connections.execute(together(commits))
        if any(isinstance(result, dict) and result["code"] == _STANDS_BY for result in found):
            await self._connections.drain()
        results = [
            commit.named(result) if isinstance(result, list) else error_of(**result)
            for commit, result in zip(commits, found, strict=True)
        ]
        return self._tried(commits, results)

    def _tried(
        self, commits: Sequence[Commit], results: Sequence[Versions | StoreError]
    ) -> Sequence[Versions | StoreError | None]:
        """Return results, None for those that were not tried: of locked rows, one is waited for."""
        locked = [n for n, result in enumerate(results) if isinstance(result, RowLockedError)]
        self._locked.update(commits[number].day for number in locked[:1])
        return [None if n in locked[1:] else result for n, result in enumerate(results)]


class _Waiting(Struct):
    """A commit, and its answer."""

    commit: Commit
    day: DayKey
    answer: asyncio.Future[Versions | None]

    def tell(self, result: Versions | Exception | None) -> None:
        """Answer, if the caller still waits."""
        if self.answer.done():
            return
        if isinstance(result, Exception):
            self.answer.set_exception(result)
        else:
            self.answer.set_result(result)
