"""Commits of many deliveries that share calls of the store."""

import asyncio
from collections.abc import Iterator, Sequence

from shared.store.port import (
    OutboxWrite,
    Store,
    StoreUnavailable,
    VersionConflict,
    Versions,
    Writes,
)

_Waiting = tuple[Sequence[OutboxWrite], asyncio.Future[Versions]]

MOST_TOGETHER = 200
"""How many records one commit changes."""


class GroupCommit:
    """Commits of many deliveries, of which those that arrive during one commit share the next.

    Each takes effect whole or not at all. One whose records have changed meanwhile does not harm
    the others.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[_Waiting] = []
        self._turn = asyncio.Lock()

    async def commit(self, writes: Sequence[OutboxWrite]) -> Versions:
        """Write on the versions that were read. Raises what the store's commit raises."""
        answer: asyncio.Future[Versions] = asyncio.get_running_loop().create_future()
        self._waiting.append((writes, answer))
        try:
            async with self._turn:
                if not answer.done():
                    await self._commit_some()
            return await answer
        except asyncio.CancelledError:
            answer.cancel()
            raise

    async def _commit_some(self) -> None:
        """Commit the first ones that wait; the very first is that of whoever has the turn."""
        some = list(self._first_ones())
        try:
            await self._commit_together(some)
        except asyncio.CancelledError:
            for _, answer in some[1:]:
                _fail(answer, StoreUnavailable("the commit was given up"))
            raise

    def _first_ones(self) -> Iterator[_Waiting]:
        count = 0
        while self._waiting and count < MOST_TOGETHER:
            writes, answer = self._waiting.pop(0)
            if not answer.cancelled():
                count += len(writes)
                yield writes, answer

    async def _commit_together(self, some: Sequence[_Waiting]) -> None:
        try:
            versions = await self._write([write for writes, _ in some for write in writes])
        except VersionConflict:
            for writes, answer in some:
                await self._commit_one(writes, answer)
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            for _, answer in some:
                _fail(answer, error)
        else:
            for _, answer in some:
                _tell(answer, versions)

    async def _commit_one(
        self, writes: Sequence[OutboxWrite], answer: asyncio.Future[Versions]
    ) -> None:
        try:
            _tell(answer, await self._write(writes))
        except Exception as error:  # noqa: BLE001 - see above
            _fail(answer, error)

    async def _write(self, writes: Sequence[OutboxWrite]) -> Versions:
        return await self._store.commit(Writes(events=writes))


def _tell(answer: asyncio.Future[Versions], versions: Versions) -> None:
    if not answer.done():
        answer.set_result(versions)


def _fail(answer: asyncio.Future[Versions], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
