"""Erased is erased: records, schedules, histories, and every view of an earlier instant."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from datetime import date, datetime

import pytest

from shared.model.appointment import Appointment
from shared.model.day import DaySchedule
from shared.model.elsewhere import ElsewhereKey, Whereabouts
from shared.model.idempotency_record import IdempotencyRecord
from shared.model.patient_history import PastAppointment
from shared.model.patient_key import PatientKey, patient_key
from shared.model.patient_schedule import PatientSchedule
from shared.store.port import (
    DayWrite,
    ElsewhereWrite,
    Keys,
    PatientWrite,
    RecordWrite,
    Snapshot,
    SnapshotExpired,
    State,
    Store,
    Stored,
    StoreUnavailable,
    VersionConflict,
    Writes,
)
from shared.store.usage import StoreUsage, charged_to
from tests.builders import appointment, at, key, schedule, span

ADA, BOB = patient_key("https://issuer", "ada"), patient_key("https://issuer", "bob")
MONDAY = key("2026-11-23")
EARLY = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "early")
LATE = appointment("2026-12-23T16:00Z", "2026-12-23T17:00Z", "late")
CANCELLED = EARLY._replace(cancelled_at=at("2026-01-03T00:00Z"), reason="private")
ALL_DAY = span("2026-11-23T00:00Z", "2026-11-24T00:00Z")
FIRST, LAST = date(1, 1, 1), date(9999, 12, 31)

NOTHING = PatientSchedule(ADA)
THEN, LATER = at("2026-11-20T09:00Z"), at("2026-11-20T10:00Z")
REST = PatientSchedule(ADA, changed_at=(THEN, LATER), erased_at=(LATER,))
"""What is kept until ten o'clock on the day after."""

Read = Callable[[Snapshot], Awaitable[object]]


def record_of(name: str, appointment_id: str) -> IdempotencyRecord:
    expires_at = at("2099-01-01T00:00Z")
    return IdempotencyRecord(name, f"print of {name}", appointment_id, expires_at, "request")


def erased(name: str, appointment_id: str) -> IdempotencyRecord:
    expires_at = at("2099-01-01T00:00Z")
    return IdempotencyRecord(name, "erased", appointment_id, expires_at, "request")


async def load(store: Store, patient: PatientKey = ADA) -> Stored[PatientSchedule]:
    async with store.snapshot() as snapshot:
        return (await snapshot.load(Keys(patients=[patient]))).patients[patient]


async def change(store: Store, patient: PatientKey, *appointments: Appointment) -> None:
    """Let a patient have these appointments and no others."""
    write = PatientWrite(await load(store, patient), PatientSchedule(patient, appointments))
    await store.commit(Writes(patients=[write]))


async def tell(store: Store, whereabouts: Whereabouts | None) -> None:
    """Let these be the whereabouts of the early appointment."""
    name = ElsewhereKey("strange", "early")
    async with store.snapshot() as snapshot:
        read = (await snapshot.load(Keys(elsewhere=[name]))).elsewhere[name]
    await store.commit(Writes(elsewhere=[ElsewhereWrite(name, whereabouts, read.version)]))


async def records(store: Store, *names: str) -> list[IdempotencyRecord]:
    async with store.snapshot() as snapshot:
        found = (await snapshot.load(Keys(records=names))).records
    return [found[name].value for name in names]


async def history(store: Store, patient: PatientKey) -> Collection[str]:
    async with store.snapshot() as snapshot:
        return [past.id for past in await snapshot.history(patient, FIRST, LAST)]


async def erase(store: Store, rest: PatientSchedule = NOTHING) -> None:
    """Erase Ada's account as it is."""
    await store.erase_patient(await load(store), rest)


async def instant_of(store: Store) -> datetime:
    async with store.snapshot() as snapshot:
        await snapshot.load(Keys(days=[MONDAY]))
        return await snapshot.instant()


async def test_records_of_erased_appointments_stay_and_tell_no_more_what_was_asked_for(
    store: Store, rival: Store
) -> None:
    kept = [record_of(name, of) for name, of in (("a", "1"), ("b", "2"), ("c", "1"), ("d", "3"))]
    await store.commit(Writes(records=[RecordWrite(record, None) for record in kept]))
    for _ in range(2):
        await rival.erase_records(["1", "3", "none"])
        assert await records(store, "a", "b", "c", "d") == [
            erased("a", "1"),
            record_of("b", "2"),
            erased("c", "1"),
            erased("d", "3"),
        ]
    with pytest.raises(VersionConflict):
        await store.commit(Writes(records=[RecordWrite(record_of("a", "4"), None)]))


