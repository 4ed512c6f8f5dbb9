"""Instances that race for the same times, in every order, with every fault, all in simulated time.

    python -m tests.proof.simulation                     all small cases, then random races
    python -m tests.proof.simulation 4711                the race of a seed, step by step
    python -m tests.proof.simulation 'a swap' 0.2.1      a run of a small case, by its choices

What must hold: no two booked appointments of a doctor overlap, and each lies on exactly one day,
which its home day can name, after every single commit; a request changes something at most once,
and so does a key; and one order of all requests, each at an instant between call and answer,
explains all answers and the end (`checker.explain`).
"""

import asyncio
import gc
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache, partial
from math import inf
from multiprocessing import Pool
from random import Random
from time import perf_counter
from typing import Final, NamedTuple

from shared import scheduling
from shared.models import Appointment, DayKey, DaySchedule, Interval
from shared.outcomes import (
    Accepted,
    AlreadyCancelled,
    KeyReused,
    Outcome,
    Refusal,
    Replayed,
    SlotTaken,
    UnknownAppointment,
)
from shared.proposals import Idempotency, Proposal
from shared.scheduling import Booking, Cancellation, home_day
from shared.store import Failed, StoreError
from shared.transactions import Transactions
from tests.builders import appointment, at, booking, doctor, key
from tests.proof.checker import explain
from tests.proof.gates import (
    FAULTS,
    Broken,
    Call,
    GatedLoop,
    Gates,
    Option,
    Port,
    SimulatedStore,
)
from tests.proof.history import (
    Answer,
    Appointments,
    Book,
    Cancel,
    Done,
    Get,
    Granted,
    Hours,
    Move,
    Refused,
    Slot,
    Taken,
)
from tests.proof.history import Call as Told

# The world: two doctors, two days, minutes since the first midnight

MON, TUE = "2026-11-23", "2026-11-24"
MIDNIGHT = at(f"{MON}T00:00Z")
DAY = 24 * 60
DOCTORS = {name: doctor(doctor_id=name) for name in ("strange", "who")}
DAYS = [key(day, name) for day in (MON, TUE) for name in DOCTORS]
HOURS: Hours = dict.fromkeys(DOCTORS, ((540, 1020), (DAY + 540, DAY + 1020)))
INSTANTS = [at("2026-02-01T00:00Z") + timedelta(seconds=number) for number in range(20)]
MINUTES = {MIDNIGHT + timedelta(minutes=m): m for m in range(0, 2 * DAY + 1, 15)}
ADA = booking(f"{MON}T09:00Z", f"{MON}T09:30Z").patient

World = tuple[tuple[str, Slot], ...]
"""Appointments by name, which is the id, and so says where each was born."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks of an instance."""

    instance: int
    asked: Book | Move | Cancel
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """Clients that ask one thing after the other; what is booked and remembered before that.

    An instance remembers nothing, or the world as it was once. `deadlines` (s) of each instance.
    If all is `at_once`, every client has asked before anything happens.
    """

    name: str
    clients: tuple[tuple[Request, ...], ...]
    before: World = ()
    remembered: tuple[World | None, ...] = ()
    faults: int = 0
    deadlines: tuple[float, ...] = (10, 20, 30, 40)
    at_once: bool = False


@cache
def _interval(slot: Slot) -> Interval:
    return Interval(
        MIDNIGHT + timedelta(minutes=slot.start), MIDNIGHT + timedelta(minutes=slot.end)
    )


@cache
def _place(slot: Slot) -> DayKey:
    return DayKey(slot.doctor, _interval(slot).start.date())


@cache
def _home(name: str) -> DayKey:
    home = home_day(name)
    assert home
    return home


@cache
def _made(name: str, slot: Slot) -> Appointment:
    plain = appointment(f"{MON}T09:00Z", f"{MON}T09:30Z", name, doctor_id=slot.doctor)
    return replace(plain, interval=_interval(slot))


@cache
def _days_of(world: World) -> list[DaySchedule]:
    days = {day: DaySchedule(day) for day in DAYS}
    for name, slot in world:
        place, home = _place(slot), _home(name)
        days[place] = days[place].with_appointment(_made(name, slot))
        if place != home:
            days[home] = days[home].forwarding(name, place)
    return list(days.values())


