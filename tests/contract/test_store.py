"""What every store promises: versions, all or nothing, one instant for a snapshot."""

import asyncio
from datetime import date, timedelta

import pytest

from shared.models import Appointment, DayKey, DaySchedule, Patient, Receipt
from shared.store import DayWrite, ReceiptWrite, Stale, State, Store, Stored
from tests.builders import appointment, at, doctor, key, schedule

MONDAY, TUESDAY = key("2026-11-23"), key("2026-11-24")
EARLY = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "early")
LATE = appointment("2026-11-23T16:00Z", "2026-11-23T17:00Z", "late")


async def load(store: Store, *days: DayKey, receipt: str | None = None) -> State:
    async with store.snapshot() as snapshot:
        return await snapshot.load(days, [] if receipt is None else [receipt])


async def put(store: Store, read: Stored[DaySchedule], *appointments: Appointment) -> None:
    written = schedule(read.value.key.day.isoformat(), *appointments)
    await store.commit([DayWrite(read, written)], [])


async def scan(store: Store, first: str, last: str) -> list[DaySchedule]:
    async with store.snapshot() as snapshot:
        days = snapshot.scan("strange", date.fromisoformat(first), date.fromisoformat(last))
        return [day async for day in days]


def receipt_of(appointment_id: str, expires_at: str = "2099-01-01T00:00Z") -> Receipt:
    return Receipt("key", "fingerprint", appointment_id, at(expires_at))


async def test_a_day_without_a_document_is_an_empty_day(store: Store) -> None:
    assert await load(store, MONDAY) == State({MONDAY: Stored(DaySchedule(MONDAY), None)}, {})


async def test_a_day_is_read_as_it_was_written(store: Store) -> None:
    full = Appointment(
        id="full",
        doctor_id="strange",
        interval=EARLY.interval,
        patient=Patient("Zoë \x00 \N{PILE OF POO}", "zoe@example.org", "+1 555 0100"),
        created_at=at("2026-01-01T00:00:00.000001+00:00"),
        updated_at=at("2026-01-02T00:00Z"),
        reason="a 'quoted' \"reason\"\n",
        cancelled_at=at("2026-01-03T00:00Z"),
        cancellation_reason="ill",
    )
    await put(store, Stored(DaySchedule(MONDAY), None), LATE, full)
    assert (await load(store, MONDAY)).days[MONDAY].value.appointments == (full, LATE)


async def test_a_commit_returns_the_versions_that_the_next_load_reads(store: Store) -> None:
    first = await store.commit(
        [DayWrite(Stored(DaySchedule(MONDAY), None), schedule("2026-11-23", EARLY))], []
    )
    read = (await load(store, MONDAY)).days[MONDAY]
    assert read.version == first[MONDAY]
    second = await store.commit([DayWrite(read, schedule("2026-11-23", EARLY, LATE))], [])
    assert second[MONDAY] == (await load(store, MONDAY)).days[MONDAY].version != first[MONDAY]


async def test_a_commit_on_a_day_that_has_changed_is_stale_and_writes_nothing(
    store: Store, rival: Store
) -> None:
    await put(store, (await load(store, MONDAY)).days[MONDAY], EARLY)
    read = (await load(store, MONDAY)).days[MONDAY]
    await put(rival, read, EARLY, LATE)
    with pytest.raises(Stale):
        await put(store, read)
    assert (await load(store, MONDAY)).days[MONDAY].value.appointments == (EARLY, LATE)


async def test_a_commit_on_a_day_that_has_come_to_be_is_stale(store: Store, rival: Store) -> None:
    read = (await load(store, MONDAY)).days[MONDAY]
    await put(rival, read, EARLY)
    with pytest.raises(Stale):
        await put(store, read, LATE)
    assert (await load(store, MONDAY)).days[MONDAY].value.appointments == (EARLY,)


async def test_a_commit_on_a_day_that_was_never_there_is_stale(store: Store) -> None:
    await put(store, Stored(DaySchedule(MONDAY), None), EARLY)
    version = (await load(store, MONDAY)).days[MONDAY].version
    with pytest.raises(Stale):
        await put(store, Stored(DaySchedule(TUESDAY), version), LATE)
    assert (await load(store, TUESDAY)).days[TUESDAY].version is None


