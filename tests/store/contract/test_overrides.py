"""What every store promises of overrides: beside days, and in the same commit as these."""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.structs import replace

from shared.model.day import DayKey, DaySchedule
from shared.model.interval import Interval
from shared.model.override import Override, OverrideKey
from shared.store.port import (
    DayWrite,
    Keys,
    OverrideWrite,
    State,
    Store,
    Stored,
    Version,
    VersionConflict,
    Writes,
)
from shared.store.usage import StoreUsage, charged_to
from tests.builders import appointment, at, doctor, key, schedule, span

MONDAY, TUESDAY = key("2026-11-23"), key("2026-11-24")
EARLY = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "early")
CREATED = at("2026-01-01T00:00:00.000001+00:00")
HOLIDAY = Override(
    id="strange.override.1",
    doctor_id="strange",
    kind="time_off",
    interval=span("2026-11-23T12:00Z", "2026-11-24T12:00Z"),
    created_at=CREATED,
    note="Zoë's wedding\n\N{PILE OF POO}",
)
EVENING = Override(
    id="strange.override.2",
    doctor_id="strange",
    kind="extra_hours",
    interval=span("2026-11-23T18:00Z", "2026-11-23T20:00Z"),
    created_at=CREATED,
)
DELETED = replace(HOLIDAY, deleted_at=at("2026-02-01T00:00Z"), note=None)


async def load(
    store: Store, days: Collection[DayKey] = (), overrides: Collection[OverrideKey] = ()
) -> State:
    async with store.snapshot() as snapshot:
        return await snapshot.load(Keys(days=days, overrides=overrides))


async def put(store: Store, *overrides: Override) -> None:
    """Write overrides, whatever is there, and no days."""
    read = (await load(store, overrides=[each.key for each in overrides])).overrides
    writes = [OverrideWrite(each, read[each.key].version) for each in overrides]
    await store.commit(Writes(overrides=writes))


async def found(store: Store, *overrides: Override) -> list[Override | None]:
    read = (await load(store, overrides=[each.key for each in overrides])).overrides
    return [read[each.key].value for each in overrides]


async def test_overrides_are_read_as_they_were_written(store: Store, rival: Store) -> None:
    theirs = replace(HOLIDAY, doctor_id="who")
    nothing: Stored[Override | None] = Stored(None, None)
    assert (await load(store, overrides=[HOLIDAY.key])).overrides == {HOLIDAY.key: nothing}
    await put(store, HOLIDAY, EVENING)
    assert await found(rival, HOLIDAY, EVENING, theirs) == [HOLIDAY, EVENING, None]
    await put(rival, DELETED)
    assert await found(store, HOLIDAY, EVENING) == [DELETED, EVENING]
    moved = replace(DELETED, interval=EVENING.interval, kind="extra_hours", deleted_at=None)
    await put(rival, moved)
    assert await found(store, HOLIDAY) == [moved]


async def test_an_override_is_written_only_on_the_version_that_was_read(
    store: Store, rival: Store
) -> None:
    await put(store, HOLIDAY)
    stored = (await load(store, overrides=[HOLIDAY.key])).overrides[HOLIDAY.key]
    write = OverrideWrite(DELETED, stored.version)
    await rival.commit(Writes(overrides=[write]))
    for stale in (write, OverrideWrite(HOLIDAY, None)):
        with pytest.raises(VersionConflict):
            await store.commit(Writes(overrides=[stale]))
    absent = OverrideWrite(EVENING, stored.version)
    with pytest.raises(VersionConflict):
        await store.commit(Writes(overrides=[absent]))
    assert await found(rival, HOLIDAY, EVENING) == [DELETED, None]


async def forget(store: Store, override: Override, version: Version | None) -> None:
    await store.commit(Writes(overrides=[OverrideWrite(override, version, forgotten=True)]))


async def test_what_is_forgotten_is_gone_but_for_its_entries_in_days(
    store: Store, rival: Store
) -> None:
    day = schedule("2026-11-23", EARLY).with_override(HOLIDAY.entry)
    new = DayWrite(Stored(DaySchedule(MONDAY), None), day)
    await store.commit(Writes([new], overrides=[OverrideWrite(HOLIDAY, None)]))
    await put(store, EVENING)
    read = (await load(store, [MONDAY], [HOLIDAY.key])).overrides[HOLIDAY.key]
    await forget(store, HOLIDAY, read.version)
    after = await load(rival, [MONDAY], [HOLIDAY.key, EVENING.key])
    assert after.overrides[HOLIDAY.key] == Stored(None, None)
    assert after.overrides[EVENING.key].value == EVENING
    assert after.days[MONDAY].value == day
    async with rival.snapshot() as snapshot:
        starts = span("2026-11-23T00:00Z", "2026-11-24T00:00Z")
        assert [each async for each in snapshot.scan_overrides("strange", starts)] == [EVENING]
    await put(rival, HOLIDAY)
    assert await found(store, HOLIDAY) == [HOLIDAY]


