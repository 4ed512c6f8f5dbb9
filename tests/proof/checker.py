"""Is there an order of all calls, each at one instant of its own, that explains every answer?

The rules are in `told`: what a store would answer that does one thing after the other. Whatever
order is found, `_proves` does it all again by these rules: so these two are all that has to be
believed of "explained". The rest only looks for an order, as Wing and Gong, and Lowe, do:

- Nothing is put in order before the answer of some call is due.
- A call that changes nothing is put in order as soon as its answer is right. Nothing is lost by
  that: all others find the same before and after it.
- Which change is next? Let T be calls under way: the one that is due; for each in T whose answer
  is not right yet, all that could bring about one thing that it lacks; for each whose answer is
  right, all that it could spoil. In an order that explains everything, take the first call of T.
  What it lacks did not come before it, as that would be in T; nor did what it could spoil. So it
  may as well come at once, and only calls of T need be tried (Valmari's stubborn sets).
- A way that comes to what was tried before is given up: the same calls are in order, and the
  appointments are the same.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import inf

from tests.proof.history import (
    Answer,
    Appointments,
    Asked,
    Book,
    Call,
    Cancel,
    Done,
    First,
    Get,
    Granted,
    Hours,
    List,
    Listed,
    Minutes,
    Move,
    Opening,
    Refused,
    Slot,
    Taken,
)

Change = Book | Move | Cancel
Need = tuple[str | None, Slot | None]  # a change of this appointment, to a time that overlaps

UNKNOWN, CANCELLED = Refused("unknown_appointment"), Refused("already_cancelled")


def explain(
    calls: Sequence[Call], hours: Hours, before: Appointments, after: Appointments
) -> list[Call] | None:
    """An order that leads from `before` to `after` and explains every answer, or None.

    A call that was answered before another was invoked comes before it. A call without an answer
    stands where it took effect; where it is left out, it never did, or was only a read.
    """
    order = _Search(calls, hours, before, after).run()
    assert order is None or _proves(order, calls, hours, before, after), "the search is wrong"
    return order


# The rules


def _proves(
    order: Sequence[Call],
    calls: Sequence[Call],
    hours: Hours,
    before: Appointments,
    after: Appointments,
) -> bool:
    """Whether an order explains it: done again from the beginning, one call after the other."""
    state, instant = State(before), -inf
    for call in order:
        instant = max(instant, call.invoked)
        granted = told(call.asked, state, hours)
        in_time = call.answered is None or instant <= call.answered
        if not in_time or not _agree(call.answer, granted):
            return False
        if isinstance(call.asked, Change) and isinstance(granted, Granted):
            state = State(state.all | {call.asked.name: granted})
    missing = Counter(map(id, calls))
    missing.subtract(map(id, order))
    once = min(missing.values(), default=0) >= 0
    complete = all(call.answered is None or not missing[id(call)] for call in calls)
    return once and complete and state.all == after


def _agree(answer: Answer | None, right: Answer | None) -> bool:
    """Whether the right answer is what was told, as far as anything was."""
    vague = answer is None or isinstance(answer, Done)
    return isinstance(right, Granted) if vague else right == answer


class State:
    """All appointments by name; of each doctor the times of the booked ones, in order."""

    def __init__(self, appointments: Appointments) -> None:
        self.all = appointments
        self._booked: dict[str, list[tuple[int, int, str]]] = {}
        for name, appointment in appointments.items():
            if appointment.booked:
                slot = appointment.slot
                self._booked.setdefault(slot.doctor, []).append((slot.start, slot.end, name))
        for booked in self._booked.values():
            booked.sort()

    def booked(self, slot: Slot, but: str | None = None) -> list[tuple[int, int, str]]:
        """Start, end and name of those that overlap a time."""
        start, end = slot.start, slot.end
        booked = self._booked.get(slot.doctor, ())
        return [b for b in booked if b[0] < end and b[1] > start and b[2] != but]


def told(asked: Asked, state: State, hours: Hours) -> Answer | None:
    """The right answer, or None where the record has no word for it.

    When a `Book`, `Move` or `Cancel` is granted, the appointment is from then on as was granted.
    """
    match asked:
        case List(doctor, window):
            booked = state.booked(Slot(doctor, *window))
            return Listed(tuple((name, start, end) for start, end, name in booked))
        case First():
            return Opening(_first(asked, state, hours))
        case Book(name, slot):
            return None if name in state.all else _placed(name, slot, state, hours)
    return _told_of(asked, state.all.get(asked.name), state, hours)


def _told_of(
    asked: Move | Cancel | Get, found: Granted | None, state: State, hours: Hours
) -> Answer | None:
    if found is None:
        return UNKNOWN
    if isinstance(asked, Get):
        return found
    if isinstance(asked, Cancel):
        return replace(found, booked=False)
    return _placed(asked.name, asked.slot, state, hours) if found.booked else CANCELLED


def _placed(name: str, slot: Slot, state: State, hours: Hours) -> Granted | Taken | None:
    if not any(opens <= slot.start and slot.end <= closes for opens, closes in hours[slot.doctor]):
        return None
    busy: list[Minutes] = []
    for start, end, _ in state.booked(slot, but=name):
        part = max(start, slot.start), min(end, slot.end)
        if busy and part[0] <= busy[-1][1]:
            part = busy[-1][0], max(busy.pop()[1], part[1])
        busy.append(part)
    return Taken(tuple(busy)) if busy else Granted(slot)


def _first(asked: First, state: State, hours: Hours) -> int | None:
    for opens, closes in hours[asked.doctor]:
        start, until = max(opens, asked.window[0]), min(closes, asked.window[1])
        for booked_from, booked_until, _ in state.booked(Slot(asked.doctor, start, until)):
            if start + asked.length <= booked_from:
                break
            start = max(start, booked_until)
        if start + asked.length <= until:
            return start
    return None


# The search


@dataclass(frozen=True, slots=True)
class _Way:
    """How far a way has come: events passed, calls under way, the state, calls put in order."""

    passed: int
    under_way: tuple[int, ...]
    state: State
    order: tuple[int, ...]


class _Search:
    """Calls go by their number, in order of invocation.

    The last ones look up how it ended, and all must be right at one instant: they are never put
    in order, and it is over when each would be right.
    """

    def __init__(
        self, calls: Sequence[Call], hours: Hours, before: Appointments, after: Appointments
    ) -> None:
        calls = [c for c in calls if c.answered is not None or isinstance(c.asked, Change)]
        self.hours, self.before, self.count = hours, before, len(calls)
        names = {call.asked.name for call in calls if not isinstance(call.asked, List | First)}
        names |= before.keys() | after.keys()
        ends = [Call(inf, Get(name), inf, after.get(name, UNKNOWN)) for name in sorted(names)]
        self.calls = [*sorted(calls, key=lambda call: call.invoked), *ends]
        numbered = list(enumerate(self.calls))
        self.changes = {n: change for n, call in numbered if (change := _change(call))}
        uses = Counter(change.name for change in self.changes.values())
        self.contested = [name for name, times in uses.items() if times > 1]
        made = numbered[: self.count]
        events = [(call.invoked, False, number) for number, call in made]
        events += [(c.answered, True, number) for number, c in made if c.answered is not None]
        self.events = sorted(events)
        self.furthest, self.stuck = -1, 0

    def run(self) -> list[Call] | None:
        """Try one way after the other, the deepest first."""
        tried = set()
        ways = [iter([self._advance(_Way(0, (), State(self.before), ()))])]
        while ways:
            way = next(ways[-1], None)
            if way is None:
                ways.pop()
                continue
            due = self._due(way)
            if due is None:
                return [self.calls[number] for number in way.order]
            # Who is in order tells how all appointments are, but those that were changed often.
            here = way.passed, way.under_way, tuple(map(way.state.all.get, self.contested))
            if here not in tried:
                tried.add(here)
                if way.passed > self.furthest:
                    self.furthest, self.stuck = way.passed, due
                ways.append(self._further(way, due))
        return None

    def _due(self, way: _Way) -> int | None:
        """The call whose answer is next; after all answers, what is not yet as in the end."""
        if way.passed < len(self.events):
            return self.events[way.passed][2]
        ends = range(self.count, len(self.calls))
        return next((end for end in ends if not self._is_right(end, way.state)), None)

    def _further(self, way: _Way, due: int) -> Iterator[_Way]:
        """Every way on from here that is worth trying; what may never have been, comes last."""
        worth_trying = list(self._worth_trying(way, due))
        for number in sorted(worth_trying, key=lambda number: self.calls[number].answer is None):
            change = self.changes[number]
            granted = told(change, way.state, self.hours)
            assert isinstance(granted, Granted)
            state = State(way.state.all | {change.name: granted})
            under_way = tuple(other for other in way.under_way if other != number)
            yield self._advance(_Way(way.passed, under_way, state, (*way.order, number)))

    def _advance(self, way: _Way) -> _Way:
        """Pass all events until the answer of a call that is not in order yet is due."""
        passed, order, under_way = way.passed, list(way.order), list[int]()
        for number in way.under_way:
            (order if self._settled(number, way.state) else under_way).append(number)
        for _, is_answer, number in self.events[passed:]:
            if not is_answer:
                (order if self._settled(number, way.state) else under_way).append(number)
            elif number in under_way:
                break
            passed += 1
        return _Way(passed, tuple(under_way), way.state, tuple(order))

    def _settled(self, number: int, state: State) -> bool:
        return number not in self.changes and self._is_right(number, state)

    def _is_right(self, number: int, state: State) -> bool:
        call = self.calls[number]
        return _agree(call.answer, told(call.asked, state, self.hours))

    def _worth_trying(self, way: _Way, due: int) -> Iterator[int]:
        """The changes in T that can be made now."""
        chosen = [due]
        for number in chosen:  # which grows meanwhile
            others = [other for other in way.under_way if other != number]
            if self._is_right(number, way.state):
                yield number
                change = self.changes[number]
                more = [o for o in others if _may_spoil(change, self.calls[o].asked, way.state)]
            else:
                needs = _lacks(self.calls[number], way.state, self.hours)
                helpers = [self._helpers(need, others) for need in needs]
                more = min(helpers, key=lambda some: len({*some} - {*chosen}), default=[])
            chosen += [other for other in more if other not in chosen]

    def _helpers(self, need: Need, numbers: Iterable[int]) -> list[int]:
        return [n for n in numbers if n in self.changes and _meets(self.changes[n], need)]


def _lacks(call: Call, state: State, hours: Hours) -> Iterator[Need]:
    """Changes that must come before a call whose answer is wrong now; none if it stays wrong."""
    match call.asked, call.answer:
        case List(doctor, window), Listed(shown):
            there = {(name, start, end) for start, end, name in state.booked(Slot(doctor, *window))}
            yield from ((name, None) for name, _, _ in there - {*shown})
            yield from ((name, Slot(doctor, start, end)) for name, start, end in {*shown} - there)
        case First(doctor, _, length) as asked, Opening(start):
            now = _first(asked, state, hours)
            if start is not None:
                taken = state.booked(Slot(doctor, start, start + length))
                yield from ((name, None) for _, _, name in taken)
            if now is not None and (start is None or now < start):
                yield None, Slot(doctor, now, now + length)
        case ((Get(name) | Cancel(name)), Granted(slot)):
            found = state.all.get(name)
            yield name, None if found and found.slot == slot else slot
        case ((Cancel(name) | Move(name)), answer) if isinstance(answer, Refused) or not (
            (found := state.all.get(name)) and found.booked
        ):
            yield name, None
        case ((Book(name, slot) | Move(name, slot)), answer):
            busy = answer.conflicts if isinstance(answer, Taken) else ()
            wrong = [
                other
                for s, e, other in state.booked(slot, but=name)
                if not any(b <= max(s, slot.start) and min(e, slot.end) <= f for b, f in busy)
            ]
            yield from ((other, None) for other in wrong)
            if busy and not wrong:
                yield None, slot


def _meets(change: Change, need: Need) -> bool:
    name, place = need
    if name is not None and change.name != name:
        return False
    return place is None or (not isinstance(change, Cancel) and _overlap(change.slot, place))


def _change(call: Call) -> Change | None:
    """What the call may have changed, or be about to change."""
    refused = isinstance(call.answer, Taken | Refused)
    return call.asked if isinstance(call.asked, Change) and not refused else None


def _overlap(one: Slot, two: Slot) -> bool:
    return one.doctor == two.doctor and one.start < two.end and two.start < one.end


def _may_spoil(change: Change, other: Asked, state: State) -> bool:
    """Whether an answer that is right before a change may be wrong after it."""
    old = state.all.get(change.name)
    touched = [old.slot] if old else []
    if not isinstance(change, Cancel):
        touched.append(change.slot)
    match other:
        case List(doctor, window) | First(doctor, window):
            return any(_overlap(Slot(doctor, *window), slot) for slot in touched)
        case Book(name, place) | Move(name, place):
            return name == change.name or any(_overlap(place, slot) for slot in touched)
    return other.name == change.name


# What is wrong, for people


@dataclass(frozen=True, slots=True)
class Verdict:
    """Sentences on each kind of wrong, none where all is well."""

    double: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    phantom: tuple[str, ...] = ()
    unexplained: tuple[str, ...] = ()


def judge(
    calls: Sequence[Call], hours: Hours, before: Appointments, after: Appointments
) -> Verdict:
    """All that is wrong; the history is right exactly where nothing is unexplained."""
    found = problems(calls, before, after)
    if explain(calls, hours, before, after) is not None:
        return found
    search = _Search(calls, hours, before, after)
    search.run()
    return replace(found, unexplained=(f"no order explains {search.calls[search.stuck]}",))


def problems(calls: Sequence[Call], before: Appointments, after: Appointments) -> Verdict:
    """What is certainly wrong at first sight, whatever the order; much cannot be seen so."""
    changes: dict[str, list[Call]] = {name: [] for name in (*before, *after)}
    for call in calls:
        if change := _change(call):
            changes.setdefault(change.name, []).append(call)
    held = [held for name, made in changes.items() for held in _held(name, made, before)]
    lost, phantom = list[str](), list[str]()
    for name, made in changes.items():
        last, cancels = after.get(name), [call for call in made if isinstance(call.asked, Cancel)]
        mine = [time for time in held if time.name == name]
        kept = cancels or not mine or (last and last.booked)
        if not kept or any(time.until == inf and last != Granted(time.slot) for time in mine):
            lost.append(f"{name} was acknowledged, and is {last} in the end")
        asked = {call.asked.slot for call in made if isinstance(call.asked, Book | Move)}
        asked |= {before[name].slot} if name in before else set()
        born = name in before or any(isinstance(call.asked, Book) for call in made)
        if last and not (born and last.slot in asked):
            phantom.append(f"{name} is {last} in the end, and nobody was granted that")
        if last and last.booked and any(call.answer for call in cancels):
            phantom.append(f"{name} is booked in the end, and was cancelled")
    end = 1 + max((call.answered or call.invoked for call in calls), default=0.0)
    held += [_Held(name, a.slot, end, inf) for name, a in after.items() if a.booked]
    double = {
        f"{one.name} and {two.name} were both booked: {one.slot}, {two.slot}": None
        for one, two in combinations(sorted(held, key=lambda time: time.name), 2)
        if one.name != two.name
        and _overlap(one.slot, two.slot)
        and max(one.since, two.since) < min(one.until, two.until)
    }
    return Verdict(tuple(double), tuple(lost), tuple(phantom))


@dataclass(frozen=True, slots=True)
class _Held:
    """An appointment certainly had this time from one instant until before another."""

    name: str
    slot: Slot
    since: float
    until: float


def _held(name: str, made: Sequence[Call], before: Appointments) -> Iterator[_Held]:
    """From each acknowledgement until the next change may have been made."""
    others = [call for call in made if not isinstance(call.asked, Book)]
    if name in before and before[name].booked:
        until = min((call.invoked for call in others), default=inf)
        yield _Held(name, before[name].slot, -inf, until)
    for call in made:
        if call.answered is not None and isinstance(call.asked, Book | Move):
            rest = [other for other in others if other is not call]
            later = [o for o in rest if o.answered is None or o.answered >= call.invoked]
            until = min((other.invoked for other in later), default=inf)
            yield _Held(name, call.asked.slot, call.answered, until)
