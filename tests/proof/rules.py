"""The rules: what a store would answer that does one thing after the other."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf

from tests.proof.history import (
    NO_LIMITS,
    Allowed,
    Answer,
    Appointments,
    Asked,
    Book,
    Busy,
    Call,
    Cancel,
    Change,
    Done,
    First,
    Get,
    Granted,
    History,
    Hours,
    List,
    Listed,
    Mine,
    Minutes,
    Move,
    Opening,
    Part,
    Refused,
    Slot,
    Taken,
)

Times = tuple[int, int, str]
"""Start, end and name."""

Booked = dict[str, list[Times]]

UNKNOWN, CANCELLED = Refused("unknown_appointment"), Refused("already_cancelled")
TOO_MANY = Refused("too_many_requests")


def proves(order: Sequence[Call], history: History) -> bool:
    """Whether an order explains it: done again from the beginning, one call after the other."""
    calls, hours, before, after, allowed = history
    state, instant = State(before, allowed), -inf
    for call in order:
        instant = max(instant, call.invoked)
        granted = told(call.asked, state, hours)
        in_time = call.answered is None or instant <= call.answered
        if not in_time or not agree(call.answer, granted):
            return False
        if isinstance(call.asked, Change) and isinstance(granted, Granted):
            changes = state.changes + state.counted(call.asked)
            state = State(state.all | {call.asked.name: granted}, allowed, changes)
    missing = Counter(map(id, calls))
    missing.subtract(map(id, order))
    once = min(missing.values(), default=0) >= 0
    complete = all(call.answered is None or not missing[id(call)] for call in calls)
    return once and complete and state.all == after


def agree(answer: Answer | None, right: Answer | None) -> bool:
    """Whether the right answer is what was told, as far as anything was."""
    vague = answer is None or isinstance(answer, Done)
    return isinstance(right, Granted) if vague else right == answer


class State:
    """All appointments by name; of each doctor the times of the booked ones, in order.

    `changes` counts those that patients made themselves, of which so many are `allowed`.
    """

    def __init__(
        self,
        appointments: Appointments,
        allowed: Allowed = NO_LIMITS,
        changes: Counter[str] | None = None,
        booked: Booked | None = None,
    ) -> None:
        self.all = appointments
        self.allowed = allowed
        self.changes = Counter[str]() if changes is None else changes
        self._booked = _in_order(appointments) if booked is None else booked

    def booked(self, slot: Slot, but: str | None = None) -> list[Times]:
        """Start, end and name of those that overlap a time."""
        return [b for b in _within(self._booked.get(slot.doctor, ()), *slot[1:]) if b[2] != but]

    def of_patient(self, owner: str) -> list[Times]:
        """Start, end and name of all that are booked for an account, in order."""
        mine = ((a.slot, name) for name, a in self.all.items() if a.booked and a.owner == owner)
        return sorted((slot.start, slot.end, name) for slot, name in mine)

    def counted(self, change: Change) -> Counter[str]:
        """What a change that is granted counts for: nothing if it is there already."""
        old = self.all.get(change.name)
        again = isinstance(change, Cancel) and old and not old.booked
        return Counter([change.by] if change.by and not again else ())

    def changed(self, change: Change, appointment: Granted) -> "State":
        """The state after a change; this one stays as it is."""
        name, counted = change.name, self.counted(change)
        booked, old = self._booked.copy(), self.all.get(name)
        if old and old.booked:
            doctor = old.slot.doctor
            booked[doctor] = [other for other in booked[doctor] if other[2] != name]
        if appointment.booked:
            doctor, start, end = appointment.slot
            booked[doctor] = sorted([*booked.get(doctor, []), (start, end, name)])
        changes = self.changes + counted if counted else self.changes
        return State(self.all | {name: appointment}, self.allowed, changes, booked)


def _within(booked: Iterable[Times], start: int, end: int) -> list[Times]:
    return [b for b in booked if b[0] < end and b[1] > start]


def _in_order(appointments: Appointments) -> Booked:
    booked: Booked = {}
    for name, appointment in appointments.items():
        if appointment.booked:
            slot = appointment.slot
            booked.setdefault(slot.doctor, []).append((slot.start, slot.end, name))
    for of_a_doctor in booked.values():
        of_a_doctor.sort()
    return booked


def told(asked: Asked, state: State, hours: Hours) -> Answer | None:
    """The right answer, or None where the record has no word for it.

    When a `Book`, `Move` or `Cancel` is granted, the appointment is from then on as was granted.
    """
    match asked:
        case List(doctor, window):
            booked = state.booked(Slot(doctor, *window))
            return Listed(tuple((name, start, end) for start, end, name in booked))
        case Mine(owner, window):
            mine = _within(state.of_patient(owner), *window)
            return Listed(tuple((name, start, end) for start, end, name in mine))
        case First():
            return Opening(first_opening(asked, state, hours))
        case Book(name, slot, owner):
            if name in state.all:
                return None
            wanted = Granted(slot, owner=owner)
            return _too_many(asked, state) or _placed(asked, wanted, state, hours)
    return _told_of(asked, state.all.get(asked.name), state, hours)


def _told_of(
    asked: Move | Cancel | Get, found: Granted | None, state: State, hours: Hours
) -> Answer | None:
    if found is None or asked.by not in (None, found.owner):
        return UNKNOWN
    if isinstance(asked, Get):
        return found
    if not found.booked:
        return found if isinstance(asked, Cancel) else CANCELLED
    if refusal := _too_many(asked, state):
        return refusal
    if isinstance(asked, Cancel):
        return replace(found, booked=False)
    return _placed(asked, replace(found, slot=asked.slot), state, hours)


def _too_many(asked: Change, state: State) -> Refused | None:
    if not asked.by:
        return None
    too_often = state.changes[asked.by] >= state.allowed.changes
    too_many = isinstance(asked, Book) and len(state.of_patient(asked.by)) >= state.allowed.booked
    return TOO_MANY if too_often or too_many else None


def _placed(
    asked: Book | Move, wanted: Granted, state: State, hours: Hours
) -> Granted | Taken | Busy | None:
    slot, name = asked.slot, asked.name
    if not any(opens <= slot.start and slot.end <= closes for opens, closes in hours[slot.doctor]):
        return None
    if taken := _parts(asked, state.booked(slot, but=name), state):
        return Taken(taken)
    mine = state.of_patient(wanted.owner) if wanted.owner else ()
    busy = _parts(asked, _within(mine, *slot[1:]), state)
    return Busy(busy) if busy else wanted


def _parts(asked: Book | Move, booked: Sequence[Times], state: State) -> tuple[Part, ...]:
    """What is taken of the asked time: by appointments of whoever asks singly, the rest merged."""
    parts, merged = list[Part](), list[Minutes]()
    for start, end, name in booked:
        part = max(start, asked.slot.start), min(end, asked.slot.end)
        if name == asked.name:
            continue
        if asked.by and state.all[name].owner == asked.by:
            parts.append((*part, name))
        elif merged and part[0] <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], part[1])
        else:
            merged.append(part)
    return tuple(sorted([*parts, *merged], key=lambda each: each[:2]))


def first_opening(asked: First, state: State, hours: Hours) -> int | None:
    """Where the first opening starts, or None where there is none."""
    for opens, closes in hours[asked.doctor]:
        start, until = max(opens, asked.window[0]), min(closes, asked.window[1])
        for booked_from, booked_until, _ in state.booked(Slot(asked.doctor, start, until)):
            if start + asked.length <= booked_from:
                break
            start = max(start, booked_until)
        if start + asked.length <= until:
            return start
    return None