async def test_an_override_is_forgotten_only_in_the_version_that_was_read(
    store: Store, rival: Store
) -> None:
    await put(store, HOLIDAY)
    read = (await load(store, overrides=[HOLIDAY.key])).overrides[HOLIDAY.key]
    await put(rival, DELETED)
    with pytest.raises(VersionConflict):
        await forget(store, DELETED, read.version)
    assert await found(store, HOLIDAY) == [DELETED]
    read = (await load(store, overrides=[HOLIDAY.key])).overrides[HOLIDAY.key]
    await forget(rival, DELETED, read.version)
    with pytest.raises(VersionConflict):
        await forget(store, DELETED, read.version)


async def test_a_day_holds_overrides_beside_appointments_until_they_are_taken_away(
    store: Store, rival: Store
) -> None:
    day = schedule("2026-11-23", EARLY).with_override(EVENING.entry).with_override(HOLIDAY.entry)
    await store.commit(Writes([DayWrite(Stored(DaySchedule(MONDAY), None), day)]))
    read = (await load(rival, [MONDAY])).days[MONDAY]
    assert read.value.overrides == (HOLIDAY.entry, EVENING.entry)
    assert read.value.appointments == (EARLY,)
    async with rival.snapshot() as snapshot:
        assert [d async for d in snapshot.scan("strange", MONDAY.day, MONDAY.day)] == [day]
        instant = await snapshot.instant()
    longer = replace(HOLIDAY.entry, interval=span("2026-11-23T11:00Z", "2026-11-24T12:00Z"))
    changed = read.value.with_override(longer).without_override(EVENING.id).without("early")
    await rival.commit(Writes([DayWrite(read, changed)]))
    after = (await load(store, [MONDAY])).days[MONDAY].value
    assert (after.appointments, after.overrides) == ((), (longer,))
    async with store.snapshot(instant) as snapshot:  # As it was then.
        assert (await snapshot.load(Keys(days=[MONDAY]))).days[MONDAY].value == day
        assert [d async for d in snapshot.scan("strange", MONDAY.day, MONDAY.day)] == [day]


def numbered(count: int) -> list[DayKey]:
    first = date(2027, 1, 1)
    return [DayKey("strange", first + timedelta(days=number)) for number in range(count)]


YEAR = numbered(368)
YEAR_OFF = replace(
    HOLIDAY,
    interval=Interval(datetime(2027, 1, 1, 4, tzinfo=UTC), datetime(2028, 1, 3, 4, tzinfo=UTC)),
)


def blocking(days: Mapping[DayKey, Stored[DaySchedule]]) -> list[DayWrite]:
    return [DayWrite(read, read.value.with_override(YEAR_OFF.entry)) for read in days.values()]


async def test_an_override_of_a_year_is_in_one_commit_with_all_its_days_or_with_none(
    store: Store, rival: Store
) -> None:
    state = await load(store, YEAR, [YEAR_OFF.key])
    write = OverrideWrite(YEAR_OFF, state.overrides[YEAR_OFF.key].version)
    booked = appointment("2027-07-01T09:00Z", "2027-07-01T09:30Z", "booked")
    changed = state.days[key("2027-07-01")]
    await rival.commit(Writes([DayWrite(changed, changed.value.with_appointment(booked))]))
    with pytest.raises(VersionConflict):
        await store.commit(Writes(blocking(state.days), overrides=[write]))
    async with store.snapshot() as snapshot:
        days = [d async for d in snapshot.scan("strange", date(2027, 1, 1), date(2028, 1, 3))]
        assert days == [schedule("2027-07-01", booked)]
        assert (await snapshot.load(Keys(overrides=[YEAR_OFF.key]))).overrides == {
            YEAR_OFF.key: Stored(None, None)
        }
    again = (await load(store, [key("2027-07-01")])).days
    versions = await store.commit(Writes(blocking({**state.days, **again}), overrides=[write]))
    assert versions.keys() == set(YEAR)
    async with rival.snapshot() as snapshot:
        days = [d async for d in snapshot.scan("strange", date(2027, 1, 1), date(2028, 1, 3))]
        assert [day.key for day in days] == YEAR
        assert {day.overrides for day in days} == {(YEAR_OFF.entry,)}
        assert [day.appointments for day in days if day.appointments] == [(booked,)]
        assert await snapshot.versions(YEAR) == versions
    assert await found(rival, YEAR_OFF) == [YEAR_OFF]


