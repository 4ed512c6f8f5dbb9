"""Instances whose store gives no answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Literal, NoReturn

from shared.model.doctor import Doctor
from shared.model.outbox import OutboxRecord
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.settings import read_settings
from shared.store.port import (
    Snapshot,
    Store,
    Stored,
    StoredRecord,
    StoreRefused,
    StoreUnavailable,
    Versions,
    Writes,
)
from tests.functions.api import SETTINGS, Api, calling

CutOff = Literal["at once", "before a commit", "after a commit"]
Unread = Any
IMPATIENT = read_settings({"DEADLINE_SECONDS": "0.1"})


class SilentStore:
    """Another store, which knows its doctors and its clinic but never answers anything else."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @asynccontextmanager
    async def snapshot(self, instant: datetime | None = None) -> AsyncIterator[Snapshot]:
        """No view."""
        never: asyncio.Future[NoReturn] = asyncio.get_running_loop().create_future()
        await never
        async with self._store.snapshot(instant) as snapshot:
            yield snapshot

    async def commit(self, writes: Writes) -> Versions:
        """Not reached without a view."""
        raise NotImplementedError

    async def due_events(
        self, until: datetime, limit: int, after: OutboxRecord | None = None
    ) -> Sequence[StoredRecord]:
        """Nobody asks for them."""
        raise NotImplementedError

    async def waiting_events(self, appointment_ids: Collection[str]) -> Sequence[StoredRecord]:
        """Nobody asks for them."""
        raise NotImplementedError

    async def set_aside_events(self, limit: int, after: str = "") -> Sequence[StoredRecord]:
        """Nobody asks for them."""
        raise NotImplementedError

    async def erase_records(self, ids: Collection[str]) -> None:
        """Nobody asks for it."""
        raise NotImplementedError

    async def erase_patient(self, read: Stored[PatientSchedule], rest: PatientSchedule) -> None:
        """Nobody asks for it."""
        raise NotImplementedError

    async def erased_patients(self, now: datetime) -> Sequence[PatientKey]:
        """Nobody asks for them."""
        raise NotImplementedError

    async def end_views(self) -> None:
        """Nobody asks for it."""
        raise NotImplementedError

    async def blocked(self) -> Mapping[PatientKey, datetime]:
        """Nobody asks for them."""
        raise NotImplementedError

    async def block(self, caller: PatientKey, issued_before: datetime) -> None:
        """Nobody asks for it."""
        raise NotImplementedError

    async def doctors(self, ids: Collection[str]) -> Mapping[str, Doctor]:
        """These doctors."""
        return await self._store.doctors(ids)

    async def list_doctors(
        self, limit: int, after: str = "", service_id: str | None = None
    ) -> Sequence[Doctor]:
        """A page of doctors."""
        return await self._store.list_doctors(limit, after, service_id)

    async def clinic(self) -> Mapping[str, Any]:
        """What is true of the whole clinic."""
        return await self._store.clinic()

    async def put_clinic(self, clinic: Mapping[str, Any]) -> None:
        """Nobody asks for it."""
        raise NotImplementedError

    async def put_doctors(self, doctors: Collection[Doctor]) -> None:
        """Nobody asks for it."""
        raise NotImplementedError

    async def secret(self, name: str, proposed: str) -> str:
        """Not reached without a view."""
        raise NotImplementedError

    async def calendar_link(self, doctor_id: str) -> str | None:
        """Nobody asks for one."""
        raise NotImplementedError

    async def replace_calendar_link(self, doctor_id: str, replaced: str | None, secret: str) -> str:
        """Nobody asks for it."""
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

    async def commit(self, writes: Writes) -> Versions:
        """Whether it was written is not told."""
        self._broken = True
        if self._commits:
            await self._store.commit(writes)
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


class FailingStore:
    """Another store, of which only so many writes succeed, and all reads."""

    def __init__(self, store: Store, writes: int) -> None:
        self._store = store
        self.writes = writes

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def commit(self, writes: Writes) -> Versions:
        """Fail if there were enough."""
        self._count()
        return await self._store.commit(writes)

    async def erase_records(self, ids: Collection[str]) -> None:
        """Fail if there were enough."""
        self._count()
        await self._store.erase_records(ids)

    async def erase_patient(self, read: Stored[PatientSchedule], rest: PatientSchedule) -> None:
        """Fail if there were enough."""
        self._count()
        await self._store.erase_patient(read, rest)

    async def end_views(self) -> None:
        """Fail if there were enough."""
        self._count()
        await self._store.end_views()

    def _count(self) -> None:
        if self.writes == 0:
            raise StoreRefused("cut off")  # Not to be tried again until the deadline.
        self.writes -= 1


@asynccontextmanager
async def failing(api: Api, writes: int) -> AsyncIterator[Api]:
    """Another instance on the store of a client's, which takes only so many writes from it."""
    store: Any = FailingStore(api.dependencies.store, writes)
    async with calling(store, api.clock) as other:
        yield other


async def _nobody() -> None:
    pass


class ForgetfulStore:
    """Another store, which does not answer its first commit, though it does it.

    Then `rival` has its turn before the next attempt.
    """

    def __init__(self, store: Store, rival: Callable[[], Awaitable[object]] = _nobody) -> None:
        self._store = store
        self._rival = rival
        self.lost = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def commit(self, writes: Writes) -> Versions:
        """Lose the first answer."""
        versions = await self._store.commit(writes)
        self.lost += 1
        if self.lost == 1:
            await self._rival()
            raise StoreUnavailable("it may have happened")
        return versions
