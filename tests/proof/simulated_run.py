"""One run: instances that race for the same times, in simulated time, and a look at the end."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Self

from shared.model.day import DaySchedule
from shared.rules.events import Telling
from shared.rules.outcomes import Accepted, Held, Replayed, Unchanged
from shared.rules.refusals import AlreadyCancelled, PatientBusy, SlotTaken
from shared.store.port import StoreError, StoreRefused
from shared.transactions.command import Command
from shared.transactions.coordinator import Coordinator
from tests.proof.calls import Call
from tests.proof.checker import explain
from tests.proof.gates import Chooser, GatedPort, Gates, Trace
from tests.proof.history import Book, History, HoldTime, Kept, Thing
from tests.proof.promises import Broken, WatchedStore
from tests.proof.tries import Try, history_of
from tests.proof.world import (
    ALLOWED,
    HOURS,
    INSTANTS,
    LOOK,
    Case,
    Request,
    command_of,
    days_of,
    expired_record,
    granted,
    kept,
    on_the_clock,
    patients_of,
    pointers_of,
    things_of,
)
from tests.simulated_loop import SimulatedLoop


class BrokenRun(AssertionError):
    """A run that broke a promise: what, and the arguments that replay it."""

    def __init__(self, problem: str, *replay: str) -> None:
        super().__init__(problem, *replay)
        self.problem = problem
        self.replay = replay

    @classmethod
    def by(cls, error: Exception, *replay: str) -> Self:
        """The run that this came of."""
        return cls(f"{type(error).__name__}: {error}", *replay)

    def __str__(self) -> str:
        words = " ".join(f"'{word}'" if " " in word else word for word in self.replay)
        return f"{self.problem}\nto see it: python -m tests.proof.simulation {words}"


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run is made of, so that a part can be put in that is broken."""

    store: Callable[[], WatchedStore] = WatchedStore
    propose: Callable[[Request, int], Command] = command_of
    telling: Telling | None = None


SOUND = Parts()


class Run:
    """A case, and how it goes."""

    def __init__(
        self,
        case: Case,
        chooser: Chooser,
        parts: Parts = SOUND,
        counts: Counter[str] | None = None,
        trace: Trace | None = None,
    ) -> None:
        self.case = case
        self.store = store = parts.store()
        self._telling = parts.telling
        store.tells = parts.telling is not None
        self.gates = Gates(chooser, lambda call: store.has_changed(*call.arguments), counts, trace)
        numbers = count()
        self.tries = [
            [Try(on_the_clock(request, next(numbers))) for request in client]
            for client in case.clients
        ]
        self._propose = parts.propose

    def go(self, loop: SimulatedLoop) -> None:
        """From the beginning to the end, and look at it."""
        loop.restart(self.gates.open_one)
        loop.run_until_complete(self._main(loop))
        self.gates.land_rest()
        self._check(loop)

    async def _main(self, loop: SimulatedLoop) -> None:
        ports = [GatedPort(self.store, self.gates, who) for who in range(len(self.case.deadlines))]
        random = self.gates.chooser.random
        instances = [
            Coordinator(port, deadline, random, self._telling)
            for port, deadline in zip(ports, self.case.deadlines, strict=True)
        ]
        before = self.case.before
        worlds = dict.fromkeys(world for world in self.case.remembered if world is not None)
        worlds.pop(before, None)
        for world in (*worlds, before):
            self.store.put(*(day for day in days_of(world) if self._is_there(day)))
            self.store.put_patients(*patients_of(world))
            self.store.elsewhere.clear()
            for birth, where in pointers_of(world).items():
                self.store.put_elsewhere(birth, where)
            for transactions, remembered in zip(instances, self.case.remembered, strict=False):
                if remembered == world:
                    await transactions.preview(LOOK)
        for key in self.case.expired:
            self.store.put_record(expired_record(key))
        for port in ports:
            port.open = False
        numbers = iter(range(len(INSTANTS)))
        await asyncio.gather(
            *(
                self._client([(next(numbers), one) for one in client], instances, loop)
                for client in self.tries
            )
        )
        while loop.busy():  # noqa: ASYNC110 - a batch that nobody waits for any more ends soon
            await asyncio.sleep(1)

    def _is_there(self, day: DaySchedule) -> bool:
        """Whether a day has a document: it has none before anything is booked."""
        return bool(day.entries) or day.key in self.store.days

    async def _client(
        self,
        tries: Sequence[tuple[int, Try]],
        instances: Sequence[Coordinator],
        loop: SimulatedLoop,
    ) -> None:
        for number, one in tries:
            command = self._propose(one.request, number)
            if not self.case.at_once:
                label = f"request {number}: {one.request}" if self.gates.trace else ""
                ask = Call(-1 - number, 0, "ask", (), _nothing, label)
                await self.gates.wait(ask)
            one.began, began = self.gates.steps, loop.time()
            try:
                async with asyncio.timeout(one.request.patience):
                    one.answer = await instances[one.request.instance].run(command)
            except (StoreError, TimeoutError) as error:
                if isinstance(error, StoreRefused) and str(error) != "no permission":
                    raise
                self.gates.counts[type(error).__name__] += 1
                answer: object = error
            else:
                one.ended = self.gates.steps + 0.5
                self.gates.counts[type(one.answer).__name__] += 1
                answer = one.answer
            if loop.time() > began + self.case.deadlines[one.request.instance]:
                raise Broken(f"request {number} was left waiting")
            if self.gates.trace:
                self.gates.trace(f"     request {number} is answered {_short(answer)}")

    def _check(self, loop: SimulatedLoop) -> None:
        if loop.complaints:
            raise Broken(*loop.complaints)
        tries = [one for client in self.tries for one in client]
        held = self.store.ever_held
        calls, names = history_of(tries, {**self.store.there, **held})
        before, after = things_of(self.case.before), dict[str, Thing]()
        there = {name: granted(found) for name, found in self.store.there.items()}
        holds = {name: kept(h, stands=name in self.store.held) for name, h in held.items()}
        things: dict[str, Thing] = {**there, **holds}
        for name, found in things.items():
            told = names.get(name, name)
            if told in after:
                raise Broken(f"one key has booked {told} and {name}")
            after[told] = found
        after = {**_over_at_once(tries, names, there), **after}
        if explain(History(calls, HOURS, before, after, ALLOWED)) is None:
            raise Broken(f"no order explains {calls}, which end in {after}")


def _over_at_once(
    tries: Sequence[Try], names: Mapping[str, str], there: Collection[str]
) -> dict[str, Thing]:
    """Holds that were there, and never in the store: the commit that made them ended them, too."""
    used = {
        asked.hold
        for asked in (one.request.asked for one in tries)
        if isinstance(asked, Book) and asked.name in there
    }
    return {
        names[asked.name]: Kept(asked.slot, asked.ends, asked.by, stands=False)
        for one in tries
        if isinstance(asked := one.request.asked, HoldTime)
        and (asked.name in used or isinstance(one.answer, Held))
    }


def _nothing(_: str) -> None:
    """Asking itself does nothing."""


def _short(answer: object) -> str:
    match answer:
        case Accepted(found) | Replayed(found) | AlreadyCancelled(found) | Unchanged(found):
            return f"{type(answer).__name__}: {found.id} {granted(found)}"
        case SlotTaken(conflicts=conflicts) | PatientBusy(conflicts=conflicts):
            parts = [f"{c.interval.start:%d %H:%M}-{c.interval.end:%H:%M}" for c in conflicts]
            return f"{type(answer).__name__}: {', '.join(parts)}"
    return repr(answer)