async def test_versions_of_days_are_those_that_a_load_returns(store: Store) -> None:
    await store.commit(
        Writes([DayWrite(Stored(DaySchedule(MONDAY), None), schedule("2026-11-23", EARLY))])
    )
    usage = StoreUsage()
    async with store.snapshot() as snapshot:
        with charged_to([usage]):
            versions = await snapshot.versions([MONDAY, TUESDAY])
        state = await snapshot.load(Keys(days=[MONDAY, TUESDAY]))
    expected: dict[DayKey, Version | None] = {k: d.version for k, d in state.days.items()}
    assert versions == expected
    assert (versions[MONDAY] is None, versions[TUESDAY]) == (False, None)
    assert usage.reads == 2
    first = state.days[MONDAY]
    await store.commit(Writes([DayWrite(first, first.value.without("early"))]))
    async with store.snapshot() as snapshot:
        assert (await snapshot.versions([MONDAY]))[MONDAY] != first.version
        assert await snapshot.versions([]) == {}


async def test_a_view_keeps_its_overrides_and_versions_while_others_write(
    store: Store, rival: Store
) -> None:
    await put(store, HOLIDAY)
    async with store.snapshot() as snapshot:
        read = await snapshot.load(Keys(days=[MONDAY], overrides=[HOLIDAY.key]))
        await put(rival, DELETED, EVENING)
        later = await snapshot.load(Keys(overrides=[HOLIDAY.key, EVENING.key]))
        assert later.overrides[HOLIDAY.key] == read.overrides[HOLIDAY.key]
        assert later.overrides[EVENING.key] == Stored(None, None)
        starts = span("2026-11-23T00:00Z", "2026-11-24T00:00Z")
        assert [each async for each in snapshot.scan_overrides("strange", starts)] == [HOLIDAY]


async def test_a_doctor_s_overrides_come_in_order_of_start_then_id_however_many(
    store: Store,
) -> None:
    minute, first = timedelta(minutes=1), at("2026-11-23T09:00Z")
    starts = [first + minute * (number // 4) for number in range(200)]
    there = [
        replace(
            HOLIDAY,
            id=f"strange.override.{3 - number % 4}x{number}",
            interval=Interval(start, start + 100 * minute),
            deleted_at=CREATED if number % 5 == 0 else None,
        )
        for number, start in enumerate(starts)
    ]
    others = [replace(each, doctor_id=name) for each in there[:8] for name in ("strang", "who")]
    await store.put_doctors([doctor()])
    await store.commit(Writes(overrides=[OverrideWrite(each, None) for each in there + others]))
    bounds = span("2026-11-23T09:05Z", "2026-11-23T09:25Z")
    expected = sorted(there[20:100], key=lambda each: (each.interval.start, each.id))
    async with store.snapshot() as snapshot:
        for at_once in (1, 3, 20, 200):
            got = [each async for each in snapshot.scan_overrides("strange", bounds, at_once)]
            assert got == expected
    assert [each.id for each in expected[:5]] == [
        "strange.override.0x23",
        "strange.override.1x22",
        "strange.override.2x21",
        "strange.override.3x20",
        "strange.override.0x27",
    ]


async def test_overrides_count_as_documents_that_are_read_and_written(store: Store) -> None:
    usage = StoreUsage()
    with charged_to([usage]):
        await store.commit(Writes(overrides=[OverrideWrite(HOLIDAY, None)]))
        assert (usage.reads, usage.writes) == (0, 1)
        await load(store, overrides=[HOLIDAY.key, EVENING.key])
        assert (usage.reads, usage.writes) == (2, 1)
        async with store.snapshot() as snapshot:
            starts = span("2026-11-23T00:00Z", "2026-11-24T00:00Z")
            assert len([each async for each in snapshot.scan_overrides("strange", starts)]) == 1
        assert (usage.reads, usage.writes) == (3, 1)


async def test_an_erasure_leaves_overrides_and_versions_alone(store: Store) -> None:
    day = schedule("2026-11-23", EARLY).with_override(HOLIDAY.entry)
    new = DayWrite(Stored(DaySchedule(MONDAY), None), day)
    await store.commit(Writes([new], overrides=[OverrideWrite(HOLIDAY, None)]))
    before = await load(store, [MONDAY], [HOLIDAY.key])
    await store.erase_records(["early"])
    await store.end_views()
    assert await load(store, [MONDAY], [HOLIDAY.key]) == before
    assert before.days[MONDAY].value == day
