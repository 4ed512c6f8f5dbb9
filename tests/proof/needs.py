"""What calls and answers have to do with each other: who needs whom, who is in whose way."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from tests.proof.history import (
    Appointments,
    Asked,
    Book,
    Call,
    Cancel,
    Change,
    First,
    Get,
    Granted,
    Hours,
    List,
    Listed,
    Move,
    Opening,
    Refused,
    Slot,
    Taken,
)
from tests.proof.rules import State, first_opening

Need = tuple[str | None, Slot | None]
"""A change of this appointment, to a time that overlaps."""


def change_of(call: Call) -> Change | None:
    """What the call may have changed, or be about to change."""
    refused = isinstance(call.answer, Taken | Refused)
    return call.asked if isinstance(call.asked, Change) and not refused else None


def overlap(one: Slot, two: Slot) -> bool:
    """Whether both hold the same doctor at one instant."""
    return one.doctor == two.doctor and one.start < two.end and two.start < one.end


def meets(change: Change, need: Need) -> bool:
    """Whether a change may bring about what is needed."""
    name, place = need
    if name is not None and change.name != name:
        return False
    return place is None or (not isinstance(change, Cancel) and overlap(change.slot, place))


def lacks(call: Call, state: State, hours: Hours) -> Iterator[Need]:
    """Changes that must come before a call whose answer is wrong now; none if it stays wrong.

    A need with a name depends on that appointment alone, one without on the named time alone.
    """
    match call.asked, call.answer:
        case List(doctor, window), Listed(shown):
            there = {(name, start, end) for start, end, name in state.booked(Slot(doctor, *window))}
            yield from ((name, None) for name, _, _ in there - {*shown})
            yield from ((name, Slot(doctor, start, end)) for name, start, end in {*shown} - there)
        case First(doctor, _, length) as asked, Opening(start):
            now = first_opening(asked, state, hours)
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


class Marks:
    """Numbers with a bit for each name and for each stretch of a doctor's time.

    What two calls have to do with each other is seen at once: their marks have a bit in common.
    """

    def __init__(self, names: Iterable[str], times: Iterable[Slot]) -> None:
        self._names = {name: 1 << bit for bit, name in enumerate(names)}
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
    def of(cls, calls: Sequence[Call], *states: Appointments) -> "Marks":
        """Marks that tell all apart that occurs in a history."""
        names = {call.asked.name for call in calls if not isinstance(call.asked, List | First)}
        times = {granted.slot for state in states for granted in state.values()}
        for call in calls:
            match call.asked:
                case List(doctor, window) | First(doctor, window):
                    times.add(Slot(doctor, *window))
                case Book(_, slot) | Move(_, slot):
                    times.add(slot)
        return cls(names.union(*states), times)

    def name(self, name: str) -> int:
        """The mark of an appointment, 0 if nobody ever changes it."""
        return self._names.get(name, 0)

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
                return self.name(name) | self.time(slot)
        return self.name(asked.name)

    def touched_by(self, change: Change, state: State) -> int:
        """What a change makes another: the appointment, its time of before, and its new one."""
        marks, old = self.read_by(change), state.all.get(change.name)
        return marks | self.time(old.slot) if old else marks

    def of_need(self, need: Need) -> int:
        """What a need depends on, and all that could meet it touches."""
        name, place = need
        if name is not None:
            return self.name(name)
        return self.time(place) if place else 0