async def test_one_stale_day_keeps_the_others_and_the_receipts_from_being_written(
    store: Store, rival: Store
) -> None:
    read = (await load(store, MONDAY, TUESDAY)).days
    await put(rival, read[TUESDAY], EARLY)
    writes = [DayWrite(read[day], DaySchedule(day, (LATE,))) for day in (MONDAY, TUESDAY)]
    with pytest.raises(Stale):
        await store.commit(writes, [ReceiptWrite(receipt_of("late"), None)])
    after = await load(store, MONDAY, receipt="key")
    assert after == State({MONDAY: Stored(DaySchedule(MONDAY), None)}, {})


async def test_a_receipt_is_made_only_where_there_is_none(store: Store, rival: Store) -> None:
    monday, tuesday = (await load(store, MONDAY, TUESDAY)).days.values()
    await rival.commit(
        [DayWrite(monday, DaySchedule(MONDAY, (EARLY,)))], [ReceiptWrite(receipt_of("early"), None)]
    )
    with pytest.raises(Stale):
        await store.commit(
            [DayWrite(tuesday, DaySchedule(TUESDAY, (LATE,)))],
            [ReceiptWrite(receipt_of("late"), None)],
        )
    after = await load(store, TUESDAY, receipt="key")
    assert after.receipts["key"].value == receipt_of("early")
    assert after.days[TUESDAY].version is None


async def test_a_receipt_is_replaced_only_in_the_version_that_was_read(
    store: Store, rival: Store
) -> None:
    await store.commit([], [ReceiptWrite(receipt_of("early", "2099-01-01T00:00Z"), None)])
    read = (await load(store, receipt="key")).receipts["key"]
    await rival.commit([], [ReceiptWrite(receipt_of("late", "2099-01-02T00:00Z"), read.version)])
    with pytest.raises(Stale):
        await store.commit([], [ReceiptWrite(receipt_of("x", "2099-01-03T00:00Z"), read.version)])
    after = (await load(store, receipt="key")).receipts["key"].value
    assert after == receipt_of("late", "2099-01-02T00:00Z")


async def test_a_scan_yields_the_existing_days_of_one_doctor_in_order(store: Store) -> None:
    days = [date(2026, 1, 1) + timedelta(days=3 * n) for n in range(100)]
    keys = [
        DayKey(doctor_id, day) for day in days for doctor_id in ("strang", "strange", "strange2")
    ]
    await store.commit(
        [DayWrite(Stored(DaySchedule(k), None), DaySchedule(k)) for k in reversed(keys)], []
    )
    scanned = [day.key for day in await scan(store, "2026-01-04", "2026-10-22")]
    assert scanned == [DayKey("strange", day) for day in days[1:99]]


async def test_a_snapshot_does_not_see_what_is_committed_after_its_first_read(
    store: Store, rival: Store
) -> None:
    read = (await load(store, MONDAY, TUESDAY)).days
    async with store.snapshot() as snapshot:
        await snapshot.load([MONDAY], [])
        await put(rival, read[TUESDAY], EARLY)
        state = await snapshot.load([TUESDAY], [])
        days = [day async for day in snapshot.scan("strange", MONDAY.day, TUESDAY.day)]
    assert (state.days[TUESDAY].version, days) == (None, [])
    assert [day.key for day in await scan(store, "2026-11-23", "2026-11-24")] == [TUESDAY]


async def test_of_many_rivals_on_one_version_one_commits(store: Store, rival: Store) -> None:
    read = (await load(store, MONDAY)).days[MONDAY]
    tries = [put(instance, read, EARLY) for instance in (store, rival) * 10]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["NoneType", *["Stale"] * 19]


async def test_doctors_are_kept_and_replaced_by_id(store: Store, rival: Store) -> None:
    who = doctor(
        doctor_id="who", hours=(("08:00", "12:00"), ("13:00", "24:00")), zone="Asia/Kathmandu"
    )
    await store.put_doctors([who, doctor(zone="Europe/Berlin")])
    await rival.put_doctors([doctor(days="sun")])
    assert await store.doctors() == [doctor(days="sun"), who]
