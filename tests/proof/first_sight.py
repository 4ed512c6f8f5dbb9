"""What is wrong, for people: all that can be seen without a search for an order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf

from tests.proof.history import Appointments, Book, Call, Cancel, Granted, Move, Slot
from tests.proof.needs import Owners, change_of, overlap, owners_of


@dataclass(frozen=True, slots=True)
class Verdict:
    """Sentences on each kind of wrong, none where all is well."""

    double: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    phantom: tuple[str, ...] = ()
    unexplained: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    patients: tuple[str, ...] = ()
    """Double bookings, too: of one patient, with different doctors."""


def problems(calls: Sequence[Call], before: Appointments, after: Appointments) -> Verdict:
    """What is certainly wrong at first sight, whatever the order; much cannot be seen so."""
    changes: dict[str, list[Call]] = {name: [] for name in (*before, *after)}
    for call in calls:
        if change := change_of(call):
            changes.setdefault(change.name, []).append(call)
    held = [held for name, made in changes.items() for held in _held(name, made, before)]
    lost, phantom = list[str](), list[str]()
    for name, made in changes.items():
        last, cancels = after.get(name), [call for call in made if isinstance(call.asked, Cancel)]
        mine = [time for time in held if time.name == name]
        kept = cancels or not mine or (last and last.booked)
        if not kept or any(time.until == inf and not _has(last, time.slot) for time in mine):
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
    double, patients = _twice(held, owners_of(calls, before))
    return Verdict(double, tuple(lost), tuple(phantom), patients=patients)


def _twice(held: "Sequence[_Held]", owners: Owners) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a doctor had twice at one instant, and what a patient had with two doctors."""
    double, patients = dict[str, None](), dict[str, None]()
    for one, two in combinations(sorted(held, key=lambda time: time.name), 2):
        at_once = max(one.since, two.since) < min(one.until, two.until)
        if one.name == two.name or not at_once:
            continue
        told, owner = f"were both booked: {one.slot}, {two.slot}", owners.get(one.name)
        if overlap(one.slot, two.slot):
            double[f"{one.name} and {two.name} {told}"] = None
        elif owner and owner == owners.get(two.name) and overlap(one.slot, _with(one, two.slot)):
            patients[f"{one.name} and {two.name} of {owner} {told}"] = None
    return tuple(double), tuple(patients)


def _with(one: "_Held", slot: Slot) -> Slot:
    return slot._replace(doctor=one.slot.doctor)


def _has(last: Granted | None, slot: Slot) -> bool:
    return last is not None and last.booked and last.slot == slot


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
