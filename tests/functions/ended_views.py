"""A store whose views of now end before they can be kept, as while others erase."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from math import inf
from typing import cast

from shared.store.port import Snapshot, SnapshotExpired, Store


def ending_views(store: Store, times: float = inf) -> Store:
    """Return the same store, of which the next views cannot be kept, so many in a row."""
    return cast("Store", _Ending(store, times))


class _Ending:
    def __init__(self, store: Store, times: float) -> None:
        self._store = store
        self.left = times

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    @asynccontextmanager
    async def snapshot(self, instant: datetime | None = None) -> AsyncIterator[Snapshot]:
        async with self._store.snapshot(instant) as view:
            yield view if instant else cast("Snapshot", _Ended(view, self))


class _Ended:
    def __init__(self, view: Snapshot, store: _Ending) -> None:
        self._view = view
        self._of = store

    def __getattr__(self, name: str) -> object:
        return getattr(self._view, name)

    async def instant(self) -> datetime:
        if self._of.left > 0:
            self._of.left -= 1
            raise SnapshotExpired("what was seen has been erased since")
        return await self._view.instant()
