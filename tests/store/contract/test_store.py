"""What every store promises: versions, all or nothing, one instant for a snapshot."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial, reduce
from pathlib import Path

import pytest
from msgspec.structs import replace

from shared.model.appointment import Appointment, Patient
from shared.model.day import DayKey, DaySchedule
from shared.model.elsewhere import ElsewhereKey, Pointer, Whereabouts
from shared.model.idempotency_record import IdempotencyRecord
from shared.model.interval import Interval
from shared.model.patient_key import PatientKey
from shared.store.port import (
    DayWrite,
    ElsewhereWrite,
    Keys,
    RecordWrite,
    Snapshot,
    SnapshotExpired,
    State,
    Store,
    Stored,
    StoreUnavailable,
    Version,
    VersionConflict,
    Versions,
    Writes,
)
from shared.store.usage import StoreUsage, charged_to
from tests.builders import appointment, at, doctor, key, schedule, span

Change = Callable[[DaySchedule], DaySchedule]
Week = dict[DayKey, DaySchedule]

MONDAY, TUESDAY, WEDNESDAY = key("2026-11-23"), key("2026-11-24"), key("2026-11-25")
monday, tuesday = partial(schedule, "2026-11-23"), partial(schedule, "2026-11-24")
wednesday = partial(schedule, "2026-11-25")
THEIRS = key("2026-11-24", "who")
ADAS = PatientKey("ada" + 37 * "0")
ON_TUESDAY, ON_WEDNESDAY, WITH_WHO = Pointer(TUESDAY), Pointer(WEDNESDAY), Pointer(THEIRS)
EARLY = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "early")
LATE = appointment("2026-11-23T16:00Z", "2026-11-23T17:00Z", "late")
CANCELLED = EARLY._replace(cancelled_at=at("2026-01-03T00:00Z"))
NEW = appointment("2026-11-24T09:00Z", "2026-11-24T09:30Z", "new")
MOVED = appointment("2026-11-24T16:00Z", "2026-11-24T17:00Z", "late")
MOVED_ON = appointment("2026-11-25T16:00Z", "2026-11-25T17:00Z", "late")
GIVEN_UP = MOVED_ON._replace(cancelled_at=at("2026-01-04T00:00Z"))
THREE_DAYS = span("2026-11-23T00:00Z", "2026-11-26T00:00Z")


def of(name: str, doctor_id: str = "strange") -> ElsewhereKey:
    return ElsewhereKey(doctor_id, name)


async def load(
    store: Store, *days: DayKey, record: str | None = None, elsewhere: Collection[ElsewhereKey] = ()
) -> State:
    async with store.snapshot() as snapshot:
        state = await snapshot.load(
            Keys(days=days, records=[] if record is None else [record], elsewhere=elsewhere)
        )
        busy = {day: stored.value.busy for day, stored in state.days.items()}
        assert await snapshot.busy_days(days) == busy
        return state


async def change(
    store: Store,
    changes: Mapping[DayKey, Change],
    elsewhere: Mapping[ElsewhereKey, Whereabouts | None] | None = None,
) -> Versions:
    """Change some days and whereabouts in one commit."""
    told = elsewhere or {}
    read = await load(store, *changes, elsewhere=told)
    days = [DayWrite(read.days[day], to(read.days[day].value)) for day, to in changes.items()]
    there = [ElsewhereWrite(name, to, read.elsewhere[name].version) for name, to in told.items()]
    return await store.commit(Writes(days, elsewhere=there))


def adding(*appointments: Appointment) -> Change:
    return lambda day: reduce(DaySchedule.with_appointment, appointments, day)


def removing(*names: str) -> Change:
    return lambda day: reduce(DaySchedule.without, names, day)


def rewritten(day: DaySchedule) -> DaySchedule:
    """The same day, but its first appointment is written again."""
    return day.with_appointment(day.appointments[0]._replace())


async def week(snapshot: Snapshot) -> Week:
    """The days of a view that know anything; whether others have a document is not looked at."""
    days = [day async for day in snapshot.scan("strange", MONDAY.day, WEDNESDAY.day)]
    return {day.key: day for day in days if day.entries}


async def ended(snapshot: Snapshot) -> list[Appointment]:
    """What holds no time any more, of those days."""
    return [a async for a in snapshot.scan_ended("strange", THREE_DAYS)]


async def view(store: Store, instant: datetime | None = None) -> Week:
    async with store.snapshot(instant) as snapshot:
        return await week(snapshot)


async def instant_of(store: Store) -> datetime:
    """The instant of a view of now."""
    async with store.snapshot() as snapshot:
        await snapshot.load(Keys(days=[MONDAY]))
        return await snapshot.instant()


def record_of(name: str, expires_at: str, appointment_id: str = "a") -> IdempotencyRecord:
    return IdempotencyRecord(name, "fingerprint", appointment_id, at(expires_at), "request")


async def test_without_a_document_a_day_is_empty_and_nothing_is_elsewhere(store: Store) -> None:
    assert await load(store, MONDAY, elsewhere=[of("early")]) == State(
        {MONDAY: Stored(DaySchedule(MONDAY), None)}, {}, {of("early"): Stored(None, None)}
    )


FULL = EARLY._replace(
    patient=Patient("Zoë \x00 \N{PILE OF POO}", "zoe@example.org", "+1 555 0100"),
    created_at=at("2026-01-01T00:00:00.000001+00:00"),
    updated_at=at("2026-01-02T00:00Z"),
    reason="a 'quoted' \"reason\"\n",
    cancelled_at=at("2026-01-03T00:00Z"),
    cancellation_reason="ill",
    told_start=datetime(2026, 11, 23, 4, 0),  # noqa: DTZ001 - on the doctor's clock
)


async def test_a_day_is_read_as_it_was_written(store: Store) -> None:
    await change(store, {MONDAY: adding(LATE, FULL)})
    assert (await load(store, MONDAY)).days[MONDAY].value.appointments == (FULL, LATE)


@pytest.mark.parametrize(
    "whereabouts",
    [FULL, WITH_WHO, Pointer(of("early", "who")), Pointer(THEIRS, ADAS)],
    ids=["ended", "on-a-day", "ended-with-who", "of-an-account"],
)
async def test_whereabouts_are_read_as_they_were_written_until_they_are_deleted(
    store: Store, rival: Store, whereabouts: Whereabouts
) -> None:
    for told in (whereabouts, ON_TUESDAY, whereabouts, None):
        await change(store, {}, {of("early"): told})
        read = (await load(rival, elsewhere=[of("early"), of("early", "who")])).elsewhere
        assert {name: found.value for name, found in read.items()} == {
            of("early"): told,
            of("early", "who"): None,
        }
        assert (read[of("early")].version is None) == (told is None)


async def test_a_commit_returns_the_versions_that_the_next_load_reads(store: Store) -> None:
    versions = []
    for changed in (adding(EARLY), adding(LATE), lambda day: day):
        returned = await change(store, {MONDAY: changed})
        assert returned == {MONDAY: (await load(store, MONDAY)).days[MONDAY].version}
        versions.append(returned[MONDAY])
    assert versions[0] != versions[1]


# Versions

Write = DayWrite | RecordWrite | ElsewhereWrite
Attempt = Callable[[State], Write]

OLD = record_of("old", "2099-01-01T00:00Z")
REPLACED = record_of("old", "2099-01-02T00:00Z", "other")
RIVAL = record_of("new", "2099-01-01T00:00Z", "other")


def checked(read: Stored[DaySchedule]) -> DayWrite:
    return DayWrite(read, read.value)


def third(name: str, replaced: Version | None) -> RecordWrite:
    return RecordWrite(record_of(name, "2099-01-03T00:00Z"), replaced)


def told(name: str, read: State, version_of: str) -> ElsewhereWrite:
    return ElsewhereWrite(of(name), WITH_WHO, read.elsewhere[of(version_of)].version)


ATTEMPTS: dict[str, Attempt] = {
    "day-has-changed": lambda read: DayWrite(read.days[MONDAY], monday()),
    "checked-day-has-changed": lambda read: checked(read.days[MONDAY]),
    "day-has-come-to-be": lambda read: DayWrite(read.days[TUESDAY], tuesday(MOVED)),
    "day-was-never-there": lambda read: checked(
        Stored(DaySchedule(THEIRS), read.days[MONDAY].version)
    ),
    "record-has-changed": lambda read: third("old", read.records["old"].version),
    "record-has-come-to-be": lambda _: third("new", None),
    "record-was-never-there": lambda read: third("never", read.records["old"].version),
    "whereabouts-have-changed": lambda read: told("early", read, "early"),
    "whereabouts-have-changed-before-they-are-deleted": lambda read: ElsewhereWrite(
        of("early"), None, read.elsewhere[of("early")].version
    ),
    "whereabouts-have-come-to-be": lambda read: told("new", read, "new"),
    "whereabouts-are-gone": lambda read: told("late", read, "late"),
    "whereabouts-were-never-there": lambda read: told("never", read, "early"),
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
async def test_a_commit_on_what_is_not_as_it_was_read_is_a_conflict_and_writes_nothing(
    store: Store, rival: Store, attempt: Attempt
) -> None:
    names = [of(name) for name in ("early", "late", "new", "never", "free")]
    await change(store, {MONDAY: adding(EARLY)}, {of("early"): ON_TUESDAY, of("late"): ON_TUESDAY})
    await store.commit(Writes(records=[RecordWrite(OLD, None)]))
    read = await load(store, MONDAY, TUESDAY, WEDNESDAY, record="old", elsewhere=names)
    replaced = RecordWrite(REPLACED, read.records["old"].version)
    there = {of("early"): CANCELLED, of("late"): None, of("new"): ON_WEDNESDAY}
    await change(rival, {MONDAY: adding(LATE), TUESDAY: adding(NEW)}, there)
    await rival.commit(Writes(records=[replaced, RecordWrite(RIVAL, None)]))
    writes: list[Write] = [
        DayWrite(read.days[WEDNESDAY], wednesday(MOVED_ON)),
        RecordWrite(record_of("free", "2099-01-01T00:00Z"), None),
        told("free", read, "free"),
        attempt(read),
    ]
    with pytest.raises(VersionConflict):
        await store.commit(
            Writes(
                [write for write in writes if isinstance(write, DayWrite)],
                [write for write in writes if isinstance(write, RecordWrite)],
                [write for write in writes if isinstance(write, ElsewhereWrite)],
            )
        )
    async with store.snapshot() as snapshot:
        after = await snapshot.load(
            Keys(days=[WEDNESDAY, THEIRS], records=["old", "new", "never", "free"], elsewhere=names)
        )
    assert [day.version for day in after.days.values()] == [None, None]
    kept = {name: record.value for name, record in after.records.items()}
    assert kept == {"old": REPLACED, "new": RIVAL}
    found = [after.elsewhere[name].value for name in names]
    assert found == [CANCELLED, None, ON_WEDNESDAY, None, None]
    assert list((await view(store)).values()) == [monday(EARLY, LATE), tuesday(NEW)]


async def test_of_many_rivals_on_one_version_one_commits(store: Store, rival: Store) -> None:
    write = DayWrite(Stored(DaySchedule(MONDAY), None), schedule("2026-11-23", EARLY))
    tries = [instance.commit(Writes([write])) for instance in (store, rival) * 10]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert Counter(type(result) for result in results) == {dict: 1, VersionConflict: 19}


async def test_of_many_rivals_on_one_version_of_whereabouts_one_commits(
    store: Store, rival: Store
) -> None:
    for number in range(3):  # There are none, there are some, and they are deleted.
        read = (await load(store, elsewhere=[of("early")])).elsewhere[of("early")]
        write = ElsewhereWrite(of("early"), (ON_TUESDAY, CANCELLED, None)[number], read.version)
        # The first commits hold the others up, so that a store that can writes those together.
        first = [instance.commit(Writes()) for instance in (store, rival)]
        tries = [instance.commit(Writes(elsewhere=[write])) for instance in (store, rival) * 10]
        results = await asyncio.gather(*first, *tries, return_exceptions=True)
        assert Counter(type(result) for result in results) == {dict: 3, VersionConflict: 19}


# Views


async def test_a_scan_yields_the_existing_days_of_one_doctor_in_order(store: Store) -> None:
    days = [date(2026, 1, 1) + timedelta(days=3 * n) for n in range(100)]
    keys = [DayKey("strange", day) for day in days]
    keys += [DayKey(other, day + timedelta(days=1)) for day in days for other in ("a", "strange2")]
    await store.commit(
        Writes([DayWrite(Stored(DaySchedule(k), None), DaySchedule(k)) for k in reversed(keys)])
    )
    async with store.snapshot() as snapshot:
        found = snapshot.scan("strange", date(2026, 1, 4), date(2026, 10, 22))
        scanned = [day.key async for day in found]
    assert scanned == [DayKey("strange", day) for day in days[1:99]]


async def test_what_has_ended_with_a_doctor_is_scanned_by_start_then_id_and_touches_no_day(
    store: Store,
) -> None:
    await change(store, {MONDAY: adding(EARLY)})
    before = (await load(store, MONDAY)).days
    start = at("2026-11-23T09:00Z")
    # Four of each start, so that chunks end among them.
    cancelled = [
        EARLY._replace(
            id=f"a{number % 4}.{number}",
            interval=Interval(start + timedelta(minutes=number // 4), start + timedelta(days=2)),
            cancelled_at=at("2026-01-03T00:00Z"),
        )
        for number in range(120)
    ]
    there: list[tuple[ElsewhereKey, Whereabouts]] = [(of(a.id), a) for a in reversed(cancelled)]
    there += [(of("theirs", other), cancelled[50]) for other in ("strang", "strange2")]
    there += [(of("moved"), ON_TUESDAY), (of("moved-on"), Pointer(of("moved-on", "who")))]
    await store.commit(Writes(elsewhere=[ElsewhereWrite(name, to, None) for name, to in there]))
    starts = span("2026-11-23T09:05Z", "2026-11-23T09:25Z")
    async with store.snapshot() as snapshot:
        for at_once in (1, 3, 20, 200):
            found = snapshot.scan_ended("strange", starts, at_once)
            assert [a.id async for a in found] == [
                f"a{number % 4}.{number}" for number in range(20, 100)
            ]
    assert (await load(store, MONDAY)).days == before


# What one instance changes after the other: days, and whereabouts of what was born on them. Then
# the days that know anything, and what has ended.
STEPS: list[
    tuple[
        dict[DayKey, Change],
        dict[ElsewhereKey, Whereabouts | None],
        list[DaySchedule],
        list[Appointment],
    ]
] = [
    ({MONDAY: adding(EARLY)}, {}, [monday(EARLY)], []),
    ({MONDAY: adding(LATE)}, {}, [monday(EARLY, LATE)], []),
    ({MONDAY: rewritten, TUESDAY: adding(NEW)}, {}, [monday(EARLY, LATE), tuesday(NEW)], []),
    (
        {MONDAY: removing("early")},
        {of("early"): CANCELLED},
        [monday(LATE), tuesday(NEW)],
        [CANCELLED],
    ),
    (
        {MONDAY: removing("late"), TUESDAY: adding(MOVED)},
        {of("late"): ON_TUESDAY},
        [tuesday(NEW, MOVED)],
        [CANCELLED],
    ),
    (
        {TUESDAY: removing("late", "new"), WEDNESDAY: adding(MOVED_ON)},
        {of("late"): ON_WEDNESDAY},
        [wednesday(MOVED_ON)],
        [CANCELLED],
    ),
    ({WEDNESDAY: removing("late")}, {of("late"): GIVEN_UP}, [], [CANCELLED, GIVEN_UP]),
    (
        {MONDAY: adding(LATE), TUESDAY: adding(NEW)},
        {of("late"): None, of("early"): FULL},
        [monday(LATE), tuesday(NEW)],
        [FULL],
    ),
    ({MONDAY: removing("late")}, {of("early"): None}, [tuesday(NEW)], []),
]


async def test_entries_come_and_go_and_earlier_instants_show_all_as_it_was_then(
    store: Store, rival: Store
) -> None:
    instants = []
    for number, (changes, there, expected, gone) in enumerate(STEPS):
        await change((store, rival)[number % 2], changes, there)
        async with (rival, store)[number % 2].snapshot() as snapshot:
            assert list((await week(snapshot)).values()) == expected
            assert await ended(snapshot) == gone
            instants.append(await snapshot.instant())
    assert sorted(set(instants)) == instants
    for instant, (_, _, expected, gone) in zip(instants, STEPS, strict=True):
        async with rival.snapshot(instant) as snapshot:
            days = (await snapshot.load(Keys(days=[MONDAY, TUESDAY, WEDNESDAY]))).days
            assert list((await week(snapshot)).values()) == expected
            assert await ended(snapshot) == gone
        assert [days[k].value for k in sorted(days) if days[k].value.entries] == expected


async def test_a_view_and_that_of_its_instant_do_not_see_what_is_committed_later(
    store: Store, rival: Store
) -> None:
    await change(store, {MONDAY: adding(EARLY)})
    expected = {MONDAY: monday(EARLY)}
    async with store.snapshot() as snapshot:
        await snapshot.load(Keys(days=[MONDAY]))
        instant = await snapshot.instant()
        changes = {MONDAY: removing("early"), TUESDAY: adding(NEW)}
        await change(rival, changes, {of("early"): CANCELLED})
        later = await snapshot.load(Keys(days=[TUESDAY], elsewhere=[of("early")]))
        assert later.days[TUESDAY].version is None
        assert later.elsewhere[of("early")] == Stored(None, None)
        assert (await week(snapshot), await ended(snapshot)) == (expected, [])
        assert await snapshot.instant() == instant
    async with rival.snapshot(instant) as snapshot:
        assert (await week(snapshot), await ended(snapshot)) == (expected, [])
        assert await snapshot.instant() == instant
    assert instant.tzinfo == UTC


async def test_a_view_may_be_read_in_several_ways_at_once(store: Store) -> None:
    await change(store, {MONDAY: adding(EARLY), TUESDAY: adding(NEW)})
    expected = {MONDAY: monday(EARLY), TUESDAY: schedule("2026-11-24", NEW)}
    for instant in (None, await instant_of(store)):
        async with store.snapshot(instant) as snapshot:
            reads = [week(snapshot), ended(snapshot), load_week(snapshot)] * 4
            found = await asyncio.gather(*reads)
        assert found == [expected, [], expected] * 4


async def load_week(snapshot: Snapshot) -> Week:
    days = (await snapshot.load(Keys(days=[MONDAY, TUESDAY]))).days
    return {key: day.value for key, day in days.items()}


async def test_an_instant_that_is_yet_to_come_is_refused_as_expired(store: Store) -> None:
    await change(store, {MONDAY: adding(EARLY)})
    to_come = await instant_of(store) + timedelta(hours=1)
    async with store.snapshot(to_come) as snapshot:
        for _ in range(2):
            with pytest.raises(SnapshotExpired):
                await snapshot.load(Keys(days=[MONDAY]))
    with pytest.raises(SnapshotExpired):
        await view(store, to_come)
    async with store.snapshot(to_come) as snapshot:
        with pytest.raises(SnapshotExpired):
            await ended(snapshot)


# Doctors, usage, and the end


async def test_doctors_are_kept_and_replaced_by_id(store: Store, rival: Store) -> None:
    who = doctor(
        doctor_id="who", hours=(("08:30", "12:00"), ("13:00", "24:00")), zone="Asia/Kathmandu"
    )
    await store.put_doctors([who, doctor(zone="Europe/Berlin")])
    await rival.put_doctors([doctor(days="sun")])
    kept = replace(doctor(days="sun"), day_shift=timedelta(hours=1))
    assert await store.list_doctors(10) == [kept, who]


async def test_a_doctor_keeps_the_first_day_shift_whatever_becomes_of_the_zone(
    store: Store, rival: Store
) -> None:
    first = doctor(zone="Asia/Kathmandu")
    await store.put_doctors([first])
    for zone in ("America/New_York", "UTC"):
        await rival.put_doctors([doctor(zone=zone), doctor(doctor_id=zone[:2], zone=zone)])
    found = await store.list_doctors(10)
    assert {d.id: (d.zone.key, d.day_shift // timedelta(minutes=1)) for d in found} == {
        "Am": ("America/New_York", -300),
        "UT": ("UTC", 0),
        "strange": ("UTC", 345),
    }


async def test_of_those_who_add_a_doctor_at_once_all_find_the_day_shift_of_one(
    store: Store, rival: Store
) -> None:
    zones = ("Asia/Kathmandu", "Europe/Berlin", "America/New_York", "UTC")
    added = [
        instance.put_doctors([doctor(zone=zone)])
        for instance, zone in zip((store, rival) * 2, zones, strict=True)
    ]
    results = await asyncio.gather(*added, return_exceptions=True)
    assert {type(result) for result in results} <= {type(None), VersionConflict}
    (found,) = await store.list_doctors(10)
    shifts = {doctor(zone=zone).day_shift for zone in zones}
    assert found.day_shift in shifts
    await rival.put_doctors([doctor(days="sun")])
    assert await store.list_doctors(10) == [replace(doctor(days="sun"), day_shift=found.day_shift)]


async def test_what_is_read_or_written_is_counted(store: Store) -> None:
    usage = StoreUsage()
    await store.put_doctors([doctor()])
    with charged_to([usage]):
        await change(store, {MONDAY: adding(EARLY), TUESDAY: adding(NEW)})
        # `load` reads the busy times beside each day.
        assert (usage.reads, usage.writes) == (4, 2)
        await store.commit(Writes(records=[RecordWrite(OLD, None)]))
        await load(store, MONDAY, record="old")
        assert (usage.reads, usage.writes) == (7, 3)
        await view(store)
        await store.list_doctors(10)
        assert (usage.reads, usage.writes) == (10, 3)


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
        await store.commit(Writes())
    with pytest.raises(StoreUnavailable):
        await store.doctors(["strange"])
    with pytest.raises(StoreUnavailable):
        await store.list_doctors(10)
    with pytest.raises(StoreUnavailable):
        await store.clinic()
    with pytest.raises(StoreUnavailable):
        await store.put_clinic({})
    with pytest.raises(StoreUnavailable):
        await store.put_doctors([doctor()])
    with pytest.raises(StoreUnavailable):
        await store.secret("name", "a")
    assert not logs_in(tmp_path)


async def test_a_snapshot_that_outlives_the_store_is_unavailable_or_still_right(
    store: Store, tmp_path: Path
) -> None:
    async with store.snapshot() as snapshot:
        await snapshot.load(Keys(days=[MONDAY]))
        await store.close()
        with suppress(StoreUnavailable):
            assert (await snapshot.load(Keys(days=[MONDAY]))).days[MONDAY].value == DaySchedule(
                MONDAY
            )
    assert not logs_in(tmp_path)
