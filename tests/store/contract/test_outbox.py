"""What every store promises of the outbox: written with the change, found when due, conditional."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from shared.model.day import DaySchedule
from shared.model.event import Event, Previous
from shared.model.outbox import Delivery, OutboxRecord
from shared.store.port import DayWrite, Keys, OutboxWrite, Store, Stored, VersionConflict, Writes
from shared.store.usage import StoreUsage, charged_to
from tests.builders import appointment, at, key, schedule, span

NOW = at("2026-11-20T08:00:00.000001Z")
BOOKED = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "a")._replace(
    reason="Zoë's \N{PILE OF POO}", version=3, doctor_id="who"
)
TRIED = Delivery("waiting", 2, NOW - timedelta(minutes=1), NOW, 'answered "503"')


def event(name: str = "a", version: int = 1, *, personal: bool = True) -> Event:
    return Event("booked", name, version, NOW, BOOKED._replace(id=name), personal=personal)


def record(name: str = "a", version: int = 1, due_at: datetime | None = NOW) -> OutboxRecord:
    return OutboxRecord(event(name, version), due_at)


async def put(store: Store, *records: OutboxRecord) -> None:
    await store.commit(Writes(events=[OutboxWrite(each) for each in records]))


async def found(store: Store, *names: str) -> list[OutboxRecord]:
    return [each.value for each in await store.waiting_events(names)]


async def test_an_event_is_read_as_it_was_written(store: Store, rival: Store) -> None:
    previous = Previous(span("2026-11-22T09:00Z", "2026-11-22T09:30Z"), "strange")
    moved = replace(event(), type="moved", previous=previous, detail="x")
    tried = OutboxRecord(moved, NOW, NOW, "mine", {"mail": TRIED, "hook.ex": Delivery("delivered")})
    reminder = OutboxRecord(Event("reminder", "a", 2, NOW, detail="20261122T0900"), None)
    await put(store, tried, reminder)
    assert await found(rival, "a") == [tried, reminder]
    assert await found(rival, "b") == []
    assert await found(rival) == []


async def test_an_event_is_written_once_and_with_its_change_or_not_at_all(
    store: Store, rival: Store
) -> None:
    await put(rival, record())
    stale = DayWrite(Stored(DaySchedule(key("2026-11-23")), None), schedule("2026-11-23", BOOKED))
    with pytest.raises(VersionConflict):
        await store.commit(
            Writes([stale], events=[OutboxWrite(record(version=2)), OutboxWrite(record())])
        )
    assert await found(store, "a") == [record()]
    async with store.snapshot() as snapshot:
        state = await snapshot.load(Keys(days=[key("2026-11-23")]))
    assert state.days[key("2026-11-23")].version is None


async def test_a_change_that_is_not_committed_leaves_no_event(store: Store, rival: Store) -> None:
    day = Stored(DaySchedule(key("2026-11-23")), None)
    await rival.commit(Writes([DayWrite(day, schedule("2026-11-23", BOOKED))]))
    with pytest.raises(VersionConflict):
        await store.commit(
            Writes([DayWrite(day, schedule("2026-11-23"))], events=[OutboxWrite(record())])
        )
    assert await found(store, "a") == []


async def test_what_came_of_an_event_is_written_on_the_version_that_was_read(
    store: Store, rival: Store
) -> None:
    await put(store, record())
    ((first,),) = [await store.waiting_events(["a"])]
    tried = replace(first.value, due_at=None, claim="mine", deliveries={"mail": TRIED})
    versions = await store.commit(Writes(events=[OutboxWrite(tried, first.version)]))
    assert await found(rival, "a") == [tried]
    with pytest.raises(VersionConflict):
        await rival.commit(Writes(events=[OutboxWrite(first.value, first.version)]))
    with pytest.raises(VersionConflict):
        await rival.commit(Writes(events=[OutboxWrite(tried, first.version, done=True)]))
    # What is taken away is taken away, and the event itself stays as it is.
    emptied = replace(tried, due_at=NOW, claim="", deliveries={}, event=event("a", personal=False))
    versions = await store.commit(Writes(events=[OutboxWrite(emptied, versions[tried.id])]))
    assert await found(rival, "a") == [replace(record(), due_at=NOW)]
    await rival.commit(Writes(events=[OutboxWrite(emptied, versions[tried.id], done=True)]))
    assert await found(store, "a") == []


async def test_an_event_that_is_written_as_it_is_has_changed(store: Store, rival: Store) -> None:
    await put(store, record())
    ((first,),) = [await store.waiting_events(["a"])]
    versions = await store.commit(Writes(events=[OutboxWrite(first.value, first.version)]))
    assert await found(rival, "a") == [record()]
    with pytest.raises(VersionConflict):
        await rival.commit(Writes(events=[OutboxWrite(first.value, first.version, done=True)]))
    await rival.commit(
        Writes(events=[OutboxWrite(first.value, versions[first.value.id], done=True)])
    )


async def test_what_is_due_comes_in_order_page_by_page(store: Store) -> None:
    second = timedelta(seconds=1)
    await put(
        store,
        record("late", due_at=NOW + second),
        record("a", 2),
        record("never", due_at=None),
        record("a", 1),
        record("early", due_at=NOW - timedelta(microseconds=1)),
    )
    due = [each.value for each in await store.due_events(NOW, 10)]
    assert await store.waiting_events(["early"]) == await store.due_events(NOW, 1)
    assert [each.id for each in due] == ["early~00000001~0", "a~00000001~0", "a~00000002~0"]
    assert due[1] == record("a", 1)
    assert [each.value for each in await store.due_events(NOW, 2)] == due[:2]
    assert [each.value for each in await store.due_events(NOW, 10, due[1])] == due[2:]
    assert await store.due_events(NOW, 10, due[2]) == []
    assert [each.value.id for each in await store.due_events(NOW + second, 9, due[2])] == [
        "late~00000001~0"
    ]


async def test_what_was_set_aside_is_found_and_no_more_once_it_is_resent(store: Store) -> None:
    given_up = {"mail": Delivery("set_aside", 16, NOW)}
    aside = [replace(record(n, due_at=None), deliveries=given_up) for n in ("a", "b", "c")]
    await put(store, *aside, record("d"))
    assert [each.value for each in await store.set_aside_events(10)] == aside
    assert [each.value for each in await store.set_aside_events(1, aside[0].id)] == [aside[1]]
    first, *_ = await store.set_aside_events(1)
    again = replace(first.value, deliveries={}, due_at=NOW)
    await store.commit(Writes(events=[OutboxWrite(again, first.version)]))
    assert [each.value for each in await store.set_aside_events(10)] == aside[1:]


async def test_many_appointments_are_looked_for_together(store: Store) -> None:
    names = [f"n{number:03}" for number in range(65)]
    await put(store, *(record(name) for name in reversed(names)))
    assert [each.event.appointment_id for each in await found(store, *names)] == names


async def test_erasing_deletes_the_events_that_name_the_patient(store: Store) -> None:
    nameless = OutboxRecord(event("a", 3, personal=False), NOW)
    reminder = OutboxRecord(Event("reminder", "a", 2, NOW), None)
    aside = replace(record("a", 2), deliveries={"mail": Delivery("set_aside")})
    await put(store, record(), aside, nameless, reminder, record("b"))
    await store.erase_records(["a"])
    assert await found(store, "a", "b") == [reminder, nameless, record("b")]
    await store.erase_records(["a"])


async def test_looking_for_what_is_due_is_one_read_where_nothing_is(store: Store) -> None:
    usage = StoreUsage()
    with charged_to([usage]):
        assert await store.due_events(NOW, 200) == []
    assert (usage.reads, usage.writes) == (1, 0)
