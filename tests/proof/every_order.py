"""A case in every order, with every choice of faults."""

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple

from tests.proof.calls import How, Option
from tests.proof.gates import Gates
from tests.proof.promises import TELLING
from tests.proof.simulated_run import SOUND, BrokenRun, Parts, Run
from tests.proof.world import Case
from tests.simulated_loop import SimulatedLoop

_OF_COMMITS: Final[tuple[How, ...]] = ("unanswered", "slow", "contended")
_OF_READS: Final[tuple[How, ...]] = ("unanswered", "slow")


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
    writes: bool = False
    touches: frozenset[object] = frozenset()


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
    if one.how in _OF_COMMITS and two.how in _OF_COMMITS:
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
        """Take the option that is next; the first of them is the plainest."""
        free = soon or not (gates.waiting or gates.answering)
        options = [Option("goes", call) for call in gates.waiting]
        options += [Option("answers", call) for call in gates.answering]
        options += [Option("lands", call) for call in gates.late]
        if timer and free:
            options.append(Option("time"))
        if self._spent < self._budget:
            options += _faults(gates)
            if timer and not free:
                options.append(Option("time"))
        option = self._next(options)
        self._spent += option.how in _OF_COMMITS or (option.how == "time" and not free)
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


def _faults(gates: Gates) -> list[Option]:
    """The faults that the waiting calls could suffer."""
    return [
        Option(how, call)
        for call in gates.waiting
        if call.verb != "ask"
        for how in (_OF_COMMITS if call.verb == "commit" else _OF_READS)
    ]


def _way_of(option: Option) -> Way:
    how, call = option
    if call is None:
        return Way(how, -100, 0)
    if call.verb == "ask":
        return Way("ask", call.who, 0)
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
    loop = SimulatedLoop()
    search = Search(case.faults, reduced=reduced)
    runs, more = 0, True
    gc.disable()
    try:
        while more:
            run = Run(case, search, parts)
            try:
                run.go(loop)
                runs += 1
                if look:
                    look(run)
            except Redundant:
                loop.close()
                loop = SimulatedLoop()  # What is left of the run stays with the old one.
            except Exception as error:
                raise BrokenRun.by(error, case.name, search.path()) from error
            more = search.advance()
            if runs % 1000 == 0:
                gc.collect()
    finally:
        gc.enable()
        loop.close()
    return runs


def simulate_told(case: Case) -> int:
    """Run a case in every order where others are told of what happens."""
    return simulate_exhaustively(case, Parts(telling=TELLING))
