"""The port to a store of doctor-days: a few verbs, and what they raise.

A store keeps documents (doctor-days, receipts, doctors) with a version each, and can write
several of them in one go on the condition that none has changed. All policy is above it.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from shared.model.day import DayKey, DaySchedule, Entry
from shared.model.doctor import Doctor
from shared.model.idempotency import IdempotencyRecord

T_co = TypeVar("T_co", covariant=True)

Version = int | str | datetime
"""Names one state of a document. Only a store knows how to compare two."""


class StoreError(Exception):
    """The store did not do what it was asked for."""


class VersionConflict(StoreError):
    """A document is not as it was read. Nothing was written."""


class StoreUnavailable(StoreError):
    """No answer from the store. A commit may have happened or not; a new try may help."""


class SnapshotExpired(StoreError):
    """The store does not know any more, or not yet, how it was at that instant."""


class StoreRefused(StoreError):
    """The store said no and will say it again: no permission, no space, not its file."""


class Stored(Struct, Generic[T_co], frozen=True):
    """A value as it was read, and the version that it had; None if there was no document."""

    value: T_co
    version: Version | None


class State(Struct, frozen=True):
    """What was loaded: every day asked for, and those receipts that exist, by key."""

    days: dict[DayKey, Stored[DaySchedule]]
    records: dict[str, Stored[IdempotencyRecord]]


class DayWrite(Struct, frozen=True):
    """Put `day` in place of the day that was read, which may be the same: then it is checked."""

    read: Stored[DaySchedule]
    day: DaySchedule

    def changed(self) -> dict[str, Entry | None]:
        """The entries that are new or not as they were, by their ids; None: it is gone."""
        before, after = self.read.value.entries(), self.day.entries()
        gone = dict.fromkeys(before.keys() - after.keys())
        return {**gone, **{name: e for name, e in after.items() if before.get(name) is not e}}


class RecordWrite(Struct, frozen=True):
    """Put `receipt` where a receipt of version `replaced` was read; None: where none was."""

    record: IdempotencyRecord
    replaced: Version | None


class Snapshot(Protocol):
    """Reads that all see the store as it was at one instant.

    `days_at_once`: so many days are worth reading together on suspicion, rather than one and
    another perhaps later, because every read is a wait.
    """

    days_at_once: int

    async def load(self, days: Collection[DayKey], records: Collection[str]) -> State:
        """Read days and receipts. A day without a document is an empty day."""

    def scan(
        self, doctor_id: str, first: date, last: date, at_once: int = 16
    ) -> AsyncIterator[DaySchedule]:
        """The days from first to last that have a document, in order, read as far as needed.

        So many are read `at_once` at first, then twice as many each time.
        """

    async def instant(self) -> datetime:
        """The instant of this view, once something was read, by the store's own clock."""


class Store(Protocol):
    """Where doctor-days are kept. Every verb raises `StoreError` and nothing else."""

    def snapshot(self, instant: datetime | None = None) -> AbstractAsyncContextManager[Snapshot]:
        """Open a view of now, or of the instant of another view that is at most an hour old.

        The latter shows days only; its reads raise `Forgotten` where there is no such view.
        """

    async def commit(
        self, days: Sequence[DayWrite], records: Sequence[RecordWrite]
    ) -> Mapping[DayKey, Version]:
        """Write all or nothing, if each document still has the version that was read.

        Returns the new versions of the days, once the writes will outlive the machine's power.
        Raises `Stale` where a document has changed.
        """

    async def doctors(self) -> Sequence[Doctor]:
        """All doctors, ordered by id."""

    async def put_doctors(self, doctors: Collection[Doctor]) -> None:
        """Add these doctors, or replace those that have the same ids."""

    async def close(self) -> None:
        """Let go of files and connections."""
