"""The rules: what a store would answer that does one thing after the other."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import ceil, inf

from tests.proof.history import (
    NO_BUFFERS,
    NO_LIMITS,
    Affected,
    Allowed,
    Answer,
    Asked,
    Book,
    Booked,
    BookSeries,
    Busy,
    Call,
    Cancel,
    CancelSeries,
    Change,
    DeleteOverride,
    Done,
    Effect,
    Ended,
    First,
    Get,
    Granted,
    History,
    HoldTime,
    Hours,
    Kept,
    List,
    Listed,
    Look,
    MakeOverride,
    MarkAs,
    Mine,
    Minutes,
    Move,
    OfHolds,
    Opening,
    Override,
    Part,
    Refused,
    Release,
    Slot,
    Taken,
    Things,
    Unavailable,
    Update,
    after_it,
    appointments_of,
)

Times = tuple[int, int, str]
"""Start, end and name."""

Entry = tuple[int, int, str, int, int, int]
"""The same, then until when its time is held, and its buffers."""

Entries = dict[tuple[str, str], list[Entry]]
"""What is not cancelled, in order, with each ("doctor", id), and of each ("patient", id)."""

UNKNOWN, CANCELLED = Refused("unknown_appointment"), Refused("already_cancelled")
TOO_MANY, MISMATCH = Refused("too_many_requests"), Refused("version_mismatch")
WRONG_STATUS, TOO_EARLY = Refused("wrong_status"), Refused("too_early")
OUTSIDE, OFF = Refused("outside_working_hours"), Refused("time_off")
UNKNOWN_HOLD, TOO_MANY_HOLDS = Refused("unknown_hold"), Refused("too_many_holds")
MOST_HOLDS, DAY = 3, 24 * 60
"""So many a patient may have of a doctor-day, which is that of UTC here."""
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
        if isinstance(call.asked, Change) and isinstance(granted, Effect):
            changes = state.changes + state.counted(call.asked, granted)
            things = {**state.all, **after_it(call.asked, granted, state.all)}
            state = State(things, allowed, changes)
    missing = Counter(map(id, calls))
    missing.subtract(map(id, order))
    once = min(missing.values(), default=0) >= 0
    complete = all(call.answered is None or not missing[id(call)] for call in calls)
    return once and complete and state.all == after


def agree(answer: Answer | None, right: Answer | None) -> bool:
    """Whether the right answer is what was told, as far as anything was."""
    vague = answer is None or isinstance(answer, Done)
    return isinstance(right, Effect) if vague else right == answer


class State:
    """All things by name, and the appointments among them that are not cancelled, in order.

    `changes` counts those that patients made themselves, of which so many are `allowed`.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a state knows is not worked out again
        self,
        things: Things,
        allowed: Allowed = NO_LIMITS,
        changes: Counter[str] | None = None,
        booked: Entries | None = None,
        overrides: Sequence[Override] | None = None,
        holds: Mapping[str, Kept] | None = None,
    ) -> None:
        self.all = things
        self.allowed = allowed
        self.changes = Counter[str]() if changes is None else changes
        self._booked = _in_order(things) if booked is None else booked
        self._overrides = _standing(things) if overrides is None else overrides
        self._holds = _holds(things) if holds is None else holds

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

    def live(self, slot: Slot, at: float) -> dict[str, Kept]:
        """The holds that keep any of a time, for whom the clock shows `at`."""
        return {
            name: kept
            for name, kept in self._holds.items()
            if kept.ends > at and overlap(kept.slot, slot)
        }

    def holds_of(self, by: str, slot: Slot, at: float) -> int:
        """How many live holds a patient has on the doctor-day of a time where there are most."""
        mine = [
            {*days_of(kept.slot)}
            for kept in self._holds.values()
            if kept.by == by and kept.ends > at and kept.slot.doctor == slot.doctor
        ]
        return max(sum(day in days for days in mine) for day in days_of(slot))

    def taken(
        self,
        slot: Slot,
        but: str | None = None,
        buffers: Minutes = NO_BUFFERS,
        at: float = inf,
    ) -> list[Times]:
        """What is kept of a time, with the larger of two buffers, and by whom, in order.

        Live holds do so, too, of which none has buffers of its own.
        """
        doctor, asked_from, asked_until = slot
        before, after = buffers
        around = Slot(doctor, asked_from - before, asked_until + after)
        kept = [
            (hold.slot.start - after, hold.slot.end + before, name)
            for name, hold in (self.live(around, at).items() if self._holds else ())
            if name != but
        ]
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

    def counted(self, change: Change, effect: Effect) -> Counter[str]:
        """What a change that is granted counts for: nothing if it changes nothing."""
        if not change.by or isinstance(change, OfHolds):
            return Counter()
        after = after_it(change, effect, self.all)
        same = all(self.all.get(name) == thing for name, thing in after.items())
        return Counter(() if same else [change.by])

    def changed(self, change: Change, effect: Effect) -> "State":
        """The state after a change; this one stays as it is."""
        after, counted = after_it(change, effect, self.all), self.counted(change, effect)
        booked, things = self._booked.copy(), {**self.all, **after}
        overrides: Sequence[Override] | None = self._overrides
        holds: Mapping[str, Kept] | None = self._holds
        for name, thing in after.items():
            match thing:
                case Granted():
                    _place_anew(booked, name, self.find(name), thing)
                case Override():
                    overrides = None
                case Kept():
                    holds = None
        changes = self.changes + counted if counted else self.changes
        return State(things, self.allowed, changes, booked, overrides, holds)


