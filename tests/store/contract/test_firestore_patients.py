"""What is Firestore's own: months that nobody reads to write, and erasures of several commits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from shared.model.patient_history import PastAppointment
from shared.model.patient_key import patient_key
from shared.model.patient_schedule import PatientSchedule
from shared.store.firestore.calls import Calls
from shared.store.firestore.store import FirestoreStore
from shared.store.port import (
    Keys,
    PatientWrite,
    Stored,
    StoreRefused,
    StoreUnavailable,
    VersionConflict,
    Writes,
)
from tests.builders import appointment, at
from tests.firestore_emulator import emulated_store
from tests.store.contract.raw import RawFirestore

ADA = patient_key("https://issuer", "ada")
FIRST = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "first")
MONTH, DAY = "2026-11", at("2026-11-01T00:00Z").date()


@pytest.fixture
def project(emulator: str) -> str:
    assert emulator
    return f"demo-{uuid4()}"


@pytest.fixture
async def store(project: str) -> AsyncIterator[FirestoreStore]:
    opened = emulated_store(project, seconds=10)
    yield opened
    await opened.close()


@pytest.fixture
async def rival(project: str) -> AsyncIterator[FirestoreStore]:
    opened = emulated_store(project, seconds=10)
    yield opened
    await opened.close()


async def book_and_end(store: FirestoreStore) -> None:
    read = Stored(PatientSchedule(ADA), None)
    booked = PatientWrite(read, PatientSchedule(ADA, (FIRST,)))
    versions = await store.commit(Writes(patients=[booked]))
    stands = Stored(booked.schedule, versions[ADA])
    await store.commit(Writes(patients=[PatientWrite(stands, PatientSchedule(ADA))]))


async def test_a_month_of_a_newer_version_stays_newer_and_keeps_what_it_has(
    store: FirestoreStore,
) -> None:
    raw = RawFirestore(store)
    await raw.put_history(ADA, MONTH, {"kind": "history", "schema": 4, "more": 7})
    await book_and_end(store)
    starts = {"first": "2026-11-23T09:00:00Z"}
    fields = {"kind": "history", "schema": 4, "more": 7, "appointments": starts}
    assert await raw.history(ADA, MONTH) == fields


async def test_a_new_month_has_this_version(
    store: FirestoreStore,
) -> None:
    raw = RawFirestore(store)
    starts = {"first": "2026-11-23T09:00:00Z"}
    fields = {"kind": "history", "schema": 3, "appointments": starts}
    await book_and_end(store)
    assert await raw.history(ADA, MONTH) == fields


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "history", "schema": 4}, "has schema 4"),
        ({"kind": "months", "schema": 3}, 'the kind "months"'),
        ({"kind": "history", "appointments": {"first": "soon"}}, "is damaged"),
        ({"kind": "history", "appointments": {"first": False}}, "is damaged"),
    ],
    ids=["schema", "kind", "start", "no-start"],
)
async def test_a_month_that_is_not_understood_is_refused_loudly(
    store: FirestoreStore, fields: dict[str, object], said: str
) -> None:
    await RawFirestore(store).put_history(ADA, MONTH, fields)
    async with store.snapshot() as snapshot:
        with pytest.raises(StoreRefused, match=f"the history 2026-11 of .*{said}"):
            await snapshot.history(ADA, DAY, DAY)


async def test_a_month_of_before_tells_no_starts_and_may_hold_both(store: FirestoreStore) -> None:
    raw = RawFirestore(store)
    appointments = {"old": True, "older": True}
    await raw.put_history(ADA, MONTH, {"kind": "history", "appointments": appointments})
    await book_and_end(store)
    async with store.snapshot() as snapshot:
        assert await snapshot.history(ADA, DAY, DAY) == [
            PastAppointment("first", MONTH, at("2026-11-23T09:00Z")),
            PastAppointment("old", MONTH, None),
            PastAppointment("older", MONTH, None),
        ]
        read = (await snapshot.load(Keys(patients=[ADA]))).patients[ADA]
    old = [PastAppointment("old", MONTH, None)]
    await store.commit(Writes(patients=[PatientWrite(read, read.value, forgotten=old)]))
    kept = {"first": "2026-11-23T09:00:00Z", "older": True}
    assert (await raw.history(ADA, MONTH))["appointments"] == kept


# Erasures


class Between:
    """The calls to Firestore; before the second commit something else is done."""

    def __init__(self, calls: Calls, do: Callable[[], Awaitable[object]]) -> None:
        self.database, self.root = calls.database, calls.root
        self.run_query, self.batch_get, self.close = calls.run_query, calls.batch_get, calls.close
        self._calls = calls
        self._commits = 0
        self._do = do

    async def commit(self, writes: Sequence[Any]) -> Sequence[Any]:
        self._commits += 1
        if self._commits == 2:
            await self._do()
        return await self._calls.commit(writes)


async def cut_off() -> None:
    raise StoreUnavailable("the process ends")


async def with_months(store: FirestoreStore, count: int) -> Stored[PatientSchedule]:
    """Let Ada have a history of so many more months, and return what is read of her."""
    await book_and_end(store)
    raw = RawFirestore(store)
    months = [f"{1900 + n // 12}-{n % 12 + 1:02}" for n in range(count)]
    fields = {"kind": "history", "schema": 3, "appointments": {"old": True}}
    await asyncio.gather(*(raw.put_history(ADA, month, fields) for month in months))
    return await load(store)


async def load(store: FirestoreStore) -> Stored[PatientSchedule]:
    async with store.snapshot() as snapshot:
        return (await snapshot.load(Keys(patients=[ADA]))).patients[ADA]


async def months_of(store: FirestoreStore) -> int:
    async with store.snapshot() as snapshot:
        return len(await snapshot.history(ADA, date.min, date.max))


async def test_a_long_history_that_was_erased_in_part_is_erased_by_the_next_attempt(
    store: FirestoreStore,
) -> None:
    read, calls = await with_months(store, 450), store._calls()  # noqa: SLF001
    store._connected = Between(calls, cut_off)  # type: ignore[assignment] # noqa: SLF001
    with pytest.raises(StoreUnavailable):
        await store.erase_patient(read, PatientSchedule(ADA))
    assert (await load(store), await months_of(store)) == (read, 52)
    await store.erase_patient(read, PatientSchedule(ADA))
    assert ((await load(store)).version, await months_of(store)) == (None, 0)


async def test_no_part_of_a_history_is_erased_once_somebody_has_booked(
    store: FirestoreStore, rival: FirestoreStore
) -> None:
    read = await with_months(store, 850)

    async def book() -> None:
        booked = PatientWrite(await load(rival), PatientSchedule(ADA, (FIRST,)))
        await rival.commit(Writes(patients=[booked]))

    store._connected = Between(store._calls(), book)  # type: ignore[assignment] # noqa: SLF001
    with pytest.raises(VersionConflict):
        await store.erase_patient(read, PatientSchedule(ADA))
    assert ((await load(rival)).value.appointments, await months_of(rival)) == ((FIRST,), 452)


async def test_the_first_part_is_not_erased_of_one_who_is_not_as_was_read(
    store: FirestoreStore,
) -> None:
    read = await with_months(store, 450)
    booked = PatientWrite(read, PatientSchedule(ADA, (FIRST,)))
    await store.commit(Writes(patients=[booked]))
    with pytest.raises(VersionConflict):
        await store.erase_patient(read, PatientSchedule(ADA))
    assert await months_of(store) == 451
