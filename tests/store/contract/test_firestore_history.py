"""Months of a patient's history, which Firestore keeps as documents that nobody reads to write."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from shared.model.patient_key import patient_key
from shared.model.patient_schedule import PatientSchedule
from shared.store.firestore.store import FirestoreStore
from shared.store.port import PatientWrite, Stored, StoreRefused
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