def _slot(appointment: Appointment) -> Slot:
    interval = appointment.interval
    return Slot(appointment.doctor_id, MINUTES[interval.start], MINUTES[interval.end])


def _granted(appointment: Appointment) -> Granted:
    return Granted(_slot(appointment), appointment.cancelled_at is None)


_idempotency = cache(Idempotency.of)


def proposal_of(request: Request, number: int) -> Proposal:
    """What the functions make of a request; its `now` tells it from all others."""
    asked, now = request.asked, INSTANTS[number]
    home = _home(asked.name)
    key, decide = request.key, _decision(asked, number)
    if isinstance(asked, Cancel):
        return Proposal(frozenset({home}), decide, now, asked.name)
    if isinstance(asked, Move) and key is None:
        key = f"move {number}"
    idempotency = None if key is None else _idempotency(key, _asks_for(asked))
    return Proposal(frozenset({home}), decide, now, asked.name, idempotency)


@cache
def _asks_for(asked: Book | Move) -> tuple[str, ...]:
    """What makes two requests the same: two bookings need not have the same name."""
    name = asked.name if isinstance(asked, Move) else "a new one"
    return (type(asked).__name__, name, repr(asked.slot))


@cache
def _decision(asked: Book | Move | Cancel, number: int) -> Callable[..., scheduling.Decision]:
    now, home = INSTANTS[number], _home(asked.name)
    if isinstance(asked, Cancel):
        return partial(scheduling.cancel, wish=Cancellation(asked.name, home), now=now)
    doctor, interval = DOCTORS[asked.slot.doctor], _interval(asked.slot)
    if isinstance(asked, Book):
        wish = Booking(asked.name, doctor, interval, ADA)
        return partial(scheduling.book, booking=wish, now=now)
    move = scheduling.Move(asked.name, home, lambda _: (doctor, interval))
    return partial(scheduling.move, wish=move, now=now)


LOOK = Proposal(frozenset(DAYS), lambda _: ({}, Refusal()), INSTANTS[0], "nobody's")


# A run


@dataclass(slots=True)
class Try:
    """A request that was made; the steps at which it was asked and answered."""

    request: Request
    began: float = inf
    ended: float | None = None
    answer: Outcome | None = None


