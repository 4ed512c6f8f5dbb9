"""Commits that arrive while others are under way go together, in one call and one transaction.

A server syncs its log once for all, and half of what a commit costs is the call: 64 clients made
1.6 times as many bookings so. Each is written or not whatever comes of the others.

A round keeps the rows of all its commits until its end. So only commits of one day go together, in
the order of these days: two rounds that meet on some days only never wait for each other. Over what
else they write, such as patients, they can: then the server ends one commit of them after a second
(`deadlock_timeout`), as a conflict, which is tried again.
"""

import asyncio
from collections.abc import Sequence

from msgspec import Struct

from shared.model.day import DayKey
from shared.store.port import StoreError, Versions
from shared.store.postgresql.commits import Commit, together
from shared.store.postgresql.errors import error_of
from shared.store.postgresql.pool import Connections

AT_ONCE = 3
"""Rounds under way: one is written while the log is synced for another."""
MOST_COMMITS = 32
MOST_DOCUMENTS = 24
"""A larger commit goes by itself, so that no other waits for it."""

_STANDS_BY = "25006"
"""The code of the error by which a server says that it only reads."""


class Rounds:
    """Commits on their way to the server."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._waiting: list[_Waiting] = []
        self._under_way: set[asyncio.Task[None]] = set()

    async def commit(self, commit: Commit, documents: int) -> Versions:
        """Write so many documents, all or nothing, and return the new versions."""
        if documents > MOST_DOCUMENTS or commit.day is None:
            return commit.versions(await self._connections.execute(commit.query()))
        answer = asyncio.get_running_loop().create_future()
        waiting = _Waiting(commit, commit.day, answer)
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
        results: Sequence[Versions | Exception]
        try:
            results = await self._results([waiting.commit for waiting in commits])
        except Exception as error:  # noqa: BLE001 - whatever it is, each caller is told
            results = [error] * len(commits)
        for waiting, result in zip(commits, results, strict=True):
            waiting.tell(result)

    async def _results(self, commits: Sequence[Commit]) -> Sequence[Versions | StoreError]:
        if not commits:
            return []
        if len(commits) == 1:
            return [commits[0].versions(await self._connections.execute(commits[0].query()))]
        ((found,),) = await self._connections.execute(together(commits))
        if any(isinstance(result, dict) and result["code"] == _STANDS_BY for result in found):
            await self._connections.drain()
        return [
            commit.named(result) if isinstance(result, list) else error_of(**result)
            for commit, result in zip(commits, found, strict=True)
        ]


class _Waiting(Struct):
    """A commit, and its answer."""

    commit: Commit
    day: DayKey
    answer: asyncio.Future[Versions]

    def tell(self, result: Versions | Exception) -> None:
        """Answer, if the caller still waits."""
        if self.answer.done():
            return
        if isinstance(result, Exception):
            self.answer.set_exception(result)
        else:
            self.answer.set_result(result)
