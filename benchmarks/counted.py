"""A store whose calls are counted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from shared.store.port import Keys, Snapshot, State, Store, Versions, Writes


class Counted:
    """A store whose calls are counted: commits, and reads of documents by name."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has
        return getattr(self._store, name)

    async def commit(self, writes: Writes) -> Versions:
        """Count it, and pass it on."""
        self.calls += 1
        return await self._store.commit(writes)

    @asynccontextmanager
    async def snapshot(self, *read_at: Any) -> AsyncIterator[Any]:  # noqa: ANN401 - see above
        """Count what is read in it."""
        async with self._store.snapshot(*read_at) as snapshot:
            yield _CountedSnapshot(snapshot, self)


class _CountedSnapshot:
    def __init__(self, snapshot: Snapshot, counted: Counted) -> None:
        self._snapshot = snapshot
        self._counted = counted

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the snapshot has
        return getattr(self._snapshot, name)

    async def load(self, keys: Keys) -> State:
        """Count it, and pass it on."""
        self._counted.calls += 1
        return await self._snapshot.load(keys)