Propose = Callable[[Request, int], Proposal]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run is made of, so that a part can be put in that is broken."""

    store: Callable[..., SimulatedStore] = SimulatedStore
    propose: Propose = proposal_of


SOUND = Parts()


class Run:
    """A case, and how it goes."""

    def __init__(self, case: Case, gates: Gates, parts: Parts = SOUND) -> None:
        self.case = case
        self.gates = gates
        self.store = store = parts.store()
        self.tries = [[Try(request) for request in client] for client in case.clients]
        self._propose = parts.propose
        gates.prune_with(lambda call: store.is_stale(*call.arguments))  # type: ignore[arg-type]

    def go(self, loop: GatedLoop) -> None:
        """From the beginning to the end, and look at it."""
        loop.restart(self.gates)
        loop.run_until_complete(self._main(loop))
        self.gates.land_rest()
        self._check(loop)

    async def _main(self, loop: GatedLoop) -> None:
        ports = [Port(self.store, self.gates, who) for who in range(len(self.case.deadlines))]
        random = self.gates.chooser.random
        instances = [
            Transactions(port, deadline, random)
            for port, deadline in zip(ports, self.case.deadlines, strict=True)
        ]
        before = self.case.before
        worlds = dict.fromkeys(world for world in self.case.remembered if world is not None)
        for world in (*(world for world in worlds if world != before), before):
            self.store.put([day for day in _days_of(world) if self._is_there(day)])
            for transactions, remembered in zip(instances, self.case.remembered, strict=False):
                if remembered == world:
                    await transactions.preview(LOOK)
        for port in ports:
            port.open = False
        numbers = iter(range(len(INSTANTS)))
        await asyncio.gather(
            *(
                self._client([(next(numbers), one) for one in client], instances)
                for client in self.tries
            )
        )
        while loop.busy():  # noqa: ASYNC110 - a batch that nobody waits for any more ends soon
            await asyncio.sleep(1)

    def _is_there(self, day: DaySchedule) -> bool:
        """Whether a day has a document: it has none before anything is booked."""
        return bool(day.entries()) or day.key in self.store.days

    async def _client(
        self, tries: Sequence[tuple[int, Try]], instances: Sequence[Transactions]
    ) -> None:
        for number, one in tries:
            proposal = self._propose(one.request, number)
            if not self.case.at_once:
                label = f"request {number}: {one.request}" if self.gates.trace else ""
                ask = Call(-1 - number, 0, "ask", (), _nothing, label)
                await self.gates.wait(ask)
            one.began = self.gates.steps
            try:
                one.answer = await instances[one.request.instance].run(proposal)
            except StoreError as error:
                if isinstance(error, Failed) and str(error) != "no permission":
                    raise
                self.gates.counts[type(error).__name__] += 1
                answer: object = error
            else:
                one.ended = self.gates.steps + 0.5
                self.gates.counts[type(one.answer).__name__] += 1
                answer = one.answer
            if self.gates.trace:
                self.gates.trace(f"     request {number} is answered {_short(answer)}")

    def _check(self, loop: GatedLoop) -> None:
        if loop.complaints:
            raise Broken(*loop.complaints)
        calls, names = history_of([one for client in self.tries for one in client])
        before = {name: Granted(slot) for name, slot in self.case.before}
        after: Appointments = {}
        for name, found in self.store.there.items():
            told = names.get(name, name)
            if told in after:
                raise Broken(f"one key has booked {told} and {name}")
            after[told] = _granted(found)
        if explain(calls, HOURS, before, after) is None:
            raise Broken(f"no order explains {calls}, which end in {after}")


def _nothing(_: str) -> None:
    """Asking itself does nothing."""


def _short(answer: object) -> str:
    match answer:
        case Accepted(found) | Replayed(found) | AlreadyCancelled(found):
            return f"{type(answer).__name__}: {found.id} {_granted(found)}"
        case SlotTaken(conflicts=conflicts):
            return f"SlotTaken: {', '.join(f'{c.start:%d %H:%M}-{c.end:%H:%M}' for c in conflicts)}"
    return repr(answer)


# What was told, as a history


def history_of(tries: Sequence[Try]) -> tuple[list[Told], dict[str, str]]:
    """The operations, of which the tries with one key are one; and by which name each goes."""
    calls: list[Told] = []
    names: dict[str, str] = {}
    operations: dict[object, list[Try]] = {}
    for one in tries:
        asked = one.request.asked
        if isinstance(asked, Cancel):
            calls.append(Told(one.began, asked, one.ended, _of_a_cancel(one.answer)))
            continue
        refusal = _refusal(one.answer)
        keyed = one.request.key and (one.request.key, _asks_for(asked))
        group = operations.setdefault(keyed or id(one), [])
        name = group[0].request.asked.name if group else asked.name
        names[asked.name] = name
        if isinstance(one.answer, KeyReused):
            _check_reuse(one, tries)
        elif refusal:
            calls.append(Told(one.began, replace(asked, name=name), one.ended, refusal))
        else:
            group.append(one)
    for group in operations.values():
        calls.extend(_of_an_operation(group))
    granted = [group for group in operations.values() if any(one.answer for one in group)]
    used = [group[0].request.key for group in granted if group[0].request.key]
    if len(used) != len({*used}):
        raise Broken(f"a key was granted for two operations: {used}")
    return calls, names


def _of_an_operation(tries: Sequence[Try]) -> Iterator[Told]:
    """Tries that were granted or not answered: together they took effect once, or never."""
    if not tries:
        return
    asked = tries[0].request.asked
    assert not isinstance(asked, Cancel)
    answered = [one for one in tries if one.ended is not None]
    plain = len(answered) == len(tries) == 1 and isinstance(tries[0].answer, Accepted)
    kinds = [type(one.answer) for one in answered]
    if kinds.count(Accepted) > 1 or (Replayed in kinds and len(tries) == 1):
        raise Broken(f"one operation was answered {kinds}: who has done it?")
    began = min(one.began for one in tries)
    ended = min((one.ended for one in answered if one.ended is not None), default=None)
    answer: Answer | None = None if ended is None else Done()
    for one in answered:
        assert isinstance(one.answer, Accepted | Replayed)
        shown = _granted(one.answer.appointment)
        if plain and shown == Granted(asked.slot):
            answer = shown
        else:
            yield Told(one.began, Get(asked.name), one.ended, shown)
    yield Told(began, asked, ended, answer)


def _of_a_cancel(answer: Outcome | None) -> Answer | None:
    match answer:
        case None:
            return None
        case Accepted(found) | AlreadyCancelled(found):
            return _granted(found)
        case UnknownAppointment():
            return Refused("unknown_appointment")
    raise Broken(f"a cancellation was answered {answer}")


def _refusal(answer: Outcome | None) -> Answer | None:
    match answer:
        case None | Accepted() | Replayed() | KeyReused():
            return None
        case AlreadyCancelled():
            return Refused("already_cancelled")
        case UnknownAppointment():
            return Refused("unknown_appointment")
        case SlotTaken(conflicts=conflicts, openings=openings):
            for opening in openings:
                if any(opening.interval.overlaps(conflict) for conflict in conflicts):
                    raise Broken(f"{opening} is offered, and taken")
            return Taken(tuple((MINUTES[c.start], MINUTES[c.end]) for c in conflicts))
    raise Broken(f"answered {answer}")


def _check_reuse(one: Try, tries: Sequence[Try]) -> None:
    assert one.ended is not None
    mine = one.request
    for other in tries:
        if other.request.key == mine.key and other.began < one.ended:
            theirs = other.request.asked
            assert not isinstance(theirs, Cancel)
            assert not isinstance(mine.asked, Cancel)
            if _asks_for(theirs) != _asks_for(mine.asked) and not (
                _refusal(other.answer) or isinstance(other.answer, KeyReused)
            ):
                return
    raise Broken("the key was not used for anything else")


class BrokenRun(AssertionError):
    """A run that broke a promise: what, and the arguments that replay it."""

    def __init__(self, problem: str, *replay: str) -> None:
        super().__init__(problem, *replay)
        self.problem = problem
        self.replay = replay

    def __str__(self) -> str:
        words = " ".join(f"'{word}'" if " " in word else word for word in self.replay)
        return f"{self.problem}\nto see it: python -m tests.proof.simulation {words}"


# The small cases

NINE, QUARTER, HALF = (Slot("strange", start, start + 30) for start in (540, 555, 570))
TUESDAY, TUESDAY_TOO = (Slot("strange", DAY + start, DAY + start + 30) for start in (540, 555))
A, B, C = (f"strange.20261123.{name}" for name in "abc")
D = "strange.20261124.d"


def _clients(*requests: Request) -> tuple[tuple[Request, ...], ...]:
    return tuple((request,) for request in requests)


_OVERLAPPING = _clients(Request(0, Book(A, NINE)), Request(1, Book(B, QUARTER)))
_SAME_KEY = _clients(Request(0, Book(A, NINE), "k"), Request(1, Book(B, NINE), "k"))
_SENT_AGAIN = ((Request(0, Book(A, NINE), "k"), Request(1, Book(B, NINE), "k")),)
_MOVE_AND_BOOKING = _clients(Request(0, Move(A, TUESDAY)), Request(1, Book(D, TUESDAY_TOO)))
_CANCEL_AND_MOVE = _clients(Request(0, Cancel(A)), Request(1, Move(A, TUESDAY)))
_SWAP = _clients(Request(0, Move(A, HALF)), Request(1, Move(B, NINE)))
_FAR_SWAP = _clients(Request(0, Move(A, TUESDAY)), Request(1, Move(D, NINE)))
_MOVES_OF_ONE = _clients(Request(0, Move(A, NINE)), Request(1, Move(A, TUESDAY_TOO)))
_THREE = _clients(*(Request(n, Book(name, NINE)) for n, name in enumerate((A, B, C))))
_BESIDE = _clients(Request(0, Book(B, QUARTER)), Request(0, Cancel(A)), Request(1, Book(C, NINE)))
_KEY_REUSED = _clients(Request(0, Book(A, NINE), "k"), Request(1, Book(D, TUESDAY), "k"))
_ONE_BATCH = _clients(
    Request(0, Book(C, NINE._replace(start=660, end=690))),
    Request(0, Book(A, NINE), "k"),
    Request(0, Book(B, HALF), "k"),
)
_AFTER = ((Request(0, Cancel(A)), Request(1, Book(B, NINE))),)
_HELD = ((A, NINE),)
_FOREIGN = ((A, TUESDAY),)
_BOTH = ((A, NINE), (B, HALF))
_FAR = ((A, NINE), (D, TUESDAY))

CASES = [
    Case("overlapping bookings", _OVERLAPPING, faults=2),
    Case("overlapping bookings, warm", _OVERLAPPING, (), ((), ()), faults=2),
    Case("overlapping bookings, stale", _OVERLAPPING, (), (_HELD, ()), faults=2),
    Case("the same key", _SAME_KEY, faults=2),
    Case("the same key, warm", _SAME_KEY, (), ((), ()), faults=2),
    Case("sent again with its key", _SENT_AGAIN, (), ((), ()), faults=3),
    Case("a move and a booking of its target", _MOVE_AND_BOOKING, _HELD, faults=1),
    Case("a move and a booking, warm", _MOVE_AND_BOOKING, _HELD, (_HELD, _HELD), faults=1),
    Case("a move and a booking, stale", _MOVE_AND_BOOKING, _HELD, (_FOREIGN, _FOREIGN), faults=1),
    Case("a cancellation and a move", _CANCEL_AND_MOVE, _HELD, faults=1),
    Case("a cancellation and a move, warm", _CANCEL_AND_MOVE, _HELD, (_HELD, _HELD), faults=1),
    Case("a cancellation and a move, abroad", _CANCEL_AND_MOVE, _FOREIGN, faults=1),
    Case("a swap", _SWAP, _BOTH, faults=1),
    Case("a swap, warm", _SWAP, _BOTH, (_BOTH, _BOTH), faults=1),
    Case("a swap of days", _FAR_SWAP, _FAR, faults=1),
    Case("a swap of days, warm", _FAR_SWAP, _FAR, (_FAR, _FAR), faults=1),
    Case("moves of one that lies abroad", _MOVES_OF_ONE, _FOREIGN, faults=1),
    Case("moves of one, warm", _MOVES_OF_ONE, _FOREIGN, (_FOREIGN, _FOREIGN), faults=1),
    Case("moves of one, stale", _MOVES_OF_ONE, _FOREIGN, (_HELD, _FOREIGN), faults=1),
    Case("one key for two days", _KEY_REUSED, faults=1),
    Case("booked after a cancellation", _AFTER, _HELD, (None, _HELD), faults=2),
    Case("three bookings", _THREE, at_once=True),
    Case("three bookings, warm", _THREE, (), ((), (), ()), at_once=True),
    Case("one key twice in one instance", _ONE_BATCH, at_once=True, faults=1),
    Case("together in one instance", _BESIDE, _HELD, at_once=True),
]

# Every order


class Redundant(Exception):
    """From here on there are only orders that come to the same as others that were tried."""


class NoPauses(Random):
    """Between tries there is no pause: the gate at which the next try waits is pause enough."""

    def uniform(self, a: float, b: float) -> float:  # noqa: ARG002
        return 0.0


class Way(NamedTuple):
    """An option, and what it touches, so that it can be told from others in another run."""

    how: str
    who: int
    number: int
    writes: bool
    touches: frozenset[object]


@dataclass(slots=True)
class Node:
    """A choice, which of its options is being tried, and which need not be tried."""

    options: list[Way]
    asleep: set[Way]
    at: int = 0

    def next(self, start: int) -> bool:
        """Go to the next option that must be tried."""
        for number in range(start, len(self.options)):
            if self.options[number] not in self.asleep:
                self.at = number
                return True
        return False

    def inherited(self) -> set[Way]:
        """What need not be tried after this choice: it was tried before it, with the same end."""
        chosen = self.options[self.at]
        known = self.asleep.union(self.options[: self.at])
        return {option for option in known if _commute(option, chosen)}


def _commute(one: Way, two: Way) -> bool:
    """Whether two options come to the same in either order, whatever can be observed of it.

    Asking never does: what is asked after an answer must not be put in order before it.
    """
    if "ask" in (one.how, two.how) or "time" in (one.how, two.how):
        return False
    if one.who == two.who or (one.writes and two.writes):
        return False
    if one.how in FAULTS and two.how in FAULTS:
        return False
    return not (one.writes or two.writes) or not (one.touches & two.touches)


class Search:
    """Depth first through all choices; every run repeats a beginning, and then goes on."""

    def __init__(self, budget: int, *, reduced: bool = True) -> None:
        self.random = NoPauses()
        self.nodes: list[Node] = []
        self._budget = budget
        self._reduced = reduced
        self._depth = self._spent = 0

    def choose(self, gates: Gates, *, soon: bool, timer: bool) -> Option:
        """Take the option that is next."""
        options = gates.normal()
        idle = not (gates.waiting or gates.answering)
        if timer and (soon or idle):
            options.append(Option("time"))
        if self._spent < self._budget:
            options += gates.faults()
            if timer and not (soon or idle):
                options.append(Option("time"))
        option = self._next(options)
        self._spent += option.how in FAULTS or (option.how == "time" and not (soon or idle))
        return option

    def lands(self, gates: Gates) -> Option:
        """Nothing more, or a late commit."""
        return self._next([Option("never"), *(Option("lands", call) for call in gates.late)])

    def _next(self, options: Sequence[Option]) -> Option:
        if self._depth == len(self.nodes):
            asleep = self.nodes[-1].inherited() if self.nodes and self._reduced else set()
            node = Node([_way_of(option) for option in options], asleep)
            if not node.next(0):
                raise Redundant
            self.nodes.append(node)
        node = self.nodes[self._depth]
        self._depth += 1
        return options[node.at]

    def advance(self) -> bool:
        """Go on to the next order; False if there is none."""
        self._depth = self._spent = 0
        while self.nodes:
            if self.nodes[-1].next(self.nodes[-1].at + 1):
                return True
            self.nodes.pop()
        return False

    def path(self) -> str:
        """The choices, as they can be given to replay them."""
        return ".".join(str(node.at) for node in self.nodes)


class Retold(Search):
    """Takes the choices that it is told, and then the plainest."""

    def __init__(self, choices: Sequence[int]) -> None:
        super().__init__(budget=len(choices))
        self._choices = iter(choices)

    def _next(self, options: Sequence[Option]) -> Option:
        return options[next(self._choices, 0)]


def _way_of(option: Option) -> Way:
    how, call = option
    if call is None:
        return Way(how, -100, 0, writes=False, touches=frozenset())
    if call.verb == "ask":
        return Way("ask", call.who, 0, writes=False, touches=frozenset())
    touching = how in {"goes", "slow", "lands"}
    writes = call.verb == "commit" and touching
    # A late commit is no longer the business of its instance.
    who = call.who if how != "lands" else 100 * (call.who + 1) + call.number
    touches = frozenset(call.touches if touching else ())
    return Way(how, who, call.number, writes=writes, touches=touches)


def simulate_exhaustively(
    case: Case,
    parts: Parts = SOUND,
    *,
    reduced: bool = True,
    look: Callable[[Run], None] | None = None,
) -> int:
    """Run a case in every order, with every choice of faults; return how many that were.

    Of orders that differ only in that neighbours changed places that cannot have noticed each
    other, one is run, unless it is not to be `reduced`.
    """
    loop = GatedLoop()
    search = Search(case.faults, reduced=reduced)
    runs, more = 0, True
    gc.disable()
    try:
        while more:
            run = Run(case, Gates(search), parts)
            try:
                run.go(loop)
                runs += 1
                if look:
                    look(run)
            except Redundant:
                loop.close()
                loop = GatedLoop()  # What is left of the run stays with the old one.
            except Exception as error:
                raise BrokenRun(_problem(error), case.name, search.path()) from error
            more = search.advance()
            if runs % 1000 == 0:
                gc.collect()
    finally:
        gc.enable()
        loop.close()
    return runs


def _problem(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


# Random


class Dice:
    """Chooses at random, all of it from one seed."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self._fault = (0.0, 0.03, 0.1, 0.3)[int(random.random() * 4)]

    def choose(self, gates: Gates, *, soon: bool, timer: bool) -> Option:
        """Mostly what is plain, sometimes a fault."""
        dice = self.random.random
        if gates.waiting and dice() < self._fault:
            if timer and not soon and dice() < 0.05:
                return Option("time")
            call = gates.waiting[int(dice() * len(gates.waiting))]
            if call.verb != "ask":
                return self._fault_of(call)
        waiting, answering, late = gates.waiting, gates.answering, gates.late
        n = len(waiting)
        m = n + len(answering)
        with_late = m + len(late)
        pick = int(dice() * (with_late + (timer and (soon or not m))))
        if pick < n:
            return Option("goes", waiting[pick])
        if pick < m:
            return Option("answers", answering[pick - n])
        return Option("lands", late[pick - m]) if pick < with_late else Option("time")

    def lands(self, gates: Gates) -> Option:
        """Half of them do."""
        dice = self.random.random
        if dice() < 0.5:
            return Option("never")
        return Option("lands", gates.late[int(dice() * len(gates.late))])

    def _fault_of(self, call: Call) -> Option:
        dice = self.random.random()
        if dice < 0.03:
            return Option("fails", call)
        if dice < 0.3:
            return Option("slow", call)
        return Option("stale" if dice < 0.45 and call.verb == "commit" else "unanswered", call)


