"""The rules: what a store would answer that does one thing after the other."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from math import inf

from tests.proof.history import (
    Answer,
    Appointments,
    Asked,
    Book,
    Call,
    Cancel,
    Change,
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

Booked = dict[str, list[tuple[int, int, str]]]

UNKNOWN, CANCELLED = Refused("unknown_appointment"), Refused("already_cancelled")


def proves(
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
        if not in_time or not agree(call.answer, granted):
            return False
        if isinstance(call.asked, Change) and isinstance(granted, Granted):
            state = State(state.all | {call.asked.name: granted})
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
    """All appointments by name; of each doctor the times of the booked ones, in order."""

    def __init__(self, appointments: Appointments, booked: Booked | None = None) -> None:
        self.all = appointments
        self._booked = _in_order(appointments) if booked is None else booked

    def booked(self, slot: Slot, but: str | None = None) -> list[tuple[int, int, str]]:
        """Start, end and name of those that overlap a time."""
        start, end = slot.start, slot.end
        booked = self._booked.get(slot.doctor, ())
        return [b for b in booked if b[0] < end and b[1] > start and b[2] != but]

    def changed(self, name: str, appointment: Granted) -> "State":
        """The state after a change; this one stays as it is."""
        booked, old = self._booked.copy(), self.all.get(name)
        if old and old.booked:
            doctor = old.slot.doctor
            booked[doctor] = [other for other in booked[doctor] if other[2] != name]
        if appointment.booked:
            doctor, start, end = appointment.slot
            booked[doctor] = sorted([*booked.get(doctor, []), (start, end, name)])
        return State(self.all | {name: appointment}, booked)


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
        case First():
            return Opening(first_opening(asked, state, hours))
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
