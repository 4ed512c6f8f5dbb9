"""Commits of many deliveries that share calls of the store."""

import asyncio
from collections.abc import Sequence

from shared.store.port import OutboxWrite, Store, StoreError, VersionConflict, Versions

MOST_TOGETHER = 200
"""How many records one commit changes."""


class GroupCommit:
    """Commits of many deliveries, of which those that arrive during one commit share the next.

    Each takes effect whole or not at all. One whose records have changed meanwhile does not harm
    the others.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[tuple[Sequence[OutboxWrite], asyncio.Future[Versions]]] = []
        self._turn = asyncio.Lock()

    async def commit(self, writes: Sequence[OutboxWrite]) -> Versions:
        """Write on the versions that were read. Raises what the store's commit raises."""
        answer: asyncio.Future[Versions] = asyncio.get_running_loop().create_future()
        self._waiting.append((writes, answer))
        async with self._turn:
            if not answer.done():
                await self._commit_some()
        return await answer

    async def _commit_some(self) -> None:
        """Commit the first ones that wait, among them that of whoever has the turn."""
        some, count = list[tuple[Sequence[OutboxWrite], asyncio.Future[Versions]]](), 0
        while self._waiting and count < MOST_TOGETHER:
            some.append(self._waiting.pop(0))
            count += len(some[-1][0])
        try:
            versions = await self._write([write for writes, _ in some for write in writes])
        except VersionConflict:
            for writes, answer in some:
                await self._commit_one(writes, answer)
        except BaseException as error:
            for _, answer in some:
                _fail(answer, error)
            if not isinstance(error, StoreError):
                raise
        else:
            for _, answer in some:
                _tell(answer, versions)

    async def _commit_one(
        self, writes: Sequence[OutboxWrite], answer: asyncio.Future[Versions]
    ) -> None:
        try:
            _tell(answer, await self._write(writes))
        except StoreError as error:
            _fail(answer, error)

    async def _write(self, writes: Sequence[OutboxWrite]) -> Versions:
        return await self._store.commit([], [], events=writes)


def _tell(answer: asyncio.Future[Versions], versions: Versions) -> None:
    if not answer.done():
        answer.set_result(versions)


def _fail(answer: asyncio.Future[Versions], error: BaseException) -> None:
    if not answer.done():
        answer.set_exception(error)
