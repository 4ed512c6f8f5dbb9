"""Instances whose store gives no answer."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Literal, NoReturn

from shared.model.day import DayKey
from shared.model.doctor import Doctor
from shared.settings import read_settings
from shared.store.port import (
    DayWrite,
    ElsewhereWrite,
    RecordWrite,
    Snapshot,
    Store,
    StoreRefused,
    StoreUnavailable,
    Version,
)
from tests.functions.api import SETTINGS, Api, calling

CutOff = Literal["at once", "before a commit", "after a commit"]
IMPATIENT = read_settings({"DEADLINE_SECONDS": "0.1"})


class SilentStore:
    """Another store, which knows its doctors but never answers anything else."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @asynccontextmanager
    async def snapshot(self, instant: datetime | None = None) -> AsyncIterator[Snapshot]:
        """No view."""
        never: asyncio.Future[NoReturn] = asyncio.get_running_loop().create_future()
        await never
        async with self._store.snapshot(instant) as snapshot:
            yield snapshot

    async def commit(
        self,
        days: Sequence[DayWrite],
        records: Sequence[RecordWrite],
        elsewhere: Sequence[ElsewhereWrite] = (),
    ) -> Mapping[DayKey, Version]:
        """Not reached without a view."""
        raise NotImplementedError

    async def doctors(self) -> Sequence[Doctor]:
        """All doctors."""
        return await self._store.doctors()

    async def put_doctors(self, doctors: Collection[Doctor]) -> None:
        """Nobody asks for it."""
        raise NotImplementedError

    async def secret(self, name: str, proposed: str) -> str:
        """Not reached without a view."""
        raise NotImplementedError

    async def left_behind(self) -> int:
        """Nobody asks for it."""
        raise NotImplementedError

    async def close(self) -> None:
        """The other store is closed by its owner."""


class BreakingStore(SilentStore):
    """Another store, which leaves its first commit unanswered and refuses to work from then on."""

    def __init__(self, store: Store, *, commits: bool) -> None:
        super().__init__(store)
        self._commits = commits
        self._broken = False

    @asynccontextmanager
    async def snapshot(self, instant: datetime | None = None) -> AsyncIterator[Snapshot]:
        """A view, before the commit."""
        if self._broken:
            raise StoreRefused("no permission")
        async with self._store.snapshot(instant) as snapshot:
            yield snapshot

    async def commit(
        self,
        days: Sequence[DayWrite],
        records: Sequence[RecordWrite],
        elsewhere: Sequence[ElsewhereWrite] = (),
    ) -> Mapping[DayKey, Version]:
        """Whether it was written is not told."""
        self._broken = True
        if self._commits:
            await self._store.commit(days, records, elsewhere)
        raise StoreUnavailable("it may have happened")


@asynccontextmanager
async def cut_off(api: Api, when: CutOff = "at once") -> AsyncIterator[Api]:
    """Another instance on the store of a client's, which loses it."""
    store, settings = SilentStore(api.dependencies.store), IMPATIENT
    if when != "at once":
        commits = when == "after a commit"
        store, settings = BreakingStore(api.dependencies.store, commits=commits), SETTINGS
    async with calling(store, api.clock, settings) as other:
        yield other
