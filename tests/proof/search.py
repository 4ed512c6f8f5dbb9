"""The search for an order, as Wing and Gong, and Lowe, do it, and what keeps it short.

- Nothing is put in order before the answer of some call is due.
- A call that changes nothing is put in order as soon as its answer is right. Nothing is lost by
  that: all others find the same before and after it.
- A change without an answer is left out at once where the end shows that it never took effect.
- Which change is next? Let T be calls under way: the one that is due; for each in T whose answer
  is not right yet, all that could bring about one thing that it lacks; for each whose answer is
  right, all that it could spoil. In an order that explains everything, take the first call of T.
  What it lacks did not come before it, as that would be in T; nor did what it could spoil. So it
  may as well come at once, and only calls of T need be tried (Valmari's stubborn sets).
- Of a call about several things at once, a series or a booking with a hold, it is not told what it
  lacks: all that touches what it reads is tried.
- A change whose version would be higher than that of an answer which is still to come, cannot be
  made before that: versions only rise.
- A way that fails tells why: which appointments and which times T was about, on it and on all ways
  on from it. A change that touched none of these had no part in it: what could have been made
  instead of it would fail alike, and is not tried (conflict-directed backjumping, Prosser 1993).
  So calls that have nothing to do with each other do not multiply, as if each group of them were
  judged apart.
- A way that comes to what was tried before is given up, for the same reason: the same calls are in
  order, and the appointments are the same.

The problem is NP-complete, so there are histories that no search gets through: it counts its steps,
and says so after too many. A step is a change that is put in order on trial, and all reads that it
makes right.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from tests.proof.history import (
    Book,
    BookSeries,
    Call,
    Cancel,
    CancelSeries,
    DeleteOverride,
    Effect,
    Ended,
    Get,
    Granted,
    History,
    HoldTime,
    Kept,
    Look,
    MakeOverride,
    MarkAs,
    Move,
    Override,
    Release,
    Thing,
    Things,
    Update,
    after_it,
    names_of,
)
from tests.proof.needs import Marks, Need, change_of, lacks, meets, owners_of
from tests.proof.rules import UNKNOWN, State, agree, told

LIMIT = 100_000
"""Steps after which a search gives up."""

Key = tuple[object, ...]


class Undecided(Exception):
    """No order was found in so many steps, and perhaps there is one."""


@dataclass(frozen=True, slots=True)
class _Way:
    """How far a way has come: events passed, calls under way, the state, calls put in order."""

    passed: int
    under_way: tuple[int, ...]
    state: State
    order: tuple[int, ...]
    touched: int
    """By the last change."""


@dataclass(slots=True)
class _Fork:
    """Where a way has come to; the ways on that are not tried yet; why those that were failed."""

    key: Key
    optional: int
    touched: int
    ways: Iterator[_Way]
    why: int = 0


class Search:
    """One search. Calls go by their number, in order of invocation.

    The last ones look up how it ended, and all must be right at one instant: they are never put
    in order, and it is over when each would be right.
    """

    def __init__(self, history: History, limit: int = LIMIT) -> None:
        self.steps, self.limit = 0, limit
        calls, self.hours, before, after, self.allowed = history
        calls = [call for call in calls if _may_count(call, before, after)]
        self.before, self.count = before, len(calls)
        asked = [call.asked for call in calls if not isinstance(call.asked, Look)]
        names = {name for each in asked for name in names_of(each)}
        names |= before.keys() | after.keys()
        ends = [Call(inf, Get(name), inf, after.get(name, UNKNOWN)) for name in sorted(names)]
        self.calls = [*sorted(calls, key=lambda call: call.invoked), *ends]
        numbered = list(enumerate(self.calls))
        self.changes = {n: change for n, call in numbered if (change := change_of(call))}
        uses = Counter(name for change in self.changes.values() for name in names_of(change))
        self.optional = {n for n in self.changes if self.calls[n].answered is None}
        uses.update(name for number in self.optional for name in names_of(self.changes[number]))
        self.uncertain = [name for name, times in uses.items() if times > 1]
        self.marks = Marks.of(self.calls, before, after)
        self.owners = owners_of(self.calls, before)
        self.reads = [self.marks.read_by(call.asked) for call in self.calls]
        made = numbered[: self.count]
        events = [(call.invoked, False, number) for number, call in made]
        events += [(c.answered, True, number) for number, c in made if c.answered is not None]
        self.events = sorted(events)
        self.invoked = {n: i for i, (_, answer, n) in enumerate(self.events) if not answer}
        self.pins = _pins(self.calls)
        self.furthest, self.stuck = -1, 0

    def run(self) -> list[Call] | None:
        """Try one way after the other, the deepest first. Raises `Undecided`."""
        failed: dict[Key, list[tuple[int, int]]] = {}
        beginning = self._advance(_Way(0, (), State(self.before, self.allowed), (), touched=0))
        forks = [_Fork((), 0, 0, iter([beginning]))]
        while forks:
            way = next(forks[-1].ways, None)
            if way is None:
                fork = forks.pop()
                failed.setdefault(fork.key, []).append((fork.optional, fork.why))
                _blame(forks, fork.touched, fork.why)
                continue
            due = self._due(way)
            if due is None:
                return [self.calls[number] for number in way.order]
            key, optional = self._key(way)
            why = next((why for had, why in failed.get(key, ()) if not optional & ~had), None)
            if why is not None:
                _blame(forks, way.touched, why)
            else:
                forks.append(self._fork(way, due, key, optional))
        return None

    def _key(self, way: _Way) -> tuple[Key, int]:
        """All that matters for what comes after it; and which changes may yet come, as bits.

        Who is in order tells how the other appointments are. Of two cancellations, only the first
        counts as a change of the patient who asked.
        """
        must = tuple(number for number in way.under_way if number not in self.optional)
        optional = sum(1 << number for number in way.under_way if number in self.optional)
        counts = tuple(sorted(way.state.changes.items()))
        return (way.passed, must, tuple(map(way.state.all.get, self.uncertain)), counts), optional

    def _due(self, way: _Way) -> int | None:
        """The call whose answer is next; after all answers, what is not yet as in the end."""
        if way.passed < len(self.events):
            return self.events[way.passed][2]
        ends = range(self.count, len(self.calls))
        return next((end for end in ends if not self._is_right(end, way.state)), None)

    def _fork(self, way: _Way, due: int, key: Key, optional: int) -> _Fork:
        if way.passed > self.furthest:
            self.furthest, self.stuck = way.passed, due
        worth_trying, why = self._worth_trying(way, due)
        # What may never have been, comes last.
        worth_trying.sort(key=lambda number: self.calls[number].answer is None)
        return _Fork(key, optional, way.touched, self._further(way, worth_trying), why)

    def _further(self, way: _Way, numbers: Sequence[int]) -> Iterator[_Way]:
        for number in numbers:
            self.steps += 1
            if self.steps > self.limit:
                raise Undecided(f"no order was found in {self.limit:,} steps")
            change = self.changes[number]
            granted = told(change, way.state, self.hours)
            assert isinstance(granted, Effect)
            touched = self.marks.touched_by(change, way.state)
            state = way.state.changed(change, granted)
            under_way = tuple(other for other in way.under_way if other != number)
            order = (*way.order, number)
            yield self._advance(_Way(way.passed, under_way, state, order, touched))

    def _advance(self, way: _Way) -> _Way:
        """Pass all events until the answer of a call that is not in order yet is due."""
        passed, order, under_way = way.passed, list(way.order), list[int]()
        for number in way.under_way:
            settled = self.reads[number] & way.touched and self._settled(number, way.state)
            (order if settled else under_way).append(number)
        for _, is_answer, number in self.events[passed:]:
            if not is_answer:
                (order if self._settled(number, way.state) else under_way).append(number)
            elif number in under_way:
                break
            passed += 1
        return _Way(passed, tuple(under_way), way.state, tuple(order), way.touched)

    def _settled(self, number: int, state: State) -> bool:
        return number not in self.changes and self._is_right(number, state)

    def _is_right(self, number: int, state: State) -> bool:
        call = self.calls[number]
        return agree(call.answer, told(call.asked, state, self.hours))

    def _worth_trying(self, way: _Way, due: int) -> tuple[list[int], int]:
        """The changes in T that can be made now, and what T is about."""
        chosen, can_be_made, about = [due], list[int](), 0
        for number in chosen:  # which grows meanwhile
            others = [other for other in way.under_way if other != number]
            if not self._is_right(number, way.state):
                marks, more = self._helpers(number, way.state, others, chosen)
            elif before := self._before(number, way):
                # One of these is as good as another: all have to come first.
                name, first = before
                marks = self.marks.name(name)
                more = [first] if first in others else []
            else:
                can_be_made.append(number)
                marks = self.marks.touched_by(self.changes[number], way.state)
                more = [other for other in others if self.reads[other] & marks]
            about |= marks
            chosen += [other for other in more if other not in chosen]
        return can_be_made, about

    def _before(self, number: int, way: _Way) -> tuple[str, int] | None:
        """A call that is right only up to an earlier version than a change would make now.

        Versions only rise, so it must come before it. With the name of what it is about.
        """
        change = self.changes[number]
        granted = told(change, way.state, self.hours)
        assert isinstance(granted, Effect)
        for name, thing in after_it(change, granted, way.state.all).items():
            if not isinstance(thing, Granted):
                continue
            for other, version in self.pins.get(name, ()):
                if version < thing.version and other != number and self._is_open(other, way):
                    return name, other
        return None

    def _is_open(self, number: int, way: _Way) -> bool:
        """Whether a call is not in order yet, or looks up how it ended."""
        not_invoked = self.invoked.get(number, inf) >= way.passed
        return not_invoked or number in way.under_way

    def _helpers(
        self, number: int, state: State, others: Sequence[int], chosen: Sequence[int]
    ) -> tuple[int, list[int]]:
        """Of what a call lacks, what the fewest others could bring about; and these."""
        reads, found = self.reads[number], list[tuple[int, list[int]]]()
        for need in lacks(self.calls[number], state, self.hours):
            marks = reads if need.anything else self.marks.of_need(need)
            changes = [other for other in others if other in self.changes]
            helping = [other for other in changes if self._meets(other, need, reads, state)]
            found.append((marks, helping))
        nothing = reads, list[int]()
        return min(found, key=lambda one: len({*one[1]} - {*chosen}), default=nothing)

    def _meets(self, number: int, need: Need, reads: int, state: State) -> bool:
        """Whether a change may bring about what a call needs, which reads so much."""
        change = self.changes[number]
        if need.anything:
            return bool(self.marks.touched_by(change, state) & reads)
        return meets(change, need, self.owners)


def _pins(calls: Sequence[Call]) -> Mapping[str, Sequence[tuple[int, int]]]:
    """By name, the calls that can only be right up to a version, by number, and that version."""
    pins: dict[str, list[tuple[int, int]]] = {}
    for number, call in enumerate(calls):
        match call.asked, call.answer:
            case (
                (Get(name) | Move(name) | Cancel(name) | Update(name) | MarkAs(name)),
                Granted(version=version),
            ):
                pins.setdefault(name, []).append((number, version))
            case CancelSeries(), Ended(cancelled):
                for name, granted in cancelled:
                    pins.setdefault(name, []).append((number, granted.version))
    return pins


def _blame(forks: Sequence[_Fork], touched: int, why: int) -> None:
    """Tell the last fork that a way on from it has failed, and what the change touched."""
    if not forks:
        return
    fork = forks[-1]
    if touched & why:
        fork.why |= why
    else:
        fork.why, fork.ways = why, iter(())


def _may_count(call: Call, before: Things, after: Things) -> bool:
    """Whether a call was answered, or may have taken effect, by what there is in the end."""
    if call.answered is not None:
        return True
    match call.asked:
        case Book(name) | MakeOverride(name) | HoldTime(name):
            return name in after and name not in before
        case BookSeries(names):
            return any(name in after and name not in before for name in names)
        case Cancel(name) | DeleteOverride(name) | Release(name):
            return _is_over(after.get(name))
        case CancelSeries(names):
            return any(_is_over(after.get(name)) for name in names)
        case MarkAs(name):
            end = after.get(name)
            return isinstance(end, Granted) and end.mark is not None
        case Move(name) | Update(name):
            return name in after
    return False


def _is_over(end: Thing | None) -> bool:
    return (isinstance(end, Granted) and not end.booked) or (
        isinstance(end, Override | Kept) and not end.stands
    )