async def test_a_great_many_records_are_erased(store: Store) -> None:
    names = [f"{number:04}" for number in range(450)]
    for start in (0, 400):
        some = names[start : start + 400]
        await store.commit(
            Writes(records=[RecordWrite(record_of(name, f"of {name}"), None) for name in some])
        )
    await store.erase_records([f"of {name}" for name in names])
    assert await records(store, *names) == [erased(name, f"of {name}") for name in names]


async def test_an_erased_patient_has_no_schedule_and_no_history_and_others_keep_theirs(
    store: Store, rival: Store
) -> None:
    for patient in (ADA, BOB):
        await change(store, patient, EARLY, LATE)
        await change(store, patient)
        await change(store, patient, LATE)
    await erase(rival)
    assert await load(store) == Stored(PatientSchedule(ADA), None)
    assert await history(store, ADA) == []
    assert (await load(store, BOB)).value == PatientSchedule(BOB, (LATE,))
    assert await history(store, BOB) == ["early", "late"]
    await erase(store)
    await change(rival, ADA, EARLY)
    assert (await load(store)).value == PatientSchedule(ADA, (EARLY,))


async def test_a_long_history_is_erased(store: Store) -> None:
    names = [f"{number:04}" for number in range(450)]
    await change(store, ADA, *(EARLY._replace(id=name) for name in names))
    await change(store, ADA)
    assert await history(store, ADA) == names
    await erase(store)
    assert await history(store, ADA) == []


Became = Callable[[Store], Awaitable[None]]


async def booked(store: Store) -> None:
    await change(store, ADA, EARLY, LATE)
    await change(store, ADA, LATE)


async def erased_by_another(store: Store) -> None:
    await booked(store)
    await erase(store)


@pytest.mark.parametrize(
    ("there", "became"),
    [(False, booked), (True, booked), (True, erased_by_another)],
    ids=["has-come-to-be", "has-changed", "is-gone"],
)
async def test_a_patient_who_is_not_as_was_read_is_a_conflict_and_nothing_is_erased(
    store: Store,
    rival: Store,
    there: bool,  # noqa: FBT001
    became: Became,
) -> None:
    if there:
        await change(store, ADA, EARLY)
    read = await load(store)
    await became(rival)
    after, gone = await load(rival), await history(rival, ADA)
    for rest in (NOTHING, REST):
        with pytest.raises(VersionConflict):
            await store.erase_patient(read, rest)
    assert (await load(store), await history(store, ADA)) == (after, gone)


async def test_a_commit_on_the_schedule_that_was_erased_is_a_conflict(
    store: Store, rival: Store
) -> None:
    await change(store, ADA, EARLY)
    read = await load(store)
    await rival.erase_patient(read, NOTHING)
    with pytest.raises(VersionConflict):
        await store.commit(Writes(patients=[PatientWrite(read, PatientSchedule(ADA))]))
    assert (await load(store), await history(store, ADA)) == (
        Stored(PatientSchedule(ADA), None),
        [],
    )


# Views of earlier instants


async def load_all(snapshot: Snapshot) -> State:
    return await snapshot.load(Keys(days=[MONDAY], patients=[ADA]))


async def scan(snapshot: Snapshot) -> list[DaySchedule]:
    return [day async for day in snapshot.scan("strange", MONDAY.day, MONDAY.day)]


async def scan_ended(snapshot: Snapshot) -> list[Appointment]:
    return [ended async for ended in snapshot.scan_ended("strange", ALL_DAY)]


async def past(snapshot: Snapshot) -> Sequence[PastAppointment]:
    return await snapshot.history(ADA, FIRST, LAST)


READS: list[Read] = [load_all, scan, scan_ended, past]


@pytest.fixture
async def before(store: Store) -> datetime:
    """An instant at which there was something of everything that is erased after it."""
    day = DayWrite(Stored(DaySchedule(MONDAY), None), schedule("2026-11-23", EARLY))
    await store.commit(Writes([day]))
    await tell(store, CANCELLED)
    await change(store, ADA, EARLY, LATE)
    await change(store, ADA, LATE)
    return await instant_of(store)


async def erase_all(store: Store) -> None:
    """Erase as its callers do: the appointments themselves first."""
    async with store.snapshot() as snapshot:
        read = await snapshot.load(Keys(days=[MONDAY]))
    day = DayWrite(read.days[MONDAY], schedule("2026-11-23"))
    await store.commit(Writes([day]))
    await tell(store, None)
    await erase(store)
    await store.end_views()


