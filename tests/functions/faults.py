"""A store that may fall silent, and instances that find it so."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Literal

from shared.models import DayKey, Doctor
from shared.settings import read_settings
from shared.store import DayWrite, ReceiptWrite, Snapshot, Store, Version
from tests.functions.api import Api, calling

Silence = Literal["at once", "before a commit", "after a commit"]
IMPATIENT = read_settings({"DEADLINE_SECONDS": "0.2"})


class SilentStore:
    """Another store, which knows its doctors but gives no answer from some moment on."""

    def __init__(self, store: Store, silence: Silence) -> None:
        self._store = store
        self._silence = silence
        self._silent = silence == "at once"

    @asynccontextmanager
    async def snapshot(self, instant: datetime | None = None) -> AsyncIterator[Snapshot]:
        """A view, as long as there are answers."""
        if self._silent:
            await _never()
        async with self._store.snapshot(instant) as snapshot:
            yield snapshot

    async def commit(
        self, days: Sequence[DayWrite], receipts: Sequence[ReceiptWrite]
    ) -> Mapping[DayKey, Version]:
        """No answer; but after the last one it is committed all the same."""
        if self._silence == "after a commit" and not self._silent:
            await self._store.commit(days, receipts)
        self._silent = True
        return await _never()

    async def doctors(self) -> Sequence[Doctor]:
        """All doctors."""
        return await self._store.doctors()

    async def put_doctors(self, doctors: Collection[Doctor]) -> None:
        """Nobody asks for it."""
        raise NotImplementedError

    async def close(self) -> None:
        """The other store is closed by its owner."""


@asynccontextmanager
async def cut_off(api: Api, silence: Silence = "at once") -> AsyncIterator[Api]:
    """An instance that soon gives up a store which answers it no more."""
    store = SilentStore(api.clinic.store, silence)
    async with calling(store, api.clock, IMPATIENT) as other:
        yield other


async def _never() -> Mapping[DayKey, Version]:
    return await asyncio.get_running_loop().create_future()
