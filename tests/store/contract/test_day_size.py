"""A day is as large as what stands in the way on it, however much has come and gone."""

import asyncio
from random import Random
from uuid import uuid4

from shared.model.day import DaySchedule
from shared.rules.outcomes import Accepted
from shared.store.firestore.documents import day_name, write_day
from shared.store.port import DayWrite, Store, Stored
from shared.transactions.command import Command
from shared.transactions.coordinator import Coordinator
from tests.builders import key
from tests.commands import cancel, command, move
from tests.firestore_emulator import emulated_store
from tests.simulated_store import Port, SimulatedStore

MONDAY = key("2026-11-23")
SLOTS = [f"{9 + number // 2:02}:{number % 2 * 30:02}" for number in range(16)]


def coordinator_of(store: Store) -> Coordinator:
    return Coordinator(store, 30, Random(1))  # noqa: S311 - jitter


async def all_accepted(transactions: Coordinator, commands: list[Command]) -> None:
    outcomes = await asyncio.gather(*(transactions.run(command) for command in commands))
    assert {type(outcome) for outcome in outcomes} == {Accepted}


async def fill_and_empty(transactions: Coordinator, bookings: int) -> None:
    """Book every slot of Monday and cancel it, again and again; move every third in between."""
    for first in range(0, bookings, len(SLOTS)):
        names = [f"strange.20261123.{first + number}" for number in range(len(SLOTS))]
        booked = [command(f"2026-11-23T{slot}Z", n) for slot, n in zip(SLOTS, names, strict=True)]
        await all_accepted(transactions, booked)
        moved = zip(SLOTS[::3], names[::3], strict=True)
        to_tuesday = [move("2026-11-23", f"2026-11-24T{slot}Z", name) for slot, name in moved]
        await all_accepted(transactions, to_tuesday)
        await all_accepted(transactions, [cancel("2026-11-23", name) for name in names])


async def test_a_day_is_small_after_five_thousand_bookings_and_cancellations() -> None:
    store = SimulatedStore()
    transactions = coordinator_of(Port(store))
    await fill_and_empty(transactions, bookings=5_008)
    assert len(store.elsewhere) == 5_008
    await all_accepted(transactions, [command("2026-11-23T09:00Z", "strange.20261123.last")])
    day = store.days[MONDAY].value
    assert [a.id for a in day.appointments] == ["strange.20261123.last"]
    document = write_day("root", DayWrite(Stored(DaySchedule(MONDAY), None), day)).update
    assert document.ByteSize() < 4096


async def test_a_day_of_firestore_is_small_whatever_has_come_and_gone(emulator: str) -> None:
    assert emulator
    store = emulated_store(f"demo-{uuid4()}", seconds=10)
    transactions = coordinator_of(store)
    await fill_and_empty(transactions, bookings=64)
    await all_accepted(transactions, [command("2026-11-23T09:00Z", "strange.20261123.last")])
    calls = store._calls()  # noqa: SLF001 - the document as it is kept, past the port
    (read,) = [read async for read in calls.batch_get([day_name(calls.root, MONDAY)], None)]
    await store.close()
    assert list(read.found.fields["appointments"].map_value.fields) == ["strange.20261123.last"]
    assert read.found.ByteSize() < 1024
