"""What calls and answers have to do with each other: who needs whom, who is in whose way."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

from tests.proof.history import (
    NO_BUFFERS,
    Affected,
    Answer,
    Asked,
    Book,
    BookSeries,
    Busy,
    Call,
    Cancel,
    CancelSeries,
    Change,
    ChangeOfCalendar,
    DeleteOverride,
    First,
    Get,
    Granted,
    HoldTime,
    Hours,
    List,
    Listed,
    Look,
    MakeOverride,
    MarkAs,
    Mine,
    Move,
    Opening,
    Refused,
    Release,
    Slot,
    Taken,
    Things,
    Unavailable,
    Update,
    appointments_of,
    names_of,
    slots_of,
)
from tests.proof.rules import (
    DAY,
    OFF,
    OUTSIDE,
    TOO_MANY,
    State,
    days_of,
    first_opening,
    overlap,
    told,
)

Owners = Mapping[str, str | None]
"""Whose each appointment is, by name: that never changes."""

LONGEST_BUFFER = 15
"""In minutes: so much later an appointment may still be in the way of another."""

PLACING = (TOO_MANY, OUTSIDE, OFF)
"""Refusals that are not about what becomes of an appointment of this name."""


class Need(NamedTuple):
    """A change of this appointment, to a time that overlaps; or any change for this account.

    Or a change of when a doctor works then, if it is about the `calendar`. Or any change at all
    that touches what the call reads, if it is about `anything`.
    """

    name: str | None = None
    place: Slot | None = None
    owner: str | None = None
    calendar: bool = False
    anything: bool = False


ANYTHING = Need(anything=True)
"""Of calls about several things at once: which of them it is, is left to the search."""


def change_of(call: Call) -> Change | None:
    """What the call may have changed, or be about to change."""
    refused = isinstance(call.answer, Taken | Busy | Refused | Unavailable)
    return call.asked if isinstance(call.asked, Change) and not refused else None


def with_buffers(slot: Slot) -> Slot:
    """All that an appointment at this time may keep from others, or others from it."""
    return Slot(slot.doctor, slot.start - LONGEST_BUFFER, slot.end + LONGEST_BUFFER)


def _seen(asked: Change, slot: Slot) -> Slot:
    """What a time depends on; of a hold, all holds of the patient on the same days do."""
    if not (isinstance(asked, HoldTime) and asked.by):
        return with_buffers(slot)
    days = days_of(slot)
    return Slot(slot.doctor, days.start * DAY, days.stop * DAY)


def owners_of(calls: Sequence[Call], before: Things) -> Owners:
    """Whose each appointment of a history is, whatever is claimed in the end."""
    there = {name: granted.owner for name, granted in appointments_of(before).items()}
    made = [call.asked for call in calls if isinstance(call.asked, Book)]
    series = [call.asked for call in calls if isinstance(call.asked, BookSeries)]
    together = {name: asked.owner for asked in series for name in asked.names}
    return {**there, **{asked.name: asked.owner for asked in made}, **together}


def meets(change: Change, need: Need, owners: Owners) -> bool:
    """Whether a change may bring about what is needed."""
    name, place, owner, calendar, _ = need
    if owner is not None:
        return any(owners.get(each) == owner for each in names_of(change))
    if name is not None and name not in names_of(change):
        return False
    if place is None:
        return True
    if calendar and not isinstance(change, ChangeOfCalendar):
        return False
    return any(overlap(with_buffers(slot), place) for slot in slots_of(change))


def lacks(call: Call, state: State, hours: Hours) -> Iterator[Need]:
    """Changes that must come before a call whose answer is wrong now; none if it stays wrong.

    A need with a name depends on that appointment alone, one with a time on that time alone, and
    one with an owner on the account alone.
    """
    match call.asked, call.answer:
        case ((List() | Mine() | Affected() | First()), _):
            yield from _lacks_of_a_look(call, state, hours)
        case ((Get(name) | Cancel(name)), Granted(slot)):
            found = state.all.get(name)
            yield Need(name, None if found and found.slot == slot else slot)
        case ((Get(name) | DeleteOverride(name)), _):
            yield Need(name)
        case ((HoldTime() | Release() | BookSeries() | CancelSeries() | Book(hold=str())), _):
            yield ANYTHING
        case (Book() | Move() | Cancel() | Update() | MarkAs()) as asked, answer:
            yield from _lacks_of_a_change(asked, answer, state, hours)


def _lacks_of_a_look(call: Call, state: State, hours: Hours) -> Iterator[Need]:
    match call.asked, call.answer:
        case List(doctor, window), Listed(shown):
            there = {(name, start, end) for start, end, name in state.booked(Slot(doctor, *window))}
            yield from (Need(name) for name, _, _ in there - {*shown})
            booked = {*shown} - there
            yield from (Need(name, Slot(doctor, start, end)) for name, start, end in booked)
        case ((Mine() | Affected()), Listed(shown)):
            right = told(call.asked, state, hours)
            if isinstance(right, Listed):
                yield from (Need(name) for name, _, _ in {*right.appointments} ^ {*shown})
            elif isinstance(call.asked, Affected):
                yield Need(call.asked.name)
        case First(doctor, _, length) as asked, Opening(start):
            now = first_opening(asked, state, hours)
            if start is not None:
                wanted = Slot(doctor, start, start + length)
                yield from (Need(name) for _, _, name in state.taken(wanted, at=asked.at))
                if not _works(state, wanted, hours):
                    yield Need(place=wanted, calendar=True)
            if now is not None and (start is None or now < start):
                yield Need(place=Slot(doctor, now, now + length))


def _works(state: State, slot: Slot, hours: Hours) -> bool:
    times = state.works(slot.doctor, hours)
    within = any(opens <= slot.start and slot.end <= closes for opens, closes in times)
    return within and not any(
        start < slot.end and slot.start < end for start, end in state.off(slot.doctor)
    )


def _lacks_of_a_change(
    asked: Book | Move | Cancel | Update | MarkAs,
    answer: Answer | None,
    state: State,
    hours: Hours,
) -> Iterator[Need]:
    right = told(asked, state, hours)
    of_itself = (isinstance(one, Refused) and one not in PLACING for one in (answer, right))
    if any(of_itself):
        yield Need(asked.name)
    elif TOO_MANY in (answer, right):
        # The changes of a patient become no fewer.
        if answer == TOO_MANY or state.changes[asked.by or ""] < state.allowed.changes:
            yield Need(owner=asked.by)
    elif not isinstance(asked, Book | Move) or {type(answer), type(right)} == {Granted}:
        yield Need(asked.name)
    elif any(one in (answer, right) for one in (OUTSIDE, OFF)):
        yield Need(place=asked.slot, calendar=True)
    else:
        yield from _lacks_of_a_time(asked, answer, state, hours)


def _lacks_of_a_time(
    asked: Book | Move, answer: Answer | None, state: State, hours: Hours
) -> Iterator[Need]:
    slot, old = asked.slot, state.find(asked.name)
    buffers = asked.buffers if isinstance(asked, Book) else old.buffers if old else NO_BUFFERS
    taken = answer.conflicts if isinstance(answer, Taken) else ()
    wrong = [
        other
        for s, e, other in state.taken(slot, asked.name, buffers, asked.at)
        if not any(b[0] <= max(s, slot.start) and min(e, slot.end) <= b[1] for b in taken)
    ]
    yield from (Need(other) for other in wrong)
    if taken and not wrong:
        # If the times are right, who has them is not: an appointment, or a hold that ends.
        right = told(asked, state, hours)
        same = isinstance(right, Taken) and right.conflicts == taken
        yield ANYTHING if same else Need(place=slot)
    if not taken:
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
    def of(cls, calls: Sequence[Call], before: Things, after: Things) -> "Marks":
        """Marks that tell all apart that occurs in a history."""
        asked = [call.asked for call in calls if not isinstance(call.asked, Look)]
        names = {name for each in asked for name in names_of(each)}
        times = {thing.slot for thing in (*before.values(), *after.values())}
        times |= {slot for each in asked if isinstance(each, Change) for slot in slots_of(each)}
        for call in calls:
            match call.asked:
                case List(doctor, window) | First(doctor, window):
                    times.add(Slot(doctor, *window))
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
            case Book() | Move() | HoldTime() | BookSeries():
                marks = self.account(asked.by)
                for slot in slots_of(asked):
                    marks |= self.time(_seen(asked, slot))
                for name in names_of(asked):
                    marks |= self.name(name) | self.account(self._owners.get(name))
                return marks
            case CancelSeries(names):
                return reduce(or_, map(self.name, names), self.account(asked.by))
            case Mine(owner):
                return self.account(owner)
            case Cancel(name) | Update(name):
                return self.name(name) | self.account(asked.by)
            case MakeOverride(name, _, slot) | DeleteOverride(name, slot) | Affected(name, slot):
                return self.name(name) | self.time(slot)
        return self.name(asked.name)

    def touched_by(self, change: Change, state: State) -> int:
        """What a change makes another: the appointment, its times, and its owner's account."""
        marks = self.read_by(change)
        for name in names_of(change):
            marks |= self.account(self._owners.get(name))
            if old := state.all.get(name):
                marks |= self.time(with_buffers(old.slot))
        return marks

    def of_need(self, need: Need) -> int:
        """What a need depends on, and all that could meet it touches."""
        name, place, owner, *_ = need
        if owner is not None:
            return self.account(owner)
        if name is not None:
            return self.name(name)
        return self.time(with_buffers(place)) if place else 0
