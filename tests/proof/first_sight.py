"""What is wrong, for people: all that can be seen without a search for an order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import inf

from tests.proof.history import (
    Book,
    Booked,
    BookSeries,
    Call,
    Cancel,
    CancelSeries,
    ChangeOfCalendar,
    DeleteOverride,
    Done,
    Ended,
    Granted,
    HoldTime,
    Kept,
    MakeOverride,
    MarkAs,
    Move,
    OfHolds,
    Override,
    Release,
    Slot,
    Thing,
    Things,
    appointments_of,
)
from tests.proof.needs import Owners, change_of, owners_of
from tests.proof.rules import overlap

Changes = Mapping[str, Sequence[Call]]


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
    away: tuple[str, ...] = ()
    """Bookings in time off that was there before them."""
    kept: tuple[str, ...] = ()
    """Bookings of time that another held."""


def problems(calls: Sequence[Call], before: Things, after: Things) -> Verdict:
    """What is certainly wrong at first sight, whatever the order; much cannot be seen so."""
    calls = [*_singly(calls)]
    booked, overrides = _changes(calls, before, after)
    held = [held for name, made in booked.items() for held in _held(name, made, before)]
    lost, phantom = list[str](), list[str]()
    for name, made in booked.items():
        last, cancels = after.get(name), [call for call in made if isinstance(call.asked, Cancel)]
        mine = [time for time in held if time.name == name]
        kept = cancels or not mine or (isinstance(last, Granted) and last.booked)
        if not kept or any(time.until == inf and not _has(last, time.slot) for time in mine):
            lost.append(f"{name} was acknowledged, and is {last} in the end")
        asked = {call.asked.slot for call in made if isinstance(call.asked, Book | Move)}
        asked |= {before[name].slot} if name in before else set()
        born = name in before or any(isinstance(call.asked, Book) for call in made)
        if last and not (born and last.slot in asked):
            phantom.append(f"{name} is {last} in the end, and nobody was granted that")
        if isinstance(last, Granted) and last.booked and any(call.answer for call in cancels):
            phantom.append(f"{name} is booked in the end, and was cancelled")
    for name, made in overrides.items():
        acknowledged = name in before or any(call.answered is not None for call in made)
        if acknowledged and name not in after:
            lost.append(f"{name} was acknowledged, and is not there in the end")
        if name in after and not (name in before or made):
            phantom.append(f"{name} is there in the end, and nobody asked for it")
    end = 1 + max((call.answered or call.invoked for call in calls), default=0.0)
    held += [_Held(name, a.held, end, inf) for name, a in appointments_of(after).items()]
    double, patients = _twice(held, owners_of(calls, before))
    away = tuple(_into_time_off(booked, overrides, before))
    held_by_others = tuple(_into_holds(calls))
    return Verdict(
        double, tuple(lost), tuple(phantom), patients=patients, away=away, kept=held_by_others
    )


def _changes(calls: Sequence[Call], before: Things, after: Things) -> tuple[Changes, Changes]:
    """What may have changed each appointment, and each override."""
    booked, overrides = dict[str, list[Call]](), dict[str, list[Call]]()
    for name, thing in (*before.items(), *after.items()):
        if not isinstance(thing, Kept):
            (overrides if isinstance(thing, Override) else booked).setdefault(name, [])
    for call in calls:
        change = change_of(call)
        if change and not isinstance(change, OfHolds):
            kind = overrides if isinstance(change, ChangeOfCalendar) else booked
            kind.setdefault(change.name, []).append(call)
    return booked, overrides


def _singly(calls: Sequence[Call]) -> Iterator[Call]:
    """The same calls, but each of a series as if its appointments had been asked for one by one."""
    for call in calls:
        match call.asked, call.answer:
            case BookSeries(names) as asked, (None | Booked()) as answer:
                booked = names if answer is None else answer.names
                for number, name in enumerate(names):
                    if name in booked:
                        yield replace(call, asked=asked.single(number), answer=answer and Done())
            case CancelSeries(names, _, by), (None | Ended() | Done()):
                # Which of them were due, depends on where they were.
                for name in names:
                    yield Call(call.invoked, Cancel(name, by))
            case ((BookSeries() | CancelSeries()), _):
                continue
            case _:
                yield call


def _into_holds(calls: Sequence[Call]) -> Iterator[str]:
    """What was granted, by the clock of whoever asked, while another certainly held the time."""
    for hold in calls:
        if not (isinstance(hold.asked, HoldTime) and isinstance(hold.answer, Kept | Done)):
            continue
        assert hold.answered is not None
        asked = hold.asked
        until = min((c.invoked for c in calls if _may_end(c, asked.name)), default=inf)
        for call in calls:
            change = change_of(call)
            if not isinstance(change, Book | Move | HoldTime) or call.answered is None:
                continue
            meanwhile = hold.answered < call.invoked and call.answered < until
            if meanwhile and change.at < asked.ends and overlap(change.slot, asked.slot):
                yield f"{change.name} got {change.slot}, which {asked.name} held: {asked.slot}"


def _may_end(call: Call, name: str) -> bool:
    """Whether a call may have used up a hold, or given it up."""
    with_it = isinstance(call.asked, Book) and call.asked.hold == name
    return with_it or (isinstance(call.asked, Release) and call.asked.name == name)


def _into_time_off(booked: Changes, overrides: Changes, before: Things) -> Iterator[str]:
    """Bookings and moves that began when time off was certainly there, and ended when it was."""
    off = list[_Held]()
    for name, made in overrides.items():
        there = before.get(name)
        since = -inf
        for call in made:
            if isinstance(call.asked, MakeOverride) and call.answered is not None:
                asked = call.asked
                there, since = Override(asked.kind, asked.slot), call.answered
        deleted = (call.invoked for call in made if isinstance(call.asked, DeleteOverride))
        if isinstance(there, Override) and there.kind == "time_off" and there.stands:
            off.append(_Held(name, there.slot, since, min(deleted, default=inf)))
    for made in booked.values():
        for call in made:
            if call.answered is None or not isinstance(call.asked, Book | Move):
                continue
            slot, began, ended = call.asked.slot, call.invoked, call.answered
            yield from (
                f"{call.asked.name} got {slot}, in the time off {each.name}: {each.slot}"
                for each in off
                if each.since < began and ended < each.until and overlap(each.slot, slot)
            )


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


def _has(last: Thing | None, slot: Slot) -> bool:
    return isinstance(last, Granted) and last.booked and last.slot == slot


@dataclass(frozen=True, slots=True)
class _Held:
    """An appointment certainly had this time from one instant until before another."""

    name: str
    slot: Slot
    since: float
    until: float


def _held(name: str, made: Sequence[Call], before: Things) -> Iterator[_Held]:
    """From each acknowledgement until the next change may have been made."""
    others = [call for call in made if isinstance(call.asked, Move | Cancel | MarkAs)]
    there = before.get(name)
    if isinstance(there, Granted) and there.booked:
        until = min((call.invoked for call in others), default=inf)
        yield _Held(name, there.held, -inf, until)
    for call in made:
        if call.answered is not None and isinstance(call.asked, Book | Move):
            rest = [other for other in others if other is not call]
            later = [o for o in rest if o.answered is None or o.answered >= call.invoked]
            until = min((other.invoked for other in later), default=inf)
            yield _Held(name, call.asked.slot, call.answered, until)