CHUNK: Final = 5000
"""So many seeds are given to a process at once."""

GRID: Final = [
    Slot(name, day + start, day + start + 30)
    for day in (0, DAY)
    for name in DOCTORS
    for start in (540, 570)
]
BETWEEN: Final = [slot._replace(start=slot.start + 15, end=slot.end + 15) for slot in GRID]
BIRTHPLACES: Final = [f"{key.doctor_id}.{key.day:%Y%m%d}." for key in DAYS]


@cache
def _name(slot: Slot, number: int) -> str:
    place = _place(slot)
    return f"{place.doctor_id}.{place.day:%Y%m%d}.r{number}"


def random_case(random: Random) -> Case:
    """Two or three instances, three to eight requests of all kinds for a few times."""
    dice = random.random
    instances = (2, 2, 2, 2, 3)[int(dice() * 5)]
    count = (3, 3, 3, 3, 3, 3, 3, 3, 4, 8)[int(dice() * 10)]
    taken = random.sample(GRID, 1 + int(dice() * 3))
    before = tuple(
        (f"{BIRTHPLACES[int(dice() * 4)]}b{number}", slot) for number, slot in enumerate(taken)
    )
    names = [name for name, _ in before]
    near = [*taken, random.choice(GRID), random.choice(GRID), random.choice(BETWEEN)]
    requests: list[Request] = []
    for number in range(count):
        where = int(dice() * instances)
        kind = dice()
        slot = near[int(dice() * len(near))]
        if kind < 0.1 and requests and (again := random.choice(requests)).key:
            requests.append(_again(again, where, number))
        elif kind < 0.5:
            name = _name(slot, number)
            used = ("k1", "k2", None, None, None)[int(dice() * 5)]
            if used is None:
                names.append(name)
            requests.append(Request(where, Book(name, slot), used))
        elif kind < 0.8:
            name = names[int(dice() * len(names))]
            used = "k3" if dice() < 0.2 else None
            requests.append(Request(where, Move(name, slot), used))
        else:
            requests.append(Request(where, Cancel(names[int(dice() * len(names))])))
    return Case(
        "random",
        _shared_out(requests, dice),
        before,
        tuple(_remembered(before, dice) for _ in range(instances)),
        deadlines=(10.0,) * instances,
    )


