"""The rules: what a store would answer that does one thing after the other."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import inf

from tests.proof.history import (
    NO_BUFFERS,
    NO_LIMITS,
    Affected,
    Allowed,
    Answer,
    Asked,
    Book,
    Busy,
    Call,
    Cancel,
    Change,
    DeleteOverride,
    Done,
    First,
    Get,
    Granted,
    History,
    Hours,
    List,
    Listed,
    Look,
    MakeOverride,
    MarkAs,
    Mine,
    Minutes,
    Move,
    Opening,
    Override,
    Part,
    Refused,
    Slot,
    Taken,
    Things,
    Update,
    appointments_of,
)

Times = tuple[int, int, str]
"""Start, end and name."""

Entry = tuple[int, int, str, int, int, int]
"""The same, then until when its time is held, and its buffers."""

Booked = dict[tuple[str, str], list[Entry]]
"""What is not cancelled, in order, with each ("doctor", id), and of each ("patient", id)."""

UNKNOWN, CANCELLED = Refused("unknown_appointment"), Refused("already_cancelled")
TOO_MANY, MISMATCH = Refused("too_many_requests"), Refused("version_mismatch")
WRONG_STATUS, TOO_EARLY = Refused("wrong_status"), Refused("too_early")
OUTSIDE, OFF = Refused("outside_working_hours"), Refused("time_off")
FOLLOWS: Mapping[str, tuple[str | None, ...]] = {
    "arrived": (None,),
    "fulfilled": (None, "arrived"),
    "no_show": (None,),
}
"""After which marks each one may come."""


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
        if isinstance(call.asked, Change) and isinstance(granted, Granted | Override):
            changes = state.changes + state.counted(call.asked)
            state = State({**state.all, call.asked.name: granted}, allowed, changes)
    missing = Counter(map(id, calls))
    missing.subtract(map(id, order))
    once = min(missing.values(), default=0) >= 0
    complete = all(call.answered is None or not missing[id(call)] for call in calls)
    return once and complete and state.all == after


def agree(answer: Answer | None, right: Answer | None) -> bool:
    """Whether the right answer is what was told, as far as anything was."""
    vague = answer is None or isinstance(answer, Done)
    return isinstance(right, Granted | Override) if vague else right == answer


class State:
    """All things by name, and the appointments among them that are not cancelled, in order.

    `changes` counts those that patients made themselves, of which so many are `allowed`.
    """

    def __init__(
        self,
        things: Things,
        allowed: Allowed = NO_LIMITS,
        changes: Counter[str] | None = None,
        booked: Booked | None = None,
        overrides: Sequence[Override] | None = None,
    ) -> None:
        self.all = things
        self.allowed = allowed
        self.changes = Counter[str]() if changes is None else changes
        self._booked = _in_order(things) if booked is None else booked
        self._overrides = _standing(things) if overrides is None else overrides

    def find(self, name: str) -> Granted | None:
        """The appointment of a name."""
        found = self.all.get(name)
        return found if isinstance(found, Granted) else None

    def booked(self, slot: Slot) -> list[Times]:
        """Start, end and name of those that overlap a time, whatever of it they hold."""
        doctor, start, end = slot
        there = self._booked.get(("doctor", doctor), ())
        return [entry[:3] for entry in there if entry[0] < end and entry[1] > start]

    def holds(self, name: str, slot: Slot) -> bool:
        """Whether an appointment holds any of a time."""
        found = self.find(name)
        return found is not None and overlap(found.held, slot)

    def taken(
        self, slot: Slot, but: str | None = None, buffers: Minutes = NO_BUFFERS
    ) -> list[Times]:
        """What is kept of a time, with the larger of two buffers, and by whom, in order."""
        doctor, asked_from, asked_until = slot
        before, after = buffers
        kept = list[Times]()
        for start, _, name, until, own_before, own_after in self._booked.get(
            ("doctor", doctor), ()
        ):
            kept_from, kept_until = start - max(own_before, after), until + max(own_after, before)
            if (
                kept_from < asked_until
                and asked_from < kept_until
                and start < until
                and name != but
            ):
                kept.append((kept_from, kept_until, name))
        kept.sort()
        return kept

    def of_patient(self, owner: str) -> list[Times]:
        """Start, end and name of all that are booked for an account, in order."""
        return [entry[:3] for entry in self._booked.get(("patient", owner), ())]

    def held_by_patient(self, owner: str) -> list[Times]:
        """The times that these hold, in order."""
        mine = self._booked.get(("patient", owner), ())
        return [(start, until, name) for start, _, name, until, _, _ in mine if start < until]

    def works(self, doctor: str, hours: Hours) -> tuple[Minutes, ...]:
        """When a doctor works who is never away."""
        extra = self._times(doctor, "extra_hours")
        return _merged([*hours[doctor], *extra]) if extra else hours[doctor]

    def off(self, doctor: str) -> list[Minutes]:
        """When a doctor is away."""
        return self._times(doctor, "time_off")

    def _times(self, doctor: str, kind: str) -> list[Minutes]:
        return [o.slot[1:] for o in self._overrides if o.kind == kind and o.slot.doctor == doctor]

    def counted(self, change: Change) -> Counter[str]:
        """What a change that is granted counts for: nothing if it changes nothing."""
        old = self.find(change.name)
        again = isinstance(change, Cancel) and old and not old.booked
        same = isinstance(change, Update) and old and old.reason == change.reason
        return Counter([change.by] if change.by and not again and not same else ())

    def changed(self, change: Change, thing: Granted | Override) -> "State":
        """The state after a change; this one stays as it is."""
        name, counted = change.name, self.counted(change)
        booked, old = self._booked.copy(), self.find(name)
        if old and old.booked:
            for key in _keys(old):
                booked[key] = [entry for entry in booked[key] if entry[2] != name]
        if isinstance(thing, Granted) and thing.booked:
            for key in _keys(thing):
                booked[key] = sorted([*booked.get(key, []), _entry(name, thing)])
        changes = self.changes + counted if counted else self.changes
        things = {**self.all, name: thing}
        overrides = None if isinstance(thing, Override) else self._overrides
        return State(things, self.allowed, changes, booked, overrides)


def overlap(one: Slot, two: Slot) -> bool:
    """Whether both hold the same doctor at one instant; a time without a minute holds none."""
    return one.doctor == two.doctor and max(one.start, two.start) < min(one.end, two.end)


def _standing(things: Things) -> Sequence[Override]:
    return [each for each in things.values() if isinstance(each, Override) and each.stands]


def _keys(granted: Granted) -> list[tuple[str, str]]:
    doctor = ("doctor", granted.slot.doctor)
    return [doctor, ("patient", granted.owner)] if granted.owner else [doctor]


def _entry(name: str, granted: Granted) -> Entry:
    _, start, end = granted.slot
    return (start, end, name, granted.held.end, *granted.buffers)


def _within(booked: Iterable[Times], start: int, end: int) -> list[Times]:
    return [b for b in booked if b[0] < end and b[1] > start]


def _merged(times: Iterable[Minutes]) -> tuple[Minutes, ...]:
    """The same time in as few parts as can be, in order."""
    merged = list[Minutes]()
    for start, end in sorted(times):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return tuple(merged)


def _in_order(things: Things) -> Booked:
    booked: Booked = {}
    for name, granted in appointments_of(things).items():
        for key in _keys(granted) if granted.booked else ():
            booked.setdefault(key, []).append(_entry(name, granted))
    for entries in booked.values():
        entries.sort()
    return booked


def told(asked: Asked, state: State, hours: Hours) -> Answer | None:
    """The right answer, or None where the record has no word for it.

    When a change is granted, the appointment or the override is from then on as was granted.
    """
    match asked:
        case List() | Mine() | First():
            return _looked_for(asked, state, hours)
        case MakeOverride() | DeleteOverride() | Affected():
            return _told_of_override(asked, state)
        case Book(name, slot, owner):
            if name in state.all:
                return None
            wanted = Granted(slot, owner=owner, buffers=asked.buffers)
            return _too_many(asked, state) or _placed(asked, wanted, state, hours)
        case Get(name, by):
            thing = state.all.get(name, UNKNOWN)
            return (
                UNKNOWN if isinstance(thing, Granted) and by not in (None, thing.owner) else thing
            )
    return _told_of(asked, state, hours)


def _looked_for(asked: Look, state: State, hours: Hours) -> Answer:
    match asked:
        case List(doctor, window):
            return _listed(state.booked(Slot(doctor, *window)))
        case Mine(owner, window):
            return _listed(_within(state.of_patient(owner), *window))
    return Opening(first_opening(asked, state, hours))


def _listed(times: Iterable[Times]) -> Listed:
    return Listed(tuple((name, start, end) for start, end, name in times))


def _told_of_override(
    asked: MakeOverride | DeleteOverride | Affected, state: State
) -> Answer | None:
    found = state.all.get(asked.name)
    if isinstance(asked, MakeOverride):
        return Override(asked.kind, asked.slot) if found is None else None
    if not isinstance(found, Override) or found.slot != asked.slot:
        return None
    if isinstance(asked, DeleteOverride):
        return replace(found, stands=False)
    if not found.stands:
        return None
    if found.kind != "time_off":
        return Listed(())
    return _listed(time for time in state.booked(asked.slot) if state.holds(time[2], asked.slot))


def _told_of(asked: Move | Cancel | Update | MarkAs, state: State, hours: Hours) -> Answer:
    found = state.find(asked.name)
    if found is None or asked.by not in (None, found.owner):
        return UNKNOWN
    if fixed := _why_fixed(asked, found, state):
        return fixed
    match asked:
        case MarkAs():
            return _marked(asked, found)
        case Update(_, reason):
            return found if found.reason == reason else _next(found, reason=reason)
        case Cancel():
            return _next(found, booked=False)
    return _placed(asked, _next(found, slot=asked.slot), state, hours)


def _why_fixed(
    asked: Move | Cancel | Update | MarkAs, found: Granted, state: State
) -> Answer | None:
    """The answer where nothing changes, whatever else is booked."""
    if asked.version not in (None, found.version):
        return MISMATCH
    if isinstance(asked, MarkAs):
        return None
    if not found.booked:
        return found if isinstance(asked, Cancel) else CANCELLED
    if found.mark and not isinstance(asked, Update):
        return WRONG_STATUS
    return _too_many(asked, state)


def _next(found: Granted, **changes: object) -> Granted:
    return replace(found, version=found.version + 1, **changes)  # type: ignore[arg-type]


def _marked(asked: MarkAs, found: Granted) -> Answer:
    if found.booked and found.mark == asked.mark:
        return found
    if not found.booked or found.mark not in FOLLOWS[asked.mark]:
        return WRONG_STATUS
    if asked.mark == "no_show" and asked.at < found.slot.start:
        return TOO_EARLY
    freed_from = max(found.slot.start, asked.at)
    ends = asked.mark != "arrived" and freed_from < found.slot.end
    return _next(found, mark=asked.mark, freed_from=freed_from if ends else None)


def _too_many(asked: Change, state: State) -> Refused | None:
    if not asked.by:
        return None
    too_often = state.changes[asked.by] >= state.allowed.changes
    ahead = len(state.held_by_patient(asked.by))
    too_many = isinstance(asked, Book) and ahead >= state.allowed.booked
    return TOO_MANY if too_often or too_many else None


def _placed(
    asked: Book | Move, wanted: Granted, state: State, hours: Hours
) -> Granted | Taken | Busy | Refused:
    slot, name = asked.slot, asked.name
    works = state.works(slot.doctor, hours)
    if not any(opens <= slot.start and slot.end <= closes for opens, closes in works):
        return OUTSIDE
    if any(start < slot.end and slot.start < end for start, end in state.off(slot.doctor)):
        return OFF
    if taken := _parts(asked, state.taken(slot, name, wanted.buffers), state):
        return Taken(taken)
    mine = state.held_by_patient(wanted.owner) if wanted.owner else ()
    busy = _parts(asked, _within(mine, *slot[1:]), state)
    return Busy(busy) if busy else wanted


def _parts(asked: Book | Move, booked: Sequence[Times], state: State) -> tuple[Part, ...]:
    """What is taken of the asked time: by appointments of whoever asks singly, the rest merged."""
    parts, strange = list[Part](), list[Minutes]()
    for start, end, name in booked:
        part = max(start, asked.slot.start), min(end, asked.slot.end)
        if name == asked.name:
            continue
        other = state.find(name)
        if asked.by and other and other.owner == asked.by:
            parts.append((*part, name))
        else:
            strange.append(part)
    return tuple(sorted([*parts, *_merged(strange)], key=lambda each: each[:2]))


def first_opening(asked: First, state: State, hours: Hours) -> int | None:
    """Where the first opening starts, or None where there is none."""
    doctor, (after, before), length = asked.doctor, asked.window, asked.length
    gone = [time[:2] for time in state.taken(Slot(doctor, after, before))]
    gone = sorted([*gone, *state.off(doctor)])
    for opens, closes in state.works(doctor, hours):
        start, until = max(opens, after), min(closes, before)
        for gone_from, gone_until in gone:
            if start + length <= gone_from:
                break
            start = max(start, gone_until)
        if start + length <= until:
            return start
    return None
