"""Overrides that race with bookings and with each other, in any order and with faults.

After every single commit: no appointment was booked into time off that stood before it, and an
override stands whole, in all the days that it touches, or in none. In the end every answer is true:
an override names exactly those that were booked when it was committed.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Literal

from msgspec.structs import replace

from shared.access.caller import ANYBODY
from shared.model.doctor_days import touched_days
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey
from shared.model.interval import Interval
from shared.model.override import Override
from shared.rules.booking import book
from shared.rules.outcomes import Accepted, Outcome
from shared.rules.refusals import KeyReused, Refusal, TimeOff
from shared.store.port import (
    StoreError,
    StoreUnavailable,
    Versions,
    Writes,
)
from shared.transactions.command import Command
from shared.transactions.coordinator import Coordinator
from shared.transactions.idempotency_keys import Idempotency
from shared.transactions.overrides import Made, NewOverride, OverrideTransactions
from tests.builders import at, doctor, span, to_book
from tests.proof.calls import Call
from tests.proof.every_order import Redundant, Search
from tests.proof.gates import Chooser, GatedPort, Gates
from tests.proof.promises import TELLING, Broken, WatchedStore
from tests.proof.random_races import Dice
from tests.simulated_loop import SimulatedLoop

WHO = doctor((("00:00", "24:00"),), "UTC", "mon tue wed thu fri sat sun")
DEADLINE = 30.0
NOW = [at(f"2026-02-01T00:00:{second:02}Z") for second in range(20)]
AWAY = span("2026-11-23T20:00Z", "2026-11-25T04:00Z")  # Three doctor-days.
NEXT_WEEK = span("2026-11-30T20:00Z", "2026-12-02T04:00Z")
AWAY_LATER = span("2026-11-24T12:00Z", "2026-11-25T12:00Z")
THERE = Override("strange.override.there", "strange", "time_off", AWAY, NOW[0])
"""What stands there before, in races in which it is deleted."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a client asks of an instance."""

    instance: int
    what: Literal["book", "make", "delete"]
    time: Interval = AWAY
    key: str | None = None


@dataclass(slots=True)
class Answered:
    """What a request came to, which was the number of its kind; None if that is not known."""

    ask: Ask
    name: str
    answer: Outcome | Made | Override | None = None


@dataclass(frozen=True, slots=True)
class Race:
    """Clients, each with one request after the other; `there` tells whether an override stands.

    Instances that are `aware` remember the days as they are at first.
    """

    clients: tuple[tuple[Ask, ...], ...]
    there: bool = False
    aware: tuple[int, ...] = ()
    faults: int = 0


class OverrideStore(WatchedStore):
    """Looks at time off after every commit. `affected` are those that an override met."""

    def __init__(self) -> None:
        super().__init__()
        self.affected: dict[str, set[str]] = {}

    def write(self, writes: Writes) -> Versions:
        before, off, told = {*self.there}, self.standing(), {*self.outbox}
        versions = super().write(writes)
        for name in self.there.keys() - before:
            if any(each.interval.overlaps(self.there[name].interval) for each in off):
                raise Broken(f"{name} was booked into time off")
        for write in writes.overrides:
            if write.replaced is None:
                self.affected[write.override.id] = self.booked_in(write.override.interval)
                self.check_told(write.override.id, {*self.outbox} - told)
        self.check_entries()
        return versions

    def standing(self) -> list[Override]:
        """The overrides that are not deleted."""
        found = [stored.value for stored in self.overrides.values() if stored.value]
        return [each for each in found if each.deleted_at is None]

    def booked_in(self, interval: Interval) -> set[str]:
        """The ids of the appointments that overlap an interval."""
        return {a.id for a in self.there.values() if a.interval.overlaps(interval)}

    def check_told(self, override_id: str, told: Collection[str]) -> None:
        """Whoever is affected is told so, once, and nobody else."""
        events = [self.outbox[name].value.event for name in told]
        names = sorted(each.appointment_id for each in events if each.detail == override_id)
        if names != sorted(self.affected[override_id]):
            raise Broken(f"{names} are told of {override_id}, and not all whom it affects")

    def check_entries(self) -> None:
        """Every override stands in all of its days, and nothing else does."""
        wanted = {(key, o.entry) for o in self.standing() for key in touched_days(WHO, o.interval)}
        found = {(k, entry) for k, stored in self.days.items() for entry in stored.value.overrides}
        if wanted != found:
            raise Broken(f"in the days stands {found}, and not {wanted}")


Make = Callable[[OverrideTransactions, NewOverride], Any]


