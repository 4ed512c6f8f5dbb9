"""What every store promises: versions, all or nothing, one instant for a snapshot."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial, reduce
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
    Version,
    VersionConflict,
)
from shared.store.usage import StoreUsage, charged_to
from tests.builders import appointment, at, doctor, key, schedule

Change = Callable[[DaySchedule], DaySchedule]
Week = dict[DayKey, DaySchedule]

MONDAY, TUESDAY, WEDNESDAY = key("2026-11-23"), key("2026-11-24"), key("2026-11-25")
monday, tuesday = partial(schedule, "2026-11-23"), partial(schedule, "2026-11-24")
wednesday = partial(schedule, "2026-11-25")
THEIRS = key("2026-11-24", "who")
EARLY = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "early")
LATE = appointment("2026-11-23T16:00Z", "2026-11-23T17:00Z", "late")
CANCELLED = EARLY._replace(cancelled_at=at("2026-01-03T00:00Z"))
NEW = appointment("2026-11-24T09:00Z", "2026-11-24T09:30Z", "new")
MOVED = appointment("2026-11-24T16:00Z", "2026-11-24T17:00Z", "late")
MOVED_ON = appointment("2026-11-25T16:00Z", "2026-11-25T17:00Z", "late")


async def load(store: Store, *days: DayKey, record: str | None = None) -> State:
    async with store.snapshot() as snapshot:
        return await snapshot.load(days, [] if record is None else [record])


async def change(store: Store, changes: Mapping[DayKey, Change]) -> Mapping[DayKey, Version]:
    """Change some days in one commit."""
    read = (await load(store, *changes)).days
    writes = [DayWrite(read[day], change(read[day].value)) for day, change in changes.items()]
    return await store.commit(writes, [])


def adding(*appointments: Appointment) -> Change:
    return lambda day: reduce(DaySchedule.with_appointment, appointments, day)


def removing(*names: str) -> Change:
    return lambda day: reduce(DaySchedule.without, names, day)


def forwarding(name: str, to: DayKey) -> Change:
    return lambda day: day.forwarding(name, to)


def rewritten(day: DaySchedule) -> DaySchedule:
    """The same day, but its first appointment is written again."""
    return day.with_appointment(day.appointments[0]._replace())


async def week(snapshot: Snapshot) -> Week:
    """The days of a view that know anything; whether others have a document is not looked at."""
    days = [day async for day in snapshot.scan("strange", MONDAY.day, WEDNESDAY.day)]
    return {day.key: day for day in days if day.entries()}


async def view(store: Store, instant: datetime | None = None) -> Week:
    async with store.snapshot(instant) as snapshot:
        return await week(snapshot)


async def instant_of(store: Store) -> datetime:
    """The instant of a view of now."""
    async with store.snapshot() as snapshot:
        await snapshot.load([MONDAY], [])
        return await snapshot.instant()


def record_of(name: str, expires_at: str, appointment_id: str = "a") -> IdempotencyRecord:
    return IdempotencyRecord(name, "fingerprint", appointment_id, at(expires_at), "request")


async def test_a_day_without_a_document_is_an_empty_day(store: Store) -> None:
    assert await load(store, MONDAY) == State({MONDAY: Stored(DaySchedule(MONDAY), None)}, {})


async def test_a_day_is_read_as_it_was_written(store: Store) -> None:
    full = EARLY._replace(
        patient=Patient("Zoë \x00 \N{PILE OF POO}", "zoe@example.org", "+1 555 0100"),
        created_at=at("2026-01-01T00:00:00.000001+00:00"),
        updated_at=at("2026-01-02T00:00Z"),
        reason="a 'quoted' \"reason\"\n",
        cancelled_at=at("2026-01-03T00:00Z"),
        cancellation_reason="ill",
    )
    await change(store, {MONDAY: adding(LATE, full)})
    assert (await load(store, MONDAY)).days[MONDAY].value.appointments == (full, LATE)


async def test_a_commit_returns_the_versions_that_the_next_load_reads(store: Store) -> None:
    versions = []
    for changed in (adding(EARLY), adding(LATE), lambda day: day):
        returned = await change(store, {MONDAY: changed})
        assert returned == {MONDAY: (await load(store, MONDAY)).days[MONDAY].version}
        versions.append(returned[MONDAY])
    assert versions[0] != versions[1]


# Versions

Attempt = Callable[[State], tuple[list[DayWrite], list[RecordWrite]]]

OLD = record_of("old", "2099-01-01T00:00Z")
REPLACED = record_of("old", "2099-01-02T00:00Z", "other")
RIVAL = record_of("new", "2099-01-01T00:00Z", "other")


def checked(read: Stored[DaySchedule]) -> DayWrite:
    return DayWrite(read, read.value)


def third(name: str, replaced: Version | None) -> RecordWrite:
    return RecordWrite(record_of(name, "2099-01-03T00:00Z"), replaced)


ATTEMPTS: dict[str, Attempt] = {
    "day-has-changed": lambda read: ([DayWrite(read.days[MONDAY], monday())], []),
    "checked-day-has-changed": lambda read: ([checked(read.days[MONDAY])], []),
    "day-has-come-to-be": lambda read: ([DayWrite(read.days[TUESDAY], tuesday(MOVED))], []),
    "day-was-never-there": lambda read: (
        [checked(Stored(DaySchedule(THEIRS), read.days[MONDAY].version))],
        [],
    ),
    "record-has-changed": lambda read: ([], [third("old", read.records["old"].version)]),
    "record-has-come-to-be": lambda _: ([], [third("new", None)]),
    "record-was-never-there": lambda read: ([], [third("never", read.records["old"].version)]),
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
async def test_a_commit_on_what_is_not_as_it_was_read_is_a_conflict_and_writes_nothing(
    store: Store, rival: Store, attempt: Attempt
) -> None:
    await change(store, {MONDAY: adding(EARLY)})
    await store.commit([], [RecordWrite(OLD, None)])
    read = await load(store, MONDAY, TUESDAY, WEDNESDAY, record="old")
    replaced = RecordWrite(REPLACED, read.records["old"].version)
    await change(rival, {MONDAY: adding(LATE), TUESDAY: adding(NEW)})
    await rival.commit([], [replaced, RecordWrite(RIVAL, None)])
    days, records = attempt(read)
    days.insert(0, DayWrite(read.days[WEDNESDAY], wednesday(MOVED_ON)))
    records.insert(0, RecordWrite(record_of("free", "2099-01-01T00:00Z"), None))
    with pytest.raises(VersionConflict):
        await store.commit(days, records)
    async with store.snapshot() as snapshot:
        after = await snapshot.load([WEDNESDAY, THEIRS], ["old", "new", "never", "free"])
    assert [day.version for day in after.days.values()] == [None, None]
    kept = {name: record.value for name, record in after.records.items()}
    assert kept == {"old": REPLACED, "new": RIVAL}
    assert list((await view(store)).values()) == [monday(EARLY, LATE), tuesday(NEW)]


async def test_of_many_rivals_on_one_version_one_commits(store: Store, rival: Store) -> None:
    write = DayWrite(Stored(DaySchedule(MONDAY), None), schedule("2026-11-23", EARLY))
    tries = [instance.commit([write], []) for instance in (store, rival) * 10]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert Counter(type(result) for result in results) == {dict: 1, VersionConflict: 19}


# Views


async def test_a_scan_yields_the_existing_days_of_one_doctor_in_order(store: Store) -> None:
    days = [date(2026, 1, 1) + timedelta(days=3 * n) for n in range(100)]
    keys = [DayKey("strange", day) for day in days]
    keys += [DayKey(other, day + timedelta(days=1)) for day in days for other in ("a", "strange2")]
    await store.commit(
        [DayWrite(Stored(DaySchedule(k), None), DaySchedule(k)) for k in reversed(keys)], []
    )
    async with store.snapshot() as snapshot:
        found = snapshot.scan("strange", date(2026, 1, 4), date(2026, 10, 22))
        scanned = [day.key async for day in found]
    assert scanned == [DayKey("strange", day) for day in days[1:99]]


# What one instance changes after the other, and the days that know anything then.
STEPS: list[tuple[dict[DayKey, Change], list[DaySchedule]]] = [
    (
        {MONDAY: lambda _: monday(EARLY, forwarded={"late": WEDNESDAY})},
        [monday(EARLY, forwarded={"late": WEDNESDAY})],
    ),
    ({MONDAY: adding(LATE)}, [monday(EARLY, LATE)]),
    ({MONDAY: rewritten, TUESDAY: adding(NEW)}, [monday(EARLY, LATE), tuesday(NEW)]),
    ({MONDAY: adding(CANCELLED)}, [monday(CANCELLED, LATE), tuesday(NEW)]),
    (
        {MONDAY: forwarding("late", TUESDAY), TUESDAY: adding(MOVED)},
        [monday(CANCELLED, forwarded={"late": TUESDAY}), tuesday(NEW, MOVED)],
    ),
    (
        {
            MONDAY: forwarding("late", WEDNESDAY),
            TUESDAY: removing("late", "new"),
            WEDNESDAY: adding(MOVED_ON),
        },
        [monday(CANCELLED, forwarded={"late": WEDNESDAY}), wednesday(MOVED_ON)],
    ),
    (
        {MONDAY: forwarding("late", THEIRS), WEDNESDAY: removing("late")},
        [monday(CANCELLED, forwarded={"late": THEIRS})],
    ),
    ({MONDAY: adding(LATE), TUESDAY: adding(NEW)}, [monday(CANCELLED, LATE), tuesday(NEW)]),
    ({MONDAY: removing("early", "late")}, [tuesday(NEW)]),
]


async def test_entries_come_and_go_and_earlier_instants_show_the_days_as_they_were_then(
    store: Store, rival: Store
) -> None:
    instants = []
    for number, (changes, expected) in enumerate(STEPS):
        await change((store, rival)[number % 2], changes)
        assert list((await view((rival, store)[number % 2])).values()) == expected
        instants.append(await instant_of(store))
    assert sorted(set(instants)) == instants
    for instant, (_, expected) in zip(instants, STEPS, strict=True):
        async with rival.snapshot(instant) as snapshot:
            days = (await snapshot.load([MONDAY, TUESDAY, WEDNESDAY], [])).days
            assert list((await week(snapshot)).values()) == expected
        assert [days[k].value for k in sorted(days) if days[k].value.entries()] == expected


async def test_a_view_and_that_of_its_instant_do_not_see_what_is_committed_later(
    store: Store, rival: Store
) -> None:
    await change(store, {MONDAY: adding(EARLY)})
    expected = {MONDAY: monday(EARLY)}
    async with store.snapshot() as snapshot:
        await snapshot.load([MONDAY], [])
        instant = await snapshot.instant()
        await change(rival, {MONDAY: adding(LATE), TUESDAY: adding(NEW)})
        assert (await snapshot.load([TUESDAY], [])).days[TUESDAY].version is None
        assert await week(snapshot) == expected
        assert await snapshot.instant() == instant
    async with rival.snapshot(instant) as snapshot:
        assert await week(snapshot) == expected
        assert await snapshot.instant() == instant
    assert instant.tzinfo == UTC


async def test_an_instant_that_is_yet_to_come_is_refused_as_expired(store: Store) -> None:
    await change(store, {MONDAY: adding(EARLY)})
    to_come = await instant_of(store) + timedelta(hours=1)
    async with store.snapshot(to_come) as snapshot:
        for _ in range(2):
            with pytest.raises(SnapshotExpired):
                await snapshot.load([MONDAY], [])
    with pytest.raises(SnapshotExpired):
        await view(store, to_come)


# Doctors, usage, and the end


async def test_doctors_are_kept_and_replaced_by_id(store: Store, rival: Store) -> None:
    who = doctor(
        doctor_id="who", hours=(("08:30", "12:00"), ("13:00", "24:00")), zone="Asia/Kathmandu"
    )
    await store.put_doctors([who, doctor(zone="Europe/Berlin")])
    await rival.put_doctors([doctor(days="sun")])
    assert await store.doctors() == [doctor(days="sun"), who]


async def test_what_is_read_or_written_is_counted(store: Store) -> None:
    usage = StoreUsage()
    await store.put_doctors([doctor()])
    with charged_to([usage]):
        await change(store, {MONDAY: adding(EARLY), TUESDAY: adding(NEW)})
        assert (usage.reads, usage.writes) == (2, 2)
        await store.commit([], [RecordWrite(OLD, None)])
        await load(store, MONDAY, record="old")
        assert (usage.reads, usage.writes) == (4, 3)
        await view(store)
        await store.doctors()
        assert (usage.reads, usage.writes) == (7, 3)


def logs_in(folder: Path) -> list[Path]:
    """The logs of a SQLite file that some connection still has open."""
    return list(folder.glob("*-wal"))


async def test_a_closed_store_is_unavailable_and_may_be_closed_again(
    store: Store, tmp_path: Path
) -> None:
    await change(store, {MONDAY: adding(EARLY)})
    await store.close()
    await store.close()
    with pytest.raises(StoreUnavailable):
        await load(store, MONDAY)
    with pytest.raises(StoreUnavailable):
        await store.commit([], [])
    with pytest.raises(StoreUnavailable):
        await store.doctors()
    with pytest.raises(StoreUnavailable):
        await store.put_doctors([doctor()])
    with pytest.raises(StoreUnavailable):
        await store.secret("name", "a")
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
