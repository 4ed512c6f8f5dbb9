"""What every store promises: versions, all or nothing, one instant for a snapshot."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from shared.model.appointment import Appointment, Patient
from shared.model.day import DayKey, DaySchedule
from shared.model.idempotency import IdempotencyRecord
from shared.store.port import (
    DayWrite,
    RecordWrite,
    Snapshot,
    SnapshotExpired,
    State,
    Store,
    Stored,
    StoreUnavailable,
    VersionConflict,
)
from tests.builders import appointment, at, doctor, key, schedule

Change = Callable[[DaySchedule], DaySchedule]

MONDAY, TUESDAY, WEDNESDAY = key("2026-11-23"), key("2026-11-24"), key("2026-11-25")
EARLY = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "early")
LATE = appointment("2026-11-23T16:00Z", "2026-11-23T17:00Z", "late")
NEW = appointment("2026-11-24T09:00Z", "2026-11-24T09:30Z", "new")
MOVED_ON = appointment("2026-11-25T16:00Z", "2026-11-25T17:00Z", "late")
MOVED = appointment("2026-11-24T16:00Z", "2026-11-24T17:00Z", "late")


async def load(store: Store, *days: DayKey, record: str | None = None) -> State:
    async with store.snapshot() as snapshot:
        return await snapshot.load(days, [] if record is None else [record])


async def put(store: Store, read: Stored[DaySchedule], *appointments: Appointment) -> None:
    written = schedule(read.value.key.day.isoformat(), *appointments)
    await store.commit([DayWrite(read, written)], [])


async def scan(
    store: Store, first: str, last: str, instant: datetime | None = None
) -> list[DaySchedule]:
    async with store.snapshot(instant) as snapshot:
        days = snapshot.scan("strange", date.fromisoformat(first), date.fromisoformat(last))
        return [day async for day in days]


async def change(store: Store, changes: Mapping[DayKey, Change]) -> None:
    """Change some days in one commit."""
    read = (await load(store, *changes)).days
    writes = [DayWrite(read[day], change(read[day].value)) for day, change in changes.items()]
    await store.commit(writes, [])


async def load_value(store: Store, day: DayKey) -> DaySchedule:
    return (await load(store, day)).days[day].value


async def week(snapshot: Snapshot) -> dict[DayKey, DaySchedule]:
    """The days of a view that know anything; whether others have a document is not looked at."""
    days = [day async for day in snapshot.scan("strange", MONDAY.day, WEDNESDAY.day)]
    return {day.key: day for day in days if day.entries()}


async def view(store: Store, instant: datetime | None = None) -> dict[DayKey, DaySchedule]:
    async with store.snapshot(instant) as snapshot:
        return await week(snapshot)


async def instant_of(store: Store) -> datetime:
    """The instant of a view of now."""
    async with store.snapshot() as snapshot:
        await snapshot.load([MONDAY], [])
        return await snapshot.instant()


def rewritten(day: DaySchedule) -> DaySchedule:
    """The same day, but its first appointment is written again."""
    return day.with_appointment(day.appointments[0]._replace())


def record_of(appointment_id: str, expires_at: str = "2099-01-01T00:00Z") -> IdempotencyRecord:
    return IdempotencyRecord("key", "fingerprint", appointment_id, at(expires_at))


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
    with pytest.raises(VersionConflict):
        await put(store, read)
    assert (await load(store, MONDAY)).days[MONDAY].value.appointments == (EARLY, LATE)


async def test_a_commit_on_a_day_that_has_come_to_be_is_stale(store: Store, rival: Store) -> None:
    read = (await load(store, MONDAY)).days[MONDAY]
    await put(rival, read, EARLY)
    with pytest.raises(VersionConflict):
        await put(store, read, LATE)
    assert (await load(store, MONDAY)).days[MONDAY].value.appointments == (EARLY,)


async def test_a_commit_on_a_day_that_was_never_there_is_stale(store: Store) -> None:
    await put(store, Stored(DaySchedule(MONDAY), None), EARLY)
    version = (await load(store, MONDAY)).days[MONDAY].version
    with pytest.raises(VersionConflict):
        await put(store, Stored(DaySchedule(TUESDAY), version), LATE)
    assert (await load(store, TUESDAY)).days[TUESDAY].version is None


async def test_one_stale_day_keeps_the_others_and_the_records_from_being_written(
    store: Store, rival: Store
) -> None:
    read = (await load(store, MONDAY, TUESDAY)).days
    await put(rival, read[TUESDAY], EARLY)
    writes = [DayWrite(read[day], DaySchedule(day, (LATE,))) for day in (MONDAY, TUESDAY)]
    with pytest.raises(VersionConflict):
        await store.commit(writes, [RecordWrite(record_of("late"), None)])
    after = await load(store, MONDAY, record="key")
    assert after == State({MONDAY: Stored(DaySchedule(MONDAY), None)}, {})


async def test_a_record_is_made_only_where_there_is_none(store: Store, rival: Store) -> None:
    monday, tuesday = (await load(store, MONDAY, TUESDAY)).days.values()
    await rival.commit(
        [DayWrite(monday, DaySchedule(MONDAY, (EARLY,)))], [RecordWrite(record_of("early"), None)]
    )
    with pytest.raises(VersionConflict):
        await store.commit(
            [DayWrite(tuesday, DaySchedule(TUESDAY, (LATE,)))],
            [RecordWrite(record_of("late"), None)],
        )
    after = await load(store, TUESDAY, record="key")
    assert after.records["key"].value == record_of("early")
    assert after.days[TUESDAY].version is None


async def test_a_record_is_replaced_only_in_the_version_that_was_read(
    store: Store, rival: Store
) -> None:
    await store.commit([], [RecordWrite(record_of("early", "2099-01-01T00:00Z"), None)])
    read = (await load(store, record="key")).records["key"]
    await rival.commit([], [RecordWrite(record_of("late", "2099-01-02T00:00Z"), read.version)])
    with pytest.raises(VersionConflict):
        await store.commit([], [RecordWrite(record_of("x", "2099-01-03T00:00Z"), read.version)])
    after = (await load(store, record="key")).records["key"].value
    assert after == record_of("late", "2099-01-02T00:00Z")


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


# Entries that come and go


async def test_a_day_knows_after_a_reload_where_its_appointments_went(
    store: Store, rival: Store
) -> None:
    await put(store, Stored(DaySchedule(MONDAY), None), EARLY, LATE)
    theirs = key("2026-11-24", "who")
    await change(store, {MONDAY: lambda day: day.forwarding("late", theirs)})
    assert await load_value(rival, MONDAY) == schedule(
        "2026-11-23", EARLY, forwarded={"late": theirs}
    )
    await change(rival, {MONDAY: lambda day: day.forwarding("late", WEDNESDAY)})
    assert await load_value(store, MONDAY) == schedule(
        "2026-11-23", EARLY, forwarded={"late": WEDNESDAY}
    )
    assert await scan(store, "2026-11-23", "2026-11-23") == [await load_value(store, MONDAY)]
    await change(store, {MONDAY: lambda day: day.with_appointment(LATE)})
    assert await load_value(rival, MONDAY) == schedule("2026-11-23", EARLY, LATE)


async def test_a_new_day_may_begin_with_a_forwarding_entry(store: Store) -> None:
    day = schedule("2026-11-23", EARLY, forwarded={"late": TUESDAY})
    await store.commit([DayWrite(Stored(DaySchedule(MONDAY), None), day)], [])
    assert await load_value(store, MONDAY) == day


async def test_what_is_removed_from_a_day_is_gone_and_the_rest_stays(
    store: Store, rival: Store
) -> None:
    await put(store, Stored(DaySchedule(MONDAY), None), EARLY, LATE)
    await change(store, {MONDAY: lambda day: day.without("late")})
    assert await load_value(rival, MONDAY) == schedule("2026-11-23", EARLY)
    await change(rival, {MONDAY: lambda day: day.without("early")})
    assert await load_value(store, MONDAY) == schedule("2026-11-23")


async def test_an_appointment_leaves_one_day_and_comes_to_another_in_one_commit(
    store: Store, rival: Store
) -> None:
    await put(store, Stored(DaySchedule(MONDAY), None), EARLY, LATE)
    read = (await load(store, MONDAY, TUESDAY)).days
    await change(rival, {TUESDAY: lambda day: day.with_appointment(NEW)})
    move = [
        DayWrite(read[MONDAY], read[MONDAY].value.forwarding("late", TUESDAY)),
        DayWrite(read[TUESDAY], read[TUESDAY].value.with_appointment(MOVED)),
    ]
    with pytest.raises(VersionConflict):
        await store.commit(move, [])
    assert await view(store) == {
        MONDAY: schedule("2026-11-23", EARLY, LATE),
        TUESDAY: schedule("2026-11-24", NEW),
    }
    await change(
        store,
        {
            MONDAY: lambda day: day.forwarding("late", TUESDAY),
            TUESDAY: lambda day: day.with_appointment(MOVED),
        },
    )
    assert await view(rival) == {
        MONDAY: schedule("2026-11-23", EARLY, forwarded={"late": TUESDAY}),
        TUESDAY: schedule("2026-11-24", NEW, MOVED),
    }


async def test_a_day_that_is_written_as_it_was_is_checked(store: Store, rival: Store) -> None:
    await put(store, Stored(DaySchedule(MONDAY), None), EARLY)
    read = (await load(store, MONDAY)).days[MONDAY]
    await store.commit([DayWrite(read, read.value)], [])
    read = (await load(store, MONDAY)).days[MONDAY]
    await put(rival, read, EARLY, LATE)
    with pytest.raises(VersionConflict):
        await store.commit([DayWrite(read, read.value)], [])
    assert (await load_value(store, MONDAY)).appointments == (EARLY, LATE)


# The past


async def test_a_view_of_an_earlier_instant_shows_the_days_as_they_were_then(
    store: Store, rival: Store
) -> None:
    await put(store, Stored(DaySchedule(MONDAY), None), EARLY, LATE)
    cancelled = EARLY._replace(cancelled_at=at("2026-01-03T00:00Z"))
    instants = [await instant_of(store)]
    steps: list[dict[DayKey, Change]] = [
        {MONDAY: rewritten, TUESDAY: lambda day: day.with_appointment(NEW)},
        {MONDAY: lambda day: day.with_appointment(cancelled)},
        {
            MONDAY: lambda day: day.forwarding("late", TUESDAY),
            TUESDAY: lambda day: day.with_appointment(MOVED),
        },
        {
            MONDAY: lambda day: day.forwarding("late", WEDNESDAY),
            TUESDAY: lambda day: day.without("late").without("new"),
            WEDNESDAY: lambda day: day.with_appointment(MOVED_ON),
        },
        {
            MONDAY: lambda day: day.with_appointment(LATE),
            WEDNESDAY: lambda day: day.without("late"),
        },
    ]
    for number, changes in enumerate(steps):
        await change((store, rival)[number % 2], changes)
        instants.append(await instant_of(store))
    monday = partial(schedule, "2026-11-23")
    tuesday = partial(schedule, "2026-11-24")
    expected = [
        [monday(EARLY, LATE)],
        [monday(EARLY, LATE), tuesday(NEW)],
        [monday(cancelled, LATE), tuesday(NEW)],
        [monday(cancelled, forwarded={"late": TUESDAY}), tuesday(NEW, MOVED)],
        [monday(cancelled, forwarded={"late": WEDNESDAY}), schedule("2026-11-25", MOVED_ON)],
        [monday(cancelled, LATE)],
    ]
    shown = [await view(rival, instant) for instant in instants]
    assert [list(days.values()) for days in shown] == expected
    assert list((await view(rival)).values()) == expected[-1]


async def test_a_view_of_the_instant_of_another_view_shows_the_same_and_has_the_same_instant(
    store: Store, rival: Store
) -> None:
    await put(store, Stored(DaySchedule(MONDAY), None), EARLY)
    async with store.snapshot() as snapshot:
        before = await week(snapshot)
        instant = await snapshot.instant()
        await change(rival, {MONDAY: lambda day: day.with_appointment(LATE)})
        assert await week(snapshot) == before
        assert await snapshot.instant() == instant
    async with rival.snapshot(instant) as snapshot:
        assert await week(snapshot) == before == {MONDAY: schedule("2026-11-23", EARLY)}
        assert await snapshot.instant() == instant
    assert instant.tzinfo == UTC


async def test_instants_go_on_with_every_commit(store: Store, rival: Store) -> None:
    await put(store, Stored(DaySchedule(MONDAY), None), EARLY)
    instants = [await instant_of(store)]
    for _ in range(5):
        await change(rival, {MONDAY: rewritten})
        instants.append(await instant_of(store))
    assert sorted(set(instants)) == instants


async def test_an_instant_that_is_yet_to_come_is_forgotten(store: Store) -> None:
    await put(store, Stored(DaySchedule(MONDAY), None), EARLY)
    to_come = await instant_of(store) + timedelta(hours=1)
    async with store.snapshot(to_come) as snapshot:
        for _ in range(2):
            with pytest.raises(SnapshotExpired):
                await snapshot.load([MONDAY], [])
    with pytest.raises(SnapshotExpired):
        await view(store, to_come)


async def test_days_can_be_loaded_as_they_were_as_well(store: Store) -> None:
    await put(store, Stored(DaySchedule(MONDAY), None), EARLY)
    instant = await instant_of(store)
    await put(store, (await load(store, MONDAY)).days[MONDAY], EARLY, LATE)
    async with store.snapshot(instant) as snapshot:
        state = await snapshot.load([MONDAY], [])
    assert state.days[MONDAY].value.appointments == (EARLY,)


# Rivals and doctors


async def test_of_many_rivals_on_one_version_one_commits(store: Store, rival: Store) -> None:
    read = (await load(store, MONDAY)).days[MONDAY]
    tries = [put(instance, read, EARLY) for instance in (store, rival) * 10]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == [
        "NoneType",
        *["VersionConflict"] * 19,
    ]


async def test_doctors_are_kept_and_replaced_by_id(store: Store, rival: Store) -> None:
    who = doctor(
        doctor_id="who", hours=(("08:00", "12:00"), ("13:00", "24:00")), zone="Asia/Kathmandu"
    )
    await store.put_doctors([who, doctor(zone="Europe/Berlin")])
    await rival.put_doctors([doctor(days="sun")])
    assert await store.doctors() == [doctor(days="sun"), who]


def logs_in(folder: Path) -> list[Path]:
    """The logs of a SQLite file that some connection still has open."""
    return list(folder.glob("*-wal"))


async def test_a_closed_store_is_unavailable_and_may_be_closed_again(
    store: Store, tmp_path: Path
) -> None:
    await load(store, MONDAY)
    await store.close()
    await store.close()
    with pytest.raises(StoreUnavailable):
        await load(store, MONDAY)
    with pytest.raises(StoreUnavailable):
        await put(store, Stored(DaySchedule(MONDAY), None), EARLY)
    with pytest.raises(StoreUnavailable):
        await store.doctors()
    with pytest.raises(StoreUnavailable):
        await store.put_doctors([doctor()])
    assert not logs_in(tmp_path)


async def test_a_snapshot_that_outlives_the_store_is_unavailable_or_still_right(
    store: Store, tmp_path: Path
) -> None:
    async with store.snapshot() as snapshot:
        await snapshot.load([MONDAY], [])
        await store.close()
        with suppress(StoreUnavailable):
            assert (await snapshot.load([MONDAY], [])).days[MONDAY].value == DaySchedule(MONDAY)
    assert not logs_in(tmp_path)
