"""What calls and answers have to do with each other: who needs whom, who is in whose way."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tests.proof.history import (
    Answer,
    Appointments,
    Asked,
    Book,
    Busy,
    Call,
    Cancel,
    Change,
    First,
    Get,
    Granted,
    Hours,
    List,
    Listed,
    Look,
    Mine,
    Move,
    Opening,
    Refused,
    Slot,
    Taken,
)
from tests.proof.rules import TOO_MANY, State, first_opening, told

Owners = Mapping[str, str | None]
"""Whose each appointment is, by name: that never changes."""


class Need(NamedTuple):
    """A change of this appointment, to a time that overlaps; or any change for this account."""

    name: str | None = None
    place: Slot | None = None
    owner: str | None = None


def change_of(call: Call) -> Change | None:
    """What the call may have changed, or be about to change."""
    refused = isinstance(call.answer, Taken | Busy | Refused)
    return call.asked if isinstance(call.asked, Change) and not refused else None


def overlap(one: Slot, two: Slot) -> bool:
    """Whether both hold the same doctor at one instant."""
    return one.doctor == two.doctor and one.start < two.end and two.start < one.end


def owners_of(calls: Sequence[Call], before: Appointments) -> Owners:
    """Whose each appointment of a history is, whatever is claimed in the end."""
    there = {name: granted.owner for name, granted in before.items()}
    made = (call.asked for call in calls if isinstance(call.asked, Book))
    return {**there, **{asked.name: asked.owner for asked in made}}


def meets(change: Change, need: Need, owners: Owners) -> bool:
    """Whether a change may bring about what is needed."""
    name, place, owner = need
    if owner is not None:
        return owners.get(change.name) == owner
    if name is not None and change.name != name:
        return False
    return place is None or (not isinstance(change, Cancel) and overlap(change.slot, place))


def lacks(call: Call, state: State, hours: Hours) -> Iterator[Need]:
    """Changes that must come before a call whose answer is wrong now; none if it stays wrong.

    A need with a name depends on that appointment alone, one with a time on that time alone, and
    one with an owner on the account alone.
    """
    match call.asked, call.answer:
        case List(doctor, window), Listed(shown):
            there = {(name, start, end) for start, end, name in state.booked(Slot(doctor, *window))}
            yield from (Need(name) for name, _, _ in there - {*shown})
            booked = {*shown} - there
            yield from (Need(name, Slot(doctor, start, end)) for name, start, end in booked)
        case Mine(), Listed(shown):
            right = told(call.asked, state, hours)
            there = {*right.appointments} if isinstance(right, Listed) else set()
            yield from (Need(name) for name, _, _ in there ^ {*shown})
        case First(doctor, _, length) as asked, Opening(start):
            now = first_opening(asked, state, hours)
            if start is not None:
                taken = state.booked(Slot(doctor, start, start + length))
                yield from (Need(name) for _, _, name in taken)
            if now is not None and (start is None or now < start):
                yield Need(place=Slot(doctor, now, now + length))
        case ((Get(name) | Cancel(name)), Granted(slot)):
            found = state.all.get(name)
            yield Need(name, None if found and found.slot == slot else slot)
        case ((Cancel(name) | Move(name)), answer) if isinstance(answer, Refused) or not (
            (found := state.all.get(name)) and found.booked
        ):
            found = state.all.get(name)
            many = answer == TOO_MANY and found and found.booked
            yield Need(owner=call.asked.by) if many else Need(name)
        case (Book() | Move()) as asked, answer:
            yield from _lacks_of_a_time(asked, answer, state, hours)


def _lacks_of_a_time(
    asked: Book | Move, answer: Answer | None, state: State, hours: Hours
) -> Iterator[Need]:
    if TOO_MANY in (answer, told(asked, state, hours)):
        # The changes of a patient become no fewer.
        if answer == TOO_MANY or state.changes[asked.by or ""] < state.allowed.changes:
            yield Need(owner=asked.by)
        return
    slot = asked.slot
    taken = answer.conflicts if isinstance(answer, Taken) else ()
    wrong = [
        other
        for s, e, other in state.booked(slot, but=asked.name)
        if not any(b[0] <= max(s, slot.start) and min(e, slot.end) <= b[1] for b in taken)
    ]
    yield from (Need(other) for other in wrong)
    if taken and not wrong:
        yield Need(place=slot)
    if not taken:
        old = state.all.get(asked.name)
        owner = asked.owner if isinstance(asked, Book) else old and old.owner
        if owner and not wrong:
            yield Need(owner=owner)


class Marks:
    """Numbers with a bit for each name and for each stretch of a doctor's time.

    What two calls have to do with each other is seen at once: their marks have a bit in common.
    """

    def __init__(self, names: Iterable[str], times: Iterable[Slot], owners: Owners) -> None:
        accounts = {owner for owner in owners.values() if owner}
        bits = [*sorted(names), *(("account", owner) for owner in sorted(accounts))]
        self._names: dict[object, int] = {name: 1 << bit for bit, name in enumerate(bits)}
        self._owners = owners
        edges: dict[str, set[int]] = {}
        for doctor, start, end in times:
            edges.setdefault(doctor, set()).update((start, end))
        self._edges = {doctor: sorted(found) for doctor, found in edges.items()}
        self._first_bit: dict[str, int] = {}
        bit = len(self._names)
        for doctor, found in self._edges.items():
            self._first_bit[doctor] = bit
            bit += len(found)
        self._times: dict[Slot, int] = {}

    @classmethod
    def of(cls, calls: Sequence[Call], before: Appointments, after: Appointments) -> "Marks":
        """Marks that tell all apart that occurs in a history."""
        names = {call.asked.name for call in calls if not isinstance(call.asked, Look)}
        times = {granted.slot for granted in (*before.values(), *after.values())}
        for call in calls:
            match call.asked:
                case List(doctor, window) | First(doctor, window):
                    times.add(Slot(doctor, *window))
                case Book(_, slot) | Move(_, slot):
                    times.add(slot)
        return cls(names.union(before, after), times, owners_of(calls, before))

    def name(self, name: str) -> int:
        """The mark of an appointment, 0 if nobody ever changes it."""
        return self._names.get(name, 0)

    def account(self, owner: str | None) -> int:
        """The mark of an account, 0 for none."""
        return self._names.get(("account", owner), 0)

    def time(self, slot: Slot) -> int:
        """The marks of every stretch that a time touches."""
        if (marks := self._times.get(slot)) is None:
            marks = self._times[slot] = self._stretches(slot)
        return marks

    def _stretches(self, slot: Slot) -> int:
        edges = self._edges.get(slot.doctor, [])
        begin = max(bisect_right(edges, slot.start) - 1, 0)
        length = max(bisect_left(edges, slot.end) - begin, 0)
        return ((1 << length) - 1) << (self._first_bit.get(slot.doctor, 0) + begin)

    def read_by(self, asked: Asked) -> int:
        """What an answer may depend on."""
        match asked:
            case List(doctor, window) | First(doctor, window):
                return self.time(Slot(doctor, *window))
            case Book(name, slot) | Move(name, slot):
                return self.name(name) | self.time(slot) | self.account(self._owners.get(name))
            case Mine(owner):
                return self.account(owner)
            case Cancel(name, by):
                return self.name(name) | self.account(by)
        return self.name(asked.name)

    def touched_by(self, change: Change, state: State) -> int:
        """What a change makes another: the appointment, its times, and its owner's account."""
        owner, old = self._owners.get(change.name), state.all.get(change.name)
        marks = self.read_by(change) | self.account(owner)
        return marks | self.time(old.slot) if old else marks

    def of_need(self, need: Need) -> int:
        """What a need depends on, and all that could meet it touches."""
        name, place, owner = need
        if owner is not None:
            return self.account(owner)
        if name is not None:
            return self.name(name)
        return self.time(place) if place else 0
