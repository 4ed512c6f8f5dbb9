"""What every store promises of holds: in the days that they touch, and in records of keys."""

from collections.abc import Callable
from datetime import timedelta

from msgspec.structs import replace

from shared.model.day import DaySchedule
from shared.model.hold import Hold
from shared.model.idempotency_record import IdempotencyRecord
from shared.store.port import DayWrite, Keys, RecordWrite, Store, Stored, Writes
from tests.builders import appointment, at, key, off, schedule, span

MONDAY = key("2026-11-23")
EARLY = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "early")
AWAY = off("2026-11-23T12:00Z", "2026-11-24T12:00Z")
HOLD = Hold(
    id="strange.20261123.hold.a",
    doctor_id="strange",
    interval=span("2026-11-23T10:00Z", "2026-11-23T10:30Z"),
    ends_at=at("2026-11-20T12:05Z"),
    holder="ada",
)
OF_SERVICE = replace(
    HOLD,
    id="strange.20261123.hold.b",
    interval=span("2026-11-23T07:00Z", "2026-11-23T08:00Z"),
    before=timedelta(minutes=5),
    after=timedelta(hours=1),
)

Change = Callable[[DaySchedule], DaySchedule]


async def load(store: Store) -> Stored[DaySchedule]:
    async with store.snapshot() as snapshot:
        read = (await snapshot.load(Keys(days=[MONDAY]))).days[MONDAY]
        assert await snapshot.busy_days([MONDAY]) == {MONDAY: read.value.busy}
        return read


async def change(store: Store, to: Change) -> None:
    read = await load(store)
    await store.commit(Writes([DayWrite(read, to(read.value))]))


async def scanned(store: Store) -> list[DaySchedule]:
    async with store.snapshot() as snapshot:
        return [day async for day in snapshot.scan("strange", MONDAY.day, MONDAY.day)]


EVERYTHING = schedule("2026-11-23", EARLY).with_override(AWAY).with_hold(HOLD).with_hold(OF_SERVICE)


async def test_a_day_holds_holds_beside_appointments_and_overrides_until_they_are_given_up(
    store: Store, rival: Store
) -> None:
    await change(store, lambda _: EVERYTHING)
    assert (await load(rival)).value == EVERYTHING
    assert (await load(rival)).value.holds == (OF_SERVICE, HOLD)
    assert await scanned(rival) == [EVERYTHING]
    await change(rival, lambda day: day.without_hold(HOLD.id))
    rest = schedule("2026-11-23", EARLY).with_override(AWAY).with_hold(OF_SERVICE)
    assert (await load(store)).value == rest
    await change(store, lambda day: day.without_hold(OF_SERVICE.id).without("early"))
    empty = schedule("2026-11-23").with_override(AWAY)
    assert (await load(rival)).value == empty
    assert await scanned(rival) == [empty]


async def test_what_is_freed_or_needs_buffers_is_as_busy_to_a_search_as_it_is(store: Store) -> None:
    half = EARLY._replace(id="half", freed_from=at("2026-11-23T09:10:00.5Z"))
    whole = EARLY._replace(id="whole", freed_from=EARLY.interval.start)
    first, last = timedelta(minutes=10), timedelta(minutes=20)
    noon, two = (
        span("2026-11-23T12:00Z", "2026-11-23T12:30Z"),
        span("2026-11-23T14:00Z", "2026-11-23T14:30Z"),
    )
    buffered = EARLY._replace(id="buffered", interval=noon, before=first, after=last)
    both = EARLY._replace(id="both", interval=two, freed_from=at("2026-11-23T14:10Z"), after=last)
    each = [half, whole, buffered, both]
    await change(store, lambda _: schedule("2026-11-23", *each))
    busy = (await load(store)).value.busy
    held = span("2026-11-23T09:00:00Z", "2026-11-23T09:10:00.5Z")
    assert busy.times == (held,)
    assert {(each.held, each.before, each.after) for each in busy.others} == {
        (noon, first, last),
        (span("2026-11-23T14:00Z", "2026-11-23T14:10Z"), timedelta(0), last),
    }


async def test_earlier_instants_show_holds_as_they_were_then(store: Store, rival: Store) -> None:
    await change(store, lambda day: day.with_hold(HOLD))
    async with store.snapshot() as snapshot:
        await snapshot.load(Keys(days=[MONDAY]))
        instant = await snapshot.instant()
    booked = appointment("2026-11-23T10:00Z", "2026-11-23T10:30Z", "booked")
    await change(rival, lambda day: day.without_hold(HOLD.id).with_appointment(booked))
    held = schedule("2026-11-23").with_hold(HOLD)
    async with rival.snapshot(instant) as snapshot:
        assert (await snapshot.load(Keys(days=[MONDAY]))).days[MONDAY].value == held
        assert [d async for d in snapshot.scan("strange", MONDAY.day, MONDAY.day)] == [held]
    assert (await load(store)).value == schedule("2026-11-23", booked)


# Records

RECORD = IdempotencyRecord(
    key="key",
    fingerprint="print",
    appointment_id=OF_SERVICE.id,
    expires_at=at("2099-01-01T00:00Z"),
    request_id="request",
    hold=OF_SERVICE,
)
OTHER = replace(RECORD, key="other", appointment_id="early", hold=None)


async def load_records(store: Store) -> dict[str, Stored[IdempotencyRecord]]:
    async with store.snapshot() as snapshot:
        return (await snapshot.load(Keys(records=["key", "other", "none"]))).records


async def records(store: Store) -> list[IdempotencyRecord]:
    return [stored.value for _, stored in sorted((await load_records(store)).items())]


async def test_a_record_keeps_its_hold_whole_with_the_doctor_until_it_is_replaced(
    store: Store, rival: Store
) -> None:
    read = await load(store)
    held = DayWrite(read, read.value.with_hold(OF_SERVICE))
    await store.commit(Writes([held], [RecordWrite(RECORD, None), RecordWrite(OTHER, None)]))
    assert await records(rival) == [RECORD, OTHER]
    assert (await load(rival)).value.holds == (OF_SERVICE,)
    later = at("2099-01-02T00:00Z")
    plain = replace(RECORD, appointment_id="early", hold=None, expires_at=later)
    of_hold = replace(OTHER, hold=replace(HOLD, doctor_id="who"), expires_at=later)
    stored = await load_records(rival)
    writes = [RecordWrite(each, stored[each.key].version) for each in (plain, of_hold)]
    await rival.commit(Writes(records=writes))
    assert await records(store) == [plain, of_hold]


async def test_an_erased_record_keeps_its_hold_which_names_nobody(store: Store) -> None:
    await store.commit(Writes(records=[RecordWrite(RECORD, None), RecordWrite(OTHER, None)]))
    for _ in range(2):
        await store.erase_records([OF_SERVICE.id])
        assert await records(store) == [replace(RECORD, fingerprint="erased"), OTHER]