@pytest.mark.parametrize("read", READS)
async def test_what_was_erased_is_shown_by_no_view_of_an_instant_before(
    store: Store, rival: Store, before: datetime, read: Read
) -> None:
    async with rival.snapshot(before) as snapshot:
        shown = await read(snapshot)
    assert "early" in str(shown)
    await erase_all(store)
    async with rival.snapshot(before) as snapshot:
        for _ in range(2):
            with pytest.raises(SnapshotExpired):
                await read(snapshot)
    async with rival.snapshot() as snapshot:
        assert "early" not in str(await read(snapshot))


async def test_every_erasure_ends_the_views_of_instants_before_it_and_no_others(
    store: Store, rival: Store, before: datetime
) -> None:
    instants = [before]
    for _ in range(3):
        await store.end_views()
        await change(rival, BOB, EARLY)  # So that the next view is later for certain.
        instants.append(await instant_of(rival))
        for instant in instants[:-1]:
            async with rival.snapshot(instant) as snapshot:
                with pytest.raises(SnapshotExpired):
                    await load_all(snapshot)
        async with store.snapshot(instants[-1]) as snapshot:
            assert (await load_all(snapshot)).patients[ADA].value == PatientSchedule(ADA, (LATE,))


async def test_a_view_that_was_read_before_an_erasure_may_go_on(
    store: Store, rival: Store, before: datetime
) -> None:
    async with rival.snapshot(before) as snapshot:
        shown = await load_all(snapshot)
        await erase_all(store)
        assert await load_all(snapshot) == shown


async def test_what_an_erasure_writes_is_counted(store: Store, before: datetime) -> None:
    assert before
    await store.commit(Writes(records=[RecordWrite(record_of("a", "early"), None)]))
    read = await load(store)
    for each in (store.erase_records(["early"]), store.erase_patient(read, REST)):
        usage = StoreUsage()
        with charged_to([usage]):
            await each
        assert usage.writes > 0
    usage = StoreUsage()
    with charged_to([usage]):
        await store.end_views()
    assert usage.writes == 1


async def test_a_closed_store_erases_nothing(store: Store) -> None:
    nobody = Stored(NOTHING, None)
    await store.close()
    for each in (
        store.erase_records(["early"]),
        store.erase_patient(nobody, NOTHING),
        store.end_views(),
        store.erased_patients(LATER),
    ):
        with pytest.raises(StoreUnavailable):
            await each


async def test_work_under_way_when_the_store_closes_ends_or_is_unavailable(store: Store) -> None:
    work = asyncio.create_task(store.end_views())
    await asyncio.sleep(0)
    await store.close()
    with suppress(StoreUnavailable):
        await work


# What stays of an account for a day


async def test_instants_stay_where_they_still_count_and_nothing_else(
    store: Store, rival: Store
) -> None:
    await change(store, ADA, EARLY, LATE)
    await change(store, ADA, LATE)
    await erase(rival, REST)
    kept = await load(store)
    assert (kept.value, await history(store, ADA)) == (REST, [])
    assert kept.version is not None
    await change(store, ADA, EARLY)
    assert (await load(rival)).value == PatientSchedule(ADA, (EARLY,))


async def test_only_accounts_whose_rest_counts_no_more_are_found(
    store: Store, rival: Store
) -> None:
    await change(store, BOB, EARLY)
    await change(store, ADA, EARLY)
    assert await rival.erased_patients(at("2030-01-01T00:00Z")) == []
    await erase(store, REST)
    assert await rival.erased_patients(at("2026-11-21T09:59:59Z")) == []
    assert await rival.erased_patients(at("2026-11-21T10:00Z")) == [ADA]
    # Who has come back has a schedule again.
    await change(rival, ADA, EARLY)
    await change(rival, ADA)
    assert await store.erased_patients(at("2030-01-01T00:00Z")) == []


async def test_what_is_forgotten_is_in_no_month_and_the_rest_stays(
    store: Store, rival: Store
) -> None:
    await change(store, ADA, EARLY, LATE)
    await change(store, ADA)
    read = await load(store)
    early, more = PastAppointment.of(EARLY), PastAppointment("more", "2026-11", THEN)
    write = PatientWrite(read, read.value, left=[more], forgotten=[early])
    await rival.commit(Writes(patients=[write]))
    assert await history(store, ADA) == ["more", "late"]
    # It need not be there.
    read = await load(store)
    write = PatientWrite(read, read.value, forgotten=[early, PastAppointment.of(LATE)])
    await rival.commit(Writes(patients=[write]))
    assert await history(store, ADA) == ["more"]
