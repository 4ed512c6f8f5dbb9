"""What is Firestore's own: months that nobody reads to write, and erasures of several commits."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import pytest

from shared.model.idempotency import IdempotencyRecord
from shared.model.patient_key import patient_key
from shared.model.patient_schedule import PatientSchedule
from shared.store.firestore.calls import Calls
from shared.store.firestore.store import FirestoreStore
from shared.store.port import (
    PatientWrite,
    RecordWrite,
    SnapshotExpired,
    Stored,
    StoreRefused,
    StoreUnavailable,
)
from tests.builders import appointment, at
from tests.firestore_emulator import emulated_store
from tests.store.contract.raw import RawFirestore

ADA = patient_key("https://issuer", "ada")
FIRST = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "first")
MONTH, DAY = "2026-11", at("2026-11-01T00:00Z").date()


@pytest.fixture
async def store(emulator: str) -> AsyncIterator[FirestoreStore]:
    assert emulator
    opened = emulated_store(f"demo-{uuid4()}", seconds=10)
    yield opened
    await opened.close()


async def book_and_end(store: FirestoreStore) -> None:
    read = Stored(PatientSchedule(ADA), None)
    booked = PatientWrite(read, PatientSchedule(ADA, (FIRST,)))
    versions = await store.commit([], [], patients=[booked])
    stands = Stored(booked.schedule, versions[ADA])
    await store.commit([], [], patients=[PatientWrite(stands, PatientSchedule(ADA))])


async def test_a_month_of_a_newer_version_stays_newer_and_keeps_what_it_has(
    store: FirestoreStore,
) -> None:
    raw = RawFirestore(store)
    await raw.put_history(ADA, MONTH, {"kind": "history", "schema": 4, "more": 7})
    await book_and_end(store)
    fields = {"kind": "history", "schema": 4, "more": 7, "appointments": {"first": True}}
    assert await raw.history(ADA, MONTH) == fields


async def test_a_new_month_has_this_version(
    store: FirestoreStore,
) -> None:
    raw = RawFirestore(store)
    fields = {"kind": "history", "schema": 3, "appointments": {"first": True}}
    await book_and_end(store)
    assert await raw.history(ADA, MONTH) == fields


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "history", "schema": 4}, "has schema 4"),
        ({"kind": "months", "schema": 3}, 'the kind "months"'),
    ],
    ids=["schema", "kind"],
)
async def test_a_month_that_is_not_understood_is_refused_loudly(
    store: FirestoreStore, fields: dict[str, object], said: str
) -> None:
    await RawFirestore(store).put_history(ADA, MONTH, fields)
    async with store.snapshot() as snapshot:
        with pytest.raises(StoreRefused, match=f"the history 2026-11 of .*{said}"):
            await snapshot.history(ADA, DAY, DAY)


# Erasures


class CutOff:
    """The calls to Firestore, until the process ends at the second commit."""

    def __init__(self, calls: Calls) -> None:
        self.database, self.root = calls.database, calls.root
        self.run_query, self.batch_get, self.close = calls.run_query, calls.batch_get, calls.close
        self._calls = calls
        self._commits = 0

    async def commit(self, writes: Sequence[Any]) -> Sequence[Any]:
        self._commits += 1
        if self._commits == 2:
            raise StoreUnavailable("the process ends")
        return await self._calls.commit(writes)


async def left(store: FirestoreStore) -> tuple[int, bool, Sequence[str]]:
    """How many records tell what was asked for, if there is a patient, and the history."""
    async with store.snapshot() as snapshot:
        state = await snapshot.load([], [str(number) for number in range(450)], patients=[ADA])
        history = await snapshot.history(ADA, DAY, DAY)
    untold = [r for r in state.records.values() if r.value.fingerprint == "print"]
    return len(untold), state.patients[ADA].version is not None, history


async def test_an_erasure_of_several_commits_that_was_cut_off_is_ended_by_the_next(
    store: FirestoreStore,
) -> None:
    await book_and_end(store)
    expires_at = at("2099-01-01T00:00Z")
    for numbers in (range(225), range(225, 450)):
        records = [IdempotencyRecord(str(n), "print", str(n), expires_at) for n in numbers]
        await store.commit([], [RecordWrite(record, None) for record in records])
    async with store.snapshot() as snapshot:
        read = (await snapshot.load([], [], patients=[ADA])).patients[ADA]
        before = await snapshot.instant()
    calls, names = store._calls(), [str(number) for number in range(450)]  # noqa: SLF001
    store._connected = CutOff(calls)  # type: ignore[assignment] # noqa: SLF001
    with pytest.raises(StoreUnavailable):
        await store.erase(names, read)
    assert await left(store) == (52, True, ["first"])
    await store.erase(names, read)
    assert await left(store) == (0, False, [])
    async with store.snapshot(before) as snapshot:
        with pytest.raises(SnapshotExpired):
            await snapshot.load([], [], patients=[ADA])