def overlap(one: Slot, two: Slot) -> bool:
    """Whether both hold the same doctor at one instant; a time without a minute holds none."""
    return one.doctor == two.doctor and max(one.start, two.start) < min(one.end, two.end)


def _standing(things: Things) -> Sequence[Override]:
    return [each for each in things.values() if isinstance(each, Override) and each.stands]


def _holds(things: Things) -> Mapping[str, Kept]:
    return {name: kept for name, kept in things.items() if isinstance(kept, Kept) and kept.stands}


def days_of(slot: Slot) -> range:
    """The doctor-days that a time touches, by number."""
    return range(slot.start // DAY, (slot.end - 1) // DAY + 1)


def _place_anew(booked: Entries, name: str, old: Granted | None, new: Granted) -> None:
    """Have an appointment where it is after a change, and no more where it was before."""
    if old and old.booked:
        for key in _keys(old):
            booked[key] = [entry for entry in booked[key] if entry[2] != name]
    if new.booked:
        for key in _keys(new):
            booked[key] = sorted([*booked.get(key, []), _entry(name, new)])


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


def _in_order(things: Things) -> Entries:
    booked: Entries = {}
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
        case Book():
            return _booked(asked, state, hours)
        case HoldTime() | Release():
            return _told_of_hold(asked, state, hours)
        case BookSeries():
            return _series(asked, state, hours)
        case CancelSeries():
            return _cancelled(asked, state)
        case Get(name, by):
            thing = state.all.get(name, UNKNOWN)
            return (
                UNKNOWN if isinstance(thing, Granted) and by not in (None, thing.owner) else thing
            )
    return _told_of(asked, state, hours)


def _booked(asked: Book, state: State, hours: Hours) -> Answer | None:
    if asked.name in state.all:
        return None
    if asked.hold and not _is_live(state, asked.hold, asked):
        return UNKNOWN_HOLD
    wanted = Granted(asked.slot, owner=asked.owner, buffers=asked.buffers)
    return _too_many(asked, state) or _placed(asked, wanted, state, hours)


def _is_live(state: State, name: str, asked: Book | Release) -> bool:
    """Whether there is a hold of whoever asks, which has not ended by the clock of that."""
    hold = state.all.get(name)
    return isinstance(hold, Kept) and hold.stands and asked.at < hold.ends and hold.by == asked.by


def _told_of_hold(asked: HoldTime | Release, state: State, hours: Hours) -> Answer | None:
    if isinstance(asked, Release):
        gone = Kept(asked.slot, 0, asked.by, stands=False)
        found = state.all.get(asked.name)
        ends = found.ends if isinstance(found, Kept) else 0
        # Who has no such hold is told the same, and nothing happens.
        return replace(gone, ends=ends) if _is_live(state, asked.name, asked) else Ended(())
    if asked.name in state.all:
        return None
    if asked.refused and (too_many := _too_many(asked, state)):
        return too_many
    if asked.by and state.holds_of(asked.by, asked.slot, asked.at) >= MOST_HOLDS:
        return TOO_MANY_HOLDS
    booking = Book(asked.name, asked.slot, asked.by, asked.by, at=asked.at)
    owner = asked.by if asked.refused else None
    placed = _placed(booking, Granted(asked.slot, owner=owner), state, hours)
    return Kept(asked.slot, asked.ends, asked.by) if isinstance(placed, Granted) else placed


def _series(asked: BookSeries, state: State, hours: Hours) -> Answer | None:
    """All of it or, if asked to, what can be booked: one after the other, all at one instant."""
    if any(name in state.all for name in asked.names):
        return None
    if too_many := _too_many(asked, state, 1 if asked.skip else len(asked.names)):
        return too_many
    then, made = state, list[tuple[str, Granted]]()
    unavailable = list[tuple[int, str]]()
    for number, slot in enumerate(asked.slots):
        single = asked.single(number)
        answer = _placed(single, Granted(slot, owner=asked.owner), then, hours)
        if isinstance(answer, Granted):
            then = then.changed(single, answer)
            made.append((single.name, answer))
        else:
            unavailable.append((slot.start, _code(answer)))
    if not made or (unavailable and not asked.skip):
        return Unavailable(tuple(unavailable))
    names = tuple(name for name, _ in made)
    booked = Booked(names, tuple(unavailable), tuple(made))
    return _too_many(asked, state, len(made)) or booked


def _code(refusal: Taken | Busy | Refused) -> str:
    match refusal:
        case Refused(code):
            return code
        case Taken():
            return "slot_taken"
    return "patient_busy"


def _cancelled(asked: CancelSeries, state: State) -> Answer:
    """Whatever of it starts late enough is cancelled; what was marked is kept."""
    due = [
        (name, found)
        for name in sorted(asked.names)
        if (found := state.find(name))
        and asked.by in (None, found.owner)
        and found.slot.start >= asked.after
    ]
    may_end = [(name, found) for name, found in due if not found.mark]
    ended = Ended(
        tuple((name, _next(f, booked=False) if f.booked else f) for name, f in may_end),
        tuple(name for name, found in due if found.mark),
    )
    changes = any(found.booked for _, found in may_end)
    return (_too_many(asked, state) if changes else None) or ended


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
    moved = found if found.slot == asked.slot else _next(found, slot=asked.slot)
    return _placed(asked, moved, state, hours)


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


def _too_many(asked: Change, state: State, more: int = 1) -> Refused | None:
    if not asked.by:
        return None
    too_often = state.changes[asked.by] >= state.allowed.changes
    ahead = len(state.held_by_patient(asked.by))
    books = isinstance(asked, Book | BookSeries | HoldTime)
    return TOO_MANY if too_often or (books and ahead + more > state.allowed.booked) else None


def _placed(
    asked: Book | Move, wanted: Granted, state: State, hours: Hours
) -> Granted | Taken | Busy | Refused:
    slot, name = asked.slot, asked.name
    works = state.works(slot.doctor, hours)
    if not any(opens <= slot.start and slot.end <= closes for opens, closes in works):
        return OUTSIDE
    if any(start < slot.end and slot.start < end for start, end in state.off(slot.doctor)):
        return OFF
    but = asked.hold or name if isinstance(asked, Book) else name
    if found := state.taken(slot, but, wanted.buffers, asked.at):
        return Taken(_parts(asked, found, state), _seconds(asked, found, state))
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
    # Of what is taken alike, what is not told by name comes first.
    return tuple(sorted([*_merged(strange), *parts], key=lambda each: each[:2]))


def _seconds(asked: Book | Move, found: Sequence[Times], state: State) -> int | None:
    """How long the first of what is in the way still lasts, if these are all holds."""
    holds = [hold for *_, name in found if isinstance(hold := state.all[name], Kept)]
    ends = min((hold.ends for hold in holds), default=inf)
    return ceil(ends - asked.at) if len(holds) == len(found) else None


def first_opening(asked: First, state: State, hours: Hours) -> int | None:
    """Where the first opening starts, or None where there is none."""
    doctor, (after, before), length = asked.doctor, asked.window, asked.length
    gone = [time[:2] for time in state.taken(Slot(doctor, after, before), at=asked.at)]
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