def _again(request: Request, where: int, number: int) -> Request:
    asked = request.asked
    if isinstance(asked, Book):
        asked = Book(_name(asked.slot, number), asked.slot)
    return Request(where, asked, request.key)


def _shared_out(
    requests: Sequence[Request], dice: Callable[[], float]
) -> tuple[tuple[Request, ...], ...]:
    """Some clients ask one thing after the other."""
    clients: list[list[Request]] = []
    for request in requests:
        if clients and dice() < 0.3:
            clients[int(dice() * len(clients))].append(request)
        else:
            clients.append([request])
    return tuple(tuple(client) for client in clients)


def _remembered(before: World, dice: Callable[[], float]) -> World | None:
    pick = dice()
    if pick < 0.8:
        return None
    return before if pick < 0.9 else before[1:]


def race_of(seed: int, loop: GatedLoop, gates: Gates, parts: Parts = SOUND) -> None:
    """Run the race of a seed, with gates that `gates_of` made of it."""
    case = random_case(gates.chooser.random)
    if gates.trace:
        gates.trace(f"before: {case.before}; remembered: {case.remembered}")
    try:
        Run(case, gates, parts).go(loop)
    except Exception as error:
        raise BrokenRun(_problem(error), str(seed)) from error


def gates_of(seed: int, counts: Counter[str] | None = None) -> Gates:
    """Gates that open as a seed says."""
    return Gates(Dice(Random(seed)), counts)  # noqa: S311 - to be repeated