class OverrideRun:
    """One race, and how it goes."""

    def __init__(
        self,
        race: Race,
        chooser: Chooser,
        store: Callable[[], OverrideStore] = OverrideStore,
        make: Make = OverrideTransactions.make,
    ) -> None:
        self.race = race
        self.store = kept = store()
        self.gates = Gates(chooser, lambda call: kept.has_changed(*call.arguments))
        self.answered: list[Answered] = []
        self._make = make

    def go(self, loop: SimulatedLoop) -> None:
        """From the beginning to the end, and look at it."""
        loop.restart(self.gates.open_one)
        loop.run_until_complete(self._main(loop))
        self.gates.land_rest()
        if loop.complaints:
            raise Broken(*loop.complaints)
        for one in self.answered:
            self._check(one)
        self._check_keys()

    async def _main(self, loop: SimulatedLoop) -> None:
        ports = [GatedPort(self.store, self.gates, who) for who in range(3)]
        random = self.gates.chooser.random
        coordinators = [Coordinator(port, DEADLINE, random, TELLING) for port in ports]
        overrides = [OverrideTransactions(port, DEADLINE, random, TELLING) for port in ports]
        for who in self.race.aware:
            await coordinators[who].preview(LOOK)
        if self.race.there:
            await overrides[2].make(NewOverride(WHO, THERE, NOW[0]))
        for port in ports:
            port.open = False
        numbers = iter(range(1, len(NOW)))
        clients = [[(next(numbers), ask) for ask in client] for client in self.race.clients]
        await asyncio.gather(*(self._client(one, coordinators, overrides) for one in clients))
        while loop.busy():  # noqa: ASYNC110 - a batch that nobody waits for any more ends soon
            await asyncio.sleep(1)

    async def _client(
        self,
        asks: Sequence[tuple[int, Ask]],
        coordinators: Sequence[Coordinator],
        overrides: Sequence[OverrideTransactions],
    ) -> None:
        for number, ask in asks:
            await self.gates.wait(Call(-1 - number, 0, "ask", (), lambda _: None, ""))
            one = Answered(ask, f"strange.{ask.time.start:%Y%m%d}.r{number}")
            self.answered.append(one)
            try:
                if ask.what == "book":
                    one.answer = await coordinators[ask.instance].run(_booking(one, number))
                elif ask.what == "make":
                    one.name = f"strange.override.r{number}"
                    new = _new(one, number)
                    one.answer = await self._make(overrides[ask.instance], new)
                else:
                    delete = overrides[ask.instance].delete
                    one.answer = await delete(THERE.key, WHO, NOW[number])
            except StoreError as error:
                if not isinstance(error, StoreUnavailable) and str(error) != "no permission":
                    raise
            self.gates.counts[type(one.answer).__name__] += 1

    def _check(self, one: Answered) -> None:
        match one.answer:
            case None:
                return
            case Accepted(appointment):
                true = appointment.id in self.store.there
            case TimeOff():
                made = [stored.value for stored in self.store.overrides.values()]
                true = any(each and each.interval.overlaps(one.ask.time) for each in made)
            case Made():
                true = self._is_true(one, one.answer)
            case KeyReused():
                others = [o for o in self.answered if o.ask.time != one.ask.time]
                true = any(o.ask.key == one.ask.key for o in others)
            case Override():
                true = self.store.overrides[THERE.key].value == one.answer
            case _:
                true = False
        if not true:
            raise Broken(f"{one} is not true")

    def _is_true(self, one: Answered, made: Made) -> bool:
        kept = self.store.overrides[made.override.key].value
        affected = {a.id for a in made.affected.first}
        first = made.replayed == (made.override.id != one.name)
        return kept == made.override and first and affected == self.store.affected[kept.id]

    def _check_keys(self) -> None:
        made = [one.name for one in self.answered if one.ask.what == "make" and one.ask.key]
        there = {key.override_id for key in self.store.overrides}
        if len(there.intersection(made)) > 1:
            raise Broken("one key has made two overrides")


def _booking(one: Answered, number: int) -> Command:
    wish = to_book(one.name, WHO, one.ask.time, NOW[number])
    decide = partial(book, booking=wish, now=NOW[number])
    days = frozenset(wish.days)
    births = frozenset({ElsewhereKey("strange", one.name)})
    return Command(days, decide, NOW[number], one.name, ANYBODY, births)


def _new(one: Answered, number: int) -> NewOverride:
    override = replace(THERE, id=one.name, interval=one.ask.time, created_at=NOW[number])
    key = one.ask.key
    idempotency = None if key is None else Idempotency.of(key, [repr(one.ask.time)], ANYBODY)
    return NewOverride(WHO, override, NOW[number], idempotency)


LOOK = Command(
    frozenset(touched_days(WHO, AWAY)),
    lambda _: (Documents(), Refusal()),
    NOW[0],
    "nobody's",
    ANYBODY,
)
"""Changes nothing; an instance that has read for it remembers the days."""


def race_at_random(race: Race, seeds: Sequence[int], **broken: Any) -> Counter[str]:  # noqa: ANN401
    """Run a race once for each seed; how often each kind of answer, and each fault, came."""
    counts: Counter[str] = Counter()
    with closing(SimulatedLoop()) as loop:
        for seed in seeds:
            run = OverrideRun(race, Dice(Random(seed)), **broken)  # noqa: S311 - to be repeated
            run.gates.counts = counts
            try:
                run.go(loop)
            except Exception as error:
                raise Broken(f"seed {seed}: {error}") from error
    return counts


def race_in_every_order(race: Race) -> int:
    """Run a race in every order, with every choice of faults; return how many that were."""
    search, runs, more = Search(race.faults), 0, True
    loop = SimulatedLoop()
    while more:
        try:
            OverrideRun(race, search).go(loop)
            runs += 1
        except Redundant:
            loop.close()
            loop = SimulatedLoop()  # What is left of the run stays with the old one.
        except Exception as error:
            raise Broken(f"choices {search.path()}: {error}") from error
        more = search.advance()
    loop.close()
    return runs
