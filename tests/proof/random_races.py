"""Random races, each of them from a seed."""

import gc
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from multiprocessing import Pool
from random import Random
from typing import Final

from tests.proof.calls import Call, Option
from tests.proof.gates import Gates, Trace
from tests.proof.history import (
    Book,
    BookSeries,
    Cancel,
    HoldTime,
    MarkAs,
    Move,
    Slot,
    Update,
)
from tests.proof.promises import TELLING
from tests.proof.random_holds import HoldsAndSeries, asked_again
from tests.proof.simulated_run import SOUND, BrokenRun, Parts, Run
from tests.proof.world import (
    DAY,
    DAYS,
    DOCTORS,
    Asked,
    Case,
    Request,
    There,
    World,
    birthplace,
)
from tests.simulated_loop import SimulatedLoop


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
        return Option("contended" if dice < 0.45 and call.verb == "commit" else "unanswered", call)


CHUNK: Final = 5000
"""So many seeds are given to a process at once."""

GRID = [
    Slot(name, day + start, day + start + 30)
    for day in (0, DAY)
    for name in DOCTORS
    for start in (540, 570)
]
GRID += [Slot("who", DAY + start, DAY + start + 30) for start in (-30, 0)]
BETWEEN: Final = [slot._replace(start=slot.start + 15, end=slot.end + 15) for slot in GRID]


def random_case(random: Random) -> Case:
    """Two or three instances, three to eight requests of all kinds for a few times.

    About a third of them are about holds and series.
    """
    dice = random.random
    instances = (2, 2, 2, 2, 3)[int(dice() * 5)]
    count = (3, 3, 3, 3, 3, 3, 3, 3, 4, 8)[int(dice() * 10)]
    taken = random.sample(GRID, 1 + int(dice() * 3))
    before = tuple[There, ...]()
    for number, slot in enumerate(taken):
        day = DAYS[int(dice() * 4)]
        name = f"{day.doctor_id}.{day.day:%Y%m%d}.b{number}"
        before += (There(name, slot, _patient_for(slot, before, dice)),)
    owners = {name: owner for name, _, owner in before}
    near = [*taken, random.choice(GRID), random.choice(GRID), random.choice(BETWEEN)]
    beside = HoldsAndSeries(random, near, owners)
    there: World = (*before, *beside.there([slot for slot in near if _is_free(slot, taken)]))
    requests: list[Request] = []
    for number in range(count):
        where = int(dice() * instances)
        kind = dice()
        slot = near[int(dice() * len(near))]
        if dice() < 0.3:
            asked: Asked = beside.ask(number)
            keyed = isinstance(asked, HoldTime | BookSeries) and dice() < 0.4
            requests.append(Request(where, asked, "k4" if keyed else None))
        elif kind < 0.1 and requests and (again := random.choice(requests)).key:
            requests.append(_again(again, where, number))
        elif kind < 0.5:
            name = f"{birthplace(slot)}r{number}"
            used = ("k1", "k1", "k2", None, None)[int(dice() * 5)]
            owner = (None, "ada", "ada", "bob")[int(dice() * 4)]
            owners[name] = owner
            by = owner if dice() < 0.9 else None
            requests.append(Request(where, Book(name, slot, owner, by), used))
        else:
            name = [*owners][int(dice() * len(owners))]
            by, version = _asks(owners[name], dice), (None, None, None, 1, 2)[int(dice() * 5)]
            used = "k3" if kind < 0.7 and dice() < 0.2 else None
            asked = _change(kind, Move(name, slot, by, version), f"r{number}")
            requests.append(Request(where, asked, used))
    requests = beside.with_keys(requests)
    patience = [
        (0.002, 0.01, 0.05, 3.0)[int(dice() * 4)] if dice() < 0.1 else None for _ in requests
    ]
    requests = [
        replace(r, patience=p, later=r.instance == 1 and dice() < 0.7)
        for r, p in zip(requests, patience, strict=True)
    ]
    return Case(
        "random",
        _shared_out(requests, dice),
        there,
        tuple(_remembered(there, dice) for _ in range(instances)),
        deadlines=(10.0,) * instances,
        expired=("k1",) if dice() < 0.3 else (),
    )


def _change(kind: float, move: Move, reason: str) -> Move | Cancel | Update | MarkAs:
    """A move, or another change of the same appointment; none is marked at its very start."""
    name, by, version = move.name, move.by, move.version
    if kind < 0.7:
        return move
    if kind < 0.84:
        return Cancel(name, by, version)
    if kind < 0.92:
        return Update(name, reason, by, version)
    if kind < 0.97:
        return MarkAs(name, "no_show", move.slot.start + 10, version=version)
    return MarkAs(name, "arrived" if kind < 0.985 else "fulfilled", 2 * DAY, version=version)


def _patient_for(slot: Slot, before: Sequence[There], dice: Callable[[], float]) -> str | None:
    """Nobody, or somebody who has no other appointment then."""
    owner = (None, "ada", "ada", "bob")[int(dice() * 4)]
    mine = [there.slot for there in before if there.owner == owner]
    return None if any(s.start < slot.end and slot.start < s.end for s in mine) else owner


def _asks(owner: str | None, dice: Callable[[], float]) -> str | None:
    """Mostly the patient whose appointment it is, sometimes staff, seldom another patient."""
    pick = dice()
    if pick < 0.7:
        return owner
    return None if pick < 0.9 else "bob"


def _again(request: Request, where: int, number: int) -> Request:
    asked = request.asked
    if isinstance(asked, Book):
        asked = replace(asked, name=f"{birthplace(asked.slot)}r{number}")
    elif isinstance(asked, HoldTime | BookSeries):
        asked = asked_again(asked, number)
    return Request(where, asked, request.key)


def _is_free(slot: Slot, taken: Sequence[Slot]) -> bool:
    return not any(
        slot.doctor == t.doctor and t.start < slot.end and slot.start < t.end for t in taken
    )


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


def race_of(
    seed: int,
    loop: SimulatedLoop,
    parts: Parts = SOUND,
    counts: Counter[str] | None = None,
    trace: Trace | None = None,
) -> None:
    """Run the race of a seed; in every other one, others are told of what happens.

    Not in all of them, because an event that is there already may stop what should not be tried.
    """
    if seed % 2:
        parts = replace(parts, telling=TELLING)
    dice = Dice(Random(seed))  # noqa: S311 - to be repeated
    case = random_case(dice.random)
    if trace:
        trace(f"before: {case.before}; remembered: {case.remembered}")
    try:
        Run(case, dice, parts, counts, trace).go(loop)
    except Exception as error:
        raise BrokenRun.by(error, str(seed)) from error


def simulate_random(seeds: Sequence[int], parts: Parts = SOUND) -> Counter[str]:
    """The races of these seeds; how many runs, calls, faults and answers that were, by kind."""
    counts: Counter[str] = Counter()
    with closing(SimulatedLoop()) as loop:
        for seed in seeds:
            counts["runs"] += 1
            race_of(seed, loop, parts, counts)
    return counts


def simulate_seeds(count: int, processes: int) -> Counter[str]:
    """The races of so many seeds, in several processes at once."""
    chunks = [range(n, min(n + CHUNK, count)) for n in range(0, count, CHUNK)]
    counts: Counter[str] = Counter()
    # A process for each chunk: to end it is faster than to collect its garbage.
    with Pool(processes, initializer=gc.disable, maxtasksperchild=1) as pool:
        for done in pool.imap(simulate_random, chunks, chunksize=1):
            counts.update(done)
    return counts
