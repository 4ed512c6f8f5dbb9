"""Overrides that race with bookings and with each other keep every promise."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace as replace_field

from shared.model.interval import Interval
from shared.store.port import Versions, Writes
from shared.transactions.overrides import Made, NewOverride, OverrideTransactions
from tests.builders import span
from tests.examples import FACTOR
from tests.proof.override_races import (
    AWAY_LATER,
    NEXT_WEEK,
    Ask,
    OverrideStore,
    Race,
    race_at_random,
    race_in_every_order,
)
from tests.proof.promises import Broken

Unread = Any
Written = Any

MORNING = span("2026-11-24T09:00Z", "2026-11-24T09:30Z")
NIGHT = span("2026-11-24T23:45Z", "2026-11-25T00:15Z")
OUTSIDE = span("2026-11-23T10:00Z", "2026-11-23T10:30Z")  # A day of the time off, but before it.

MAKE, MAKE_LATER = Ask(0, "make"), Ask(1, "make", AWAY_LATER)
DELETE = Ask(0, "delete")


def book(instance: int, time: Interval = MORNING) -> Ask:
    return Ask(instance, "book", time)


RACES = {
    "an override and a booking": Race(((MAKE,), (book(1),))),
    "an override and a booking of the same instance": Race(((MAKE,), (book(0, NIGHT),))),
    "an override and a booking on remembered days": Race(((MAKE,), (book(1),)), aware=(0, 1)),
    "an override, and two bookings one after the other": Race(
        ((MAKE,), (book(1, OUTSIDE), book(1, NIGHT))), aware=(1,)
    ),
    "an override, and bookings of three instances": Race(
        ((MAKE,), (book(1),), (book(2, NIGHT),), (book(0, OUTSIDE),)), aware=(1,)
    ),
    "two overrides of the same days": Race(((MAKE,), (MAKE_LATER,))),
    "two overrides of the same days, and a booking": Race(((MAKE,), (MAKE_LATER,), (book(2),))),
    "two overrides of one instance, and a booking": Race(
        ((MAKE,), (Ask(0, "make", AWAY_LATER),), (book(2),))
    ),
    "one override, asked for twice with one key": Race(
        ((Ask(0, "make", key="k"),), (Ask(1, "make", key="k"),), (book(2, NIGHT),))
    ),
    "one key for two overrides of other days": Race(
        ((Ask(0, "make", key="k"),), (Ask(1, "make", NEXT_WEEK, "k"),))
    ),
    "a deletion and a booking": Race(((DELETE,), (book(1),)), there=True, aware=(1,)),
    "two deletions and a booking": Race(
        ((DELETE,), (Ask(1, "delete"),), (book(1, NIGHT),)), there=True
    ),
    "a deletion and another override": Race(((DELETE,), (MAKE_LATER,), (book(2),)), there=True),
}


@pytest.mark.parametrize("name", RACES)
def test_random_orders_with_faults_keep_every_promise(name: str) -> None:
    counts = race_at_random(RACES[name], range(300 * FACTOR))
    asked = {ask.what for client in RACES[name].clients for ask in client}
    wanted = {"make": "Made", "book": "Accepted", "delete": "Override"}
    assert all(counts[wanted[what]] > 15 for what in asked), counts
    assert all(counts[fault] > 3 for fault in ("slow", "unanswered", "contended")), counts
    if "book" in asked:
        assert counts["TimeOff"] > 15, counts


@pytest.mark.parametrize(
    "name",
    [
        "an override and a booking",
        "an override and a booking on remembered days",
        "two overrides of the same days",
        "a deletion and a booking",
    ],
)
def test_every_order_with_every_fault_keeps_every_promise(name: str) -> None:
    assert race_in_every_order(replace(RACES[name], faults=1)) > 400


# A proof that cannot fail proves nothing.


class BlindToDays(OverrideStore):
    """Looks at the versions of all but days."""

    def has_changed(self, writes: Writes) -> bool:
        return super().has_changed(replace_field(writes, days=()))


class BlindToRecords(OverrideStore):
    """Looks at the versions of all but records."""

    def has_changed(self, writes: Writes) -> bool:
        return super().has_changed(replace_field(writes, records=()))


class Torn(OverrideStore):
    """Writes all but the last day."""

    def write(self, writes: Writes) -> Versions:
        return super().write(replace_field(writes, days=writes.days[:-1] or writes.days))


async def without_the_last_day(of: OverrideTransactions, new: NewOverride) -> object:
    start, end = new.override.interval
    shorter = replace_field(new.override, interval=Interval(start, end - timedelta(days=1)))
    made = await of.make(replace_field(new, override=shorter))
    assert isinstance(made, Made)
    return replace_field(made, override=new.override)


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("an override and a booking on remembered days", {"store": BlindToDays}),
        ("one key for two overrides of other days", {"store": BlindToRecords}),
        ("an override and a booking", {"store": Torn}),
        ("an override and a booking", {"make": without_the_last_day}),
    ],
)
def test_a_broken_part_is_seen(name: str, broken: dict[str, Any]) -> None:
    with pytest.raises(Broken):
        race_at_random(RACES[name], range(1000), **broken)