def simulate_random(seeds: Sequence[int], parts: Parts = SOUND) -> Counter[str]:
    """The races of these seeds; how many runs, calls, faults and answers that were, by kind.

    What they leave behind is not collected on the way, so they should be some thousands at most.
    """
    loop = GatedLoop()
    counts: Counter[str] = Counter()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        for seed in seeds:
            counts["runs"] += 1
            race_of(seed, loop, gates_of(seed, counts), parts)
    finally:
        gc.enable()
        gc.unfreeze()
        loop.close()
    return counts


def simulate_seeds(count: int, processes: int, first: int = 0) -> Counter[str]:
    """The races of so many seeds, in several processes at once."""
    chunks = [range(n, min(n + CHUNK, first + count)) for n in range(first, first + count, CHUNK)]
    counts: Counter[str] = Counter()
    # A process for each chunk: to end it is faster than to collect its garbage.
    with Pool(processes, maxtasksperchild=1) as pool:
        for done in pool.imap(simulate_random, chunks, chunksize=1):
            counts.update(done)
    return counts


# The command


def replay(arguments: Sequence[str], trace: Callable[[str], None]) -> None:
    """Show the race of a seed, or a run of a small case by its choices, step by step."""
    with closing(GatedLoop()) as loop:
        _replay(loop, arguments, trace)


