"""Two instances on one real store: what the transaction promises whatever the store is."""

import asyncio
from collections import Counter
from functools import partial
from random import Random

from shared.rules.booking import book
from shared.rules.outcomes import Accepted, Outcome, Replayed, SlotTaken
from shared.store.port import Store
from shared.transactions.command import Command
from shared.transactions.coordinator import Coordinator
from shared.transactions.idempotency import Idempotency
from tests.builders import at, booking, key

NOW = at("2026-11-20T12:00Z")
MONDAY = key("2026-11-23")


def instance(store: Store) -> Coordinator:
    return Coordinator(store, deadline_seconds=30, random=Random(1))  # noqa: S311 - jitter


def command(minute: int, name: str, idempotency_key: str | None = None) -> Command:
    """To book one minute of Monday, counted from nine."""
    start, end = (f"2026-11-23T{9 + m // 60:02}:{m % 60:02}Z" for m in (minute, minute + 1))
    wish = booking(start, end, name)
    used = None if idempotency_key is None else Idempotency.of(idempotency_key, [start])
    return Command(frozenset({wish.key}), partial(book, booking=wish, now=NOW), NOW, name, used)


async def booked(store: Store) -> list[str]:
    async with store.snapshot() as snapshot:
        state = await snapshot.load([MONDAY], [])
    return [appointment.id for appointment in state.days[MONDAY].value.appointments]


def kinds(outcomes: list[Outcome]) -> dict[str, int]:
    return Counter(type(outcome).__name__ for outcome in outcomes)


async def test_two_instances_book_all_free_minutes_of_one_day(store: Store, rival: Store) -> None:
    instances = instance(store), instance(rival)
    tries = [instances[n % 2].run(command(n, f"a{n:03}")) for n in range(200)]
    assert kinds(await asyncio.gather(*tries)) == {"Accepted": 200}
    assert await booked(store) == [f"a{n:03}" for n in range(200)]


async def test_two_instances_give_one_minute_to_one(store: Store, rival: Store) -> None:
    instances = instance(store), instance(rival)
    tries = [instances[n % 2].run(command(0, f"a{n}")) for n in range(40)]
    outcomes = await asyncio.gather(*tries)
    assert kinds(outcomes) == {"Accepted": 1, "SlotTaken": 39}
    taken = next(outcome for outcome in outcomes if isinstance(outcome, SlotTaken))
    assert taken.conflicts == (taken.asked,)
    assert [o.interval.start for o in taken.openings] == [
        at("2026-11-23T09:01Z"),
        at("2026-11-23T09:02Z"),
        at("2026-11-23T09:03Z"),
    ]
    assert len(await booked(store)) == 1


async def test_one_key_books_once_whichever_instance_is_asked(store: Store, rival: Store) -> None:
    instances = instance(store), instance(rival)
    tries = [instances[n % 2].run(command(0, f"a{n}", "key")) for n in range(20)]
    outcomes = await asyncio.gather(*tries)
    assert kinds(outcomes) == {"Accepted": 1, "Replayed": 19}
    appointments = {o.appointment for o in outcomes if isinstance(o, Accepted | Replayed)}
    assert [appointment.id for appointment in appointments] == await booked(store)
