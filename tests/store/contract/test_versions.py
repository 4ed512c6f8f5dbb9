"""Two versions of the program on one store, as in every rolling deployment."""

from pathlib import Path
from typing import Any, cast

import pytest

from shared.model.appointment import Appointment
from shared.model.day import DaySchedule
from shared.store.firestore.store import FirestoreStore
from shared.store.port import DayWrite, Store, Stored, StoreRefused
from tests.builders import appointment, at, doctor, key, schedule
from tests.store.contract.raw import Raw, RawFirestore, RawSqlite

MONDAY = key("2026-11-23")
FIRST = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "first")
SECOND = appointment("2026-11-23T10:00Z", "2026-11-23T10:30Z", "second")

# As release 1.0 wrote an entry, and as one to come may.
OLD: dict[str, Any] = {
    "id": "first",
    "start": "2026-11-23T09:00:00Z",
    "end": "2026-11-23T09:30:00Z",
    "patient": {"name": "Ada Lovelace"},
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
}
NEWER: dict[str, Any] = {
    **OLD,
    "kind": "appointment",
    "schema": 2,
    "patient": {"name": "Ada Lovelace", "email": "ada@example.org", "id": "ada-1"},
    "service_id": "check-up",
    "buffers": {"before": 5, "after": 10},
}


@pytest.fixture
async def raw(store: Store, tmp_path: Path) -> Raw:
    """The documents below a store that holds Monday with one appointment."""
    await store.commit([DayWrite(Stored(DaySchedule(MONDAY), None), monday(FIRST))], [])
    if isinstance(store, FirestoreStore):
        return RawFirestore(store)
    return RawSqlite(str(tmp_path / "appointments.db"))


def monday(*appointments: Appointment) -> DaySchedule:
    return schedule("2026-11-23", *appointments)


async def load(store: Store) -> Stored[DaySchedule]:
    async with store.snapshot() as snapshot:
        return (await snapshot.load([MONDAY], [])).days[MONDAY]


async def cancel_first(store: Store) -> None:
    read = await load(store)
    found = cast("Appointment", read.value.find("first"))
    cancelled = found._replace(cancelled_at=at("2026-11-20T12:00Z"))
    await store.commit([DayWrite(read, read.value.with_appointment(cancelled))], [])


async def test_what_release_1_0_wrote_is_read_and_tagged_when_it_is_written_again(
    store: Store, raw: Raw
) -> None:
    await raw.put_entry(MONDAY, "first", OLD)
    assert (await load(store)).value == monday(FIRST)
    await cancel_first(store)
    tags = {"kind": "appointment", "schema": 2, "cancelled_at": "2026-11-20T12:00:00Z"}
    assert await raw.entry(MONDAY, "first") == {**OLD, **tags}


async def test_fields_of_a_newer_version_are_kept_when_its_entry_or_another_is_written(
    store: Store, raw: Raw
) -> None:
    await raw.put_entry(MONDAY, "first", NEWER)
    read = await load(store)
    await store.commit([DayWrite(read, read.value.with_appointment(SECOND))], [])
    assert await raw.entry(MONDAY, "first") == NEWER
    await cancel_first(store)
    written = await raw.entry(MONDAY, "first")
    assert written == {**NEWER, "cancelled_at": "2026-11-20T12:00:00Z"}
    again = cast("Appointment", (await load(store)).value.find("first"))
    assert (again.status, again.patient.email) == ("cancelled", "ada@example.org")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"kind": "hold", "schema": 2, "until": 7}, 'the kind "hold"'),
        ({**NEWER, "schema": 3}, "has schema 3"),
        ({**NEWER, "start": "nine"}, "is damaged"),
        ({**NEWER, "patient": "Ada Lovelace"}, "is damaged"),
        ({"id": "first", "kind": "appointment", "schema": "2"}, "has schema 2"),
    ],
    ids=["kind", "schema", "start", "patient", "schema-as-text"],
)
async def test_an_entry_that_is_not_understood_is_refused_loudly(
    store: Store, raw: Raw, entry: dict[str, Any], said: str
) -> None:
    await raw.put_entry(MONDAY, "other", {"id": "other", **entry})
    with pytest.raises(StoreRefused, match=said):
        await load(store)
    with pytest.raises(StoreRefused, match=said):
        async with store.snapshot() as snapshot:
            _ = [day async for day in snapshot.scan("strange", MONDAY.day, MONDAY.day)]


async def test_what_is_derived_from_the_entries_is_cleared_by_a_version_that_does_not_know_it(
    store: Store, raw: Raw
) -> None:
    assert await raw.day(MONDAY) == {"schema": 2}
    await raw.put_day(MONDAY, {"derived": {"busy": "540-570"}})
    assert (await load(store)).value == monday(FIRST)
    await cancel_first(store)
    assert await raw.day(MONDAY) == {"schema": 2}


async def test_fields_of_a_doctor_that_a_newer_version_wrote_are_kept(
    store: Store, raw: Raw
) -> None:
    await store.put_doctors([doctor()])
    await raw.put_doctor("strange", {"shift_minutes": -300})
    assert await store.doctors() == [doctor()]
    changed = doctor((("10:00", "12:00"),))
    await store.put_doctors([changed])
    assert await store.doctors() == [changed]
    fields = await raw.doctor("strange")
    assert (fields["shift_minutes"], fields["kind"], fields["schema"]) == (-300, "doctor", 2)


async def test_a_day_or_a_doctor_that_is_not_understood_is_refused_loudly(
    store: Store, raw: Raw
) -> None:
    await raw.put_day(MONDAY, {"schema": 3})
    with pytest.raises(StoreRefused, match=r"strange, 2026-11-23 has schema 3"):
        await load(store)
    await store.put_doctors([doctor()])
    for fields, said in (
        ({"time_zone": "Mars"}, "the doctor strange is damaged"),
        ({"schema": 3}, "the doctor strange has schema 3"),
    ):
        await raw.put_doctor("strange", fields)
        with pytest.raises(StoreRefused, match=said):
            await store.doctors()