def _replay(loop: GatedLoop, arguments: Sequence[str], trace: Callable[[str], None]) -> None:
    if len(arguments) == 1:
        gates = gates_of(int(arguments[0]))
        gates.trace = trace
        race_of(int(arguments[0]), loop, gates)
        return
    name, choices = arguments
    case = {case.name: case for case in CASES}[name]
    gates = Gates(Retold([int(choice) for choice in choices.split(".") if choice]))
    gates.trace = trace
    Run(case, gates).go(loop)


def simulate_everything(seeds: int, processes: int, tell: Callable[[str], None]) -> list[str]:
    """All small cases, then random races; what to say of them in the end."""
    every = 0
    with ProcessPoolExecutor(processes) as pool:
        for case, runs in zip(CASES, pool.map(simulate_exhaustively, CASES), strict=True):
            tell(f"{case.name}: {runs:,} interleavings, with up to {case.faults} faults each")
            every += runs
    began = perf_counter()
    counts = simulate_seeds(seeds, processes)
    minutes = (perf_counter() - began) / 60
    tell(", ".join(f"{kind}: {number:,}" for kind, number in counts.most_common()))
    return [
        f"{every:,} interleavings: every one of {len(CASES)} small cases, with up to 3 faults each",
        f"{seeds:,} random races of up to 8 requests, {seeds / minutes:,.0f} a minute",
    ]


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1:]:
        replay(sys.argv[1:], _print)
    else:
        simulate_everything(100_000, os.cpu_count() or 1, _print)
