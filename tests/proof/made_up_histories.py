"""Histories that never happened: what an atomic store would have answered, and what it would not.

The store is the model of all tests, and shares nothing with the checker.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import NamedTuple

from tests import reference_model as model
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
    MakeOverride,
    Mark,
    MarkAs,
    Mine,
    Minutes,
    Move,
    Opening,
    Override,
    OverrideKind,
    Part,
    Refused,
    Slot,
    Taken,
    Things,
    Update,
    appointments_of,
)
from tests.reference_model import Held

HOURS: Hours = {"x": ((540, 660), (720, 840)), "y": ((540, 660), (720, 840))}
DAY = (0, 1440)
NINE, HALF_PAST, TEN = Slot("x", 540, 570), Slot("x", 570, 600), Slot("x", 600, 630)
WITH_Y = Slot("y", 540, 570)
UNKNOWN, CANCELLED = Refused("unknown_appointment"), Refused("already_cancelled")
TOO_MANY, MISMATCH = Refused("too_many_requests"), Refused("version_mismatch")
WRONG_STATUS, TOO_EARLY = Refused("wrong_status"), Refused("too_early")
OUTSIDE, OFF = Refused("outside_working_hours"), Refused("time_off")
IN_ORDER = {
    ("booked", "arrived"),
    ("booked", "fulfilled"),
    ("booked", "no_show"),
    ("arrived", "fulfilled"),
}
DAYS = range(2 * 1440)


def gone(slot: Slot, version: int = 2) -> Granted:
    """An appointment that was cancelled, in this version."""
    return Granted(slot, booked=False, version=version)


# The store


class Made(NamedTuple):
    """What the store holds: all things, and what patients have changed, of what is allowed."""

    there: Things
    changes: Mapping[str, int] = {}
    allowed: Allowed = NO_LIMITS


@cache
def _held(granted: Granted) -> Held:
    slot, freed_from = granted.slot, granted.freed_from
    when = range(slot.start, slot.end)
    return Held(slot.doctor, when, granted.booked, *granted.buffers, freed_from)


def _all_held(there: Things) -> dict[str, Held]:
    return {name: _held(granted) for name, granted in appointments_of(there).items()}


def _held_by(owner: str, there: Things) -> dict[str, Held]:
    """What a patient has, as if that were a doctor, who cannot be in two places either."""
    mine = {name: a for name, a in appointments_of(there).items() if a.owner == owner}
    return {name: _held(a)._replace(doctor=owner, before=0, after=0) for name, a in mine.items()}


def _works(doctor: str, there: Things, hours: Hours, *, away: bool = True) -> set[int]:
    """The minutes that are worked, though the doctor may be `away` otherwise."""
    works = {m for worked in hours[doctor] for m in range(*worked)}
    for kind in ("extra_hours", "time_off") if away else ("extra_hours",):
        for each in there.values():
            of_this_kind = isinstance(each, Override) and each.stands and each.kind == kind
            if of_this_kind and each.slot.doctor == doctor:
                minutes = {*range(*each.slot[1:])}
                works = works - minutes if kind == "time_off" else works | minutes
    return works


def _place(asked: Book | Move, wanted: Granted, store: Made, hours: Hours) -> Answer:
    name, (doctor, start, end), by, there = asked.name, asked.slot, asked.by, store.there
    held, mine = _all_held(there), _held_by(wanted.owner or "", there)
    for_whom, minutes = _held_by(by or "", there), range(start, end)

    def parts(held: Mapping[str, Held], whose: str, buffers: Minutes = (0, 0)) -> tuple[Part, ...]:
        strangers = {each: h for each, h in held.items() if each not in for_whom}
        merged = model.conflicts(strangers, whose, minutes, name, buffers)
        own = [
            (part.start, part.stop, each)
            for each in held.keys() & for_whom.keys()
            for part in model.conflicts({each: held[each]}, whose, minutes, name, buffers)
        ]
        return tuple(sorted([*((part.start, part.stop) for part in merged), *own]))

    if not {*minutes} <= _works(doctor, there, hours, away=False):
        return OUTSIDE
    if not {*minutes} <= _works(doctor, there, hours):
        return OFF
    if taken := parts(held, doctor, wanted.buffers):
        return Taken(taken)
    busy = parts(mine, wanted.owner or "")
    return Busy(busy) if busy else wanted


def _too_many(asked: Change, store: Made) -> bool:
    ahead = sum(bool(held.holds) for held in _held_by(asked.by or "", store.there).values())
    too_often = store.changes.get(asked.by or "", 0) >= store.allowed.changes
    too_many = isinstance(asked, Book) and ahead >= store.allowed.booked
    return asked.by is not None and (too_often or too_many)


def answer_of(asked: Asked, store: Made, hours: Hours = HOURS) -> Answer | None:
    """The right answer, or None where there is none."""
    there = store.there
    match asked:
        case List() | Mine() | First():
            return _looked_for(asked, there, hours)
        case MakeOverride(name, kind, slot):
            return None if name in there else Override(kind, slot)
        case DeleteOverride() | Affected():
            return _about_override(asked, there)
        case Book(name, slot, owner):
            if name in there:
                return None
            wanted = Granted(slot, owner=owner, buffers=asked.buffers)
            return TOO_MANY if _too_many(asked, store) else _place(asked, wanted, store, hours)
    assert isinstance(asked, Get | Move | Cancel | Update | MarkAs)
    return _answer_about(asked, store, hours)


def _looked_for(asked: List | Mine | First, there: Things, hours: Hours) -> Answer:
    match asked:
        case List(doctor, window):
            return _listed(model.listed(_all_held(there), doctor, range(*window)), there)
        case Mine(owner, window):
            return _listed(model.listed(_held_by(owner, there), owner, range(*window)), there)
    taken = model.busy(_all_held(there), asked.doctor)
    works = {m: m for m in _works(asked.doctor, there, hours)}
    return Opening(next(model.openings(works, taken, range(*asked.window), asked.length), None))


def _listed(names: Sequence[str], there: Things) -> Listed:
    return Listed(tuple((name, *there[name].slot[1:]) for name in names))


def _about_override(asked: DeleteOverride | Affected, there: Things) -> Answer | None:
    found = there.get(asked.name)
    if not isinstance(found, Override) or found.slot != asked.slot:
        return None
    if isinstance(asked, DeleteOverride):
        return replace(found, stands=False)
    if not found.stands:
        return None
    doctor, start, end = found.slot
    held = {n: h for n, h in _all_held(there).items() if {*h.holds} & {*range(start, end)}}
    return _listed(model.listed(held, doctor, DAYS) if found.kind == "time_off" else [], there)


def _answer_about(
    asked: Move | Cancel | Update | MarkAs | Get, store: Made, hours: Hours
) -> Answer:
    granted = store.there.get(asked.name)
    if not isinstance(granted, Granted) or (asked.by and asked.by != granted.owner):
        return UNKNOWN
    fixed = granted if isinstance(asked, Get) else _why_fixed(asked, granted, store)
    if fixed:
        return fixed
    then = replace(granted, version=granted.version + 1)
    match asked:
        case MarkAs():
            return _marked(asked, granted)
        case Update(_, reason):
            return granted if reason == granted.reason else replace(then, reason=reason)
        case Move(_, slot):
            moved = granted if slot == granted.slot else replace(then, slot=slot)
            return _place(asked, moved, store, hours)
    return replace(then, booked=False)


def _why_fixed(
    asked: Move | Cancel | Update | MarkAs, granted: Granted, store: Made
) -> Answer | None:
    if asked.version is not None and asked.version != granted.version:
        return MISMATCH
    if isinstance(asked, MarkAs):
        return None
    if not granted.booked:
        return granted if isinstance(asked, Cancel) else CANCELLED
    if granted.mark and not isinstance(asked, Update):
        return WRONG_STATUS
    return TOO_MANY if _too_many(asked, store) else None


def _marked(asked: MarkAs, granted: Granted) -> Answer:
    status = (granted.mark or "booked") if granted.booked else "cancelled"
    if status == asked.mark:
        return granted
    if (status, asked.mark) not in IN_ORDER:
        return WRONG_STATUS
    left = [m for m in range(*granted.slot[1:]) if m >= asked.at]
    if asked.mark == "no_show" and asked.at < granted.slot.start:
        return TOO_EARLY
    freed_from = left[0] if left and asked.mark != "arrived" else None
    return replace(granted, version=granted.version + 1, mark=asked.mark, freed_from=freed_from)


def done(asked: Asked, store: Made, hours: Hours = HOURS) -> tuple[Answer | None, Made]:
    """The right answer, and what there is after it."""
    answer, there = answer_of(asked, store, hours), store.there
    if not (isinstance(answer, Granted | Override) and isinstance(asked, Change)):
        return answer, store
    changes = dict(store.changes)
    again = isinstance(asked, Move | Cancel | Update) and there[asked.name] == answer
    if asked.by and not again:
        changes[asked.by] = changes.get(asked.by, 0) + 1
    return answer, store._replace(there={**there, asked.name: answer}, changes=changes)


# What is asked


@dataclass(frozen=True, slots=True)
class Kind:
    """What a made-up history is like.

    `weights` are of bookings, moves, cancellations, look-ups, lists and searches; then of marks,
    corrections, new overrides, deleted ones, and questions about whom they affect. `at_hand`: of so
    many appointments one is chosen, all that are asked for at about the same time where it is None.
    Services have one of these `buffers`; so many changes are about a `version`.
    `answered`: one of these shares of the calls is answered, `made`: this share of the others has
    an effect if it can have one. Each appointment is of one of the `owners`.
    """

    hours: Hours
    starts: Sequence[int]
    lengths: Sequence[int]
    windows: Sequence[Minutes]
    weights: Sequence[int]
    at_hand: int | None = None
    answered: Sequence[float] = (0.5, 0.9)
    made: float = 0.6
    owners: Sequence[str | None] = (None,)
    allowed: Allowed = NO_LIMITS
    buffers: Sequence[Minutes] = (NO_BUFFERS,)
    versions: float = 0.0


NARROW = Kind(
    HOURS,
    starts=(540, 550, 560, 570, 580),
    lengths=(10, 20, 30),
    windows=[DAY, (540, 570), (555, 600)],
    weights=[6, 5, 4, 2, 4, 2],
)
HALF_UNANSWERED = replace(NARROW, answered=(0.5,))
TWO_DAYS = Kind(
    dict.fromkeys("xy", ((540, 1060), (1980, 2500))),
    starts=(*range(540, 1005, 5), *range(1980, 2445, 5)),
    lengths=(15, 20, 30, 45),
    windows=[(0, 2880), (540, 570), (2000, 2100)],
    weights=[6, 3, 2, 1, 1, 1],
    answered=(0.5,),
)
"""Room for nearly all: whatever may have been made, may have been made."""
MOVED_OFTEN = replace(TWO_DAYS, weights=[3, 8, 2, 1, 1, 1], at_hand=8)
NEVER_MADE = replace(MOVED_OFTEN, weights=[6, 6, 4, 2, 4, 2], made=0.3)


PATIENTS = replace(NARROW, owners=(None, "ada", "ada", "bob"), allowed=Allowed(booked=2, changes=3))
PATIENTS_OF_TWO_DAYS = replace(
    TWO_DAYS,
    weights=[6, 4, 3, 1, 2, 1],
    owners=(None, None, "ada", "ada", "bob"),
    allowed=Allowed(booked=6, changes=20),
)


CALENDAR = replace(
    NARROW,
    weights=[8, 4, 3, 2, 3, 2, 3, 2, 3, 2, 3],
    buffers=[(0, 0), (0, 0), (5, 10), (0, 15)],
    versions=0.3,
)
CALENDAR_OF_PATIENTS = replace(CALENDAR, owners=PATIENTS.owners, allowed=PATIENTS.allowed)
CALENDAR_OF_TWO_DAYS = replace(
    PATIENTS_OF_TWO_DAYS,
    weights=[8, 4, 3, 1, 2, 1, 2, 2, 1, 1, 1],
    buffers=CALENDAR.buffers,
    versions=0.2,
)


def _question(
    random: Random, kind: Kind, number: int, names: Sequence[str], owners: Mapping[str, str | None]
) -> Asked:
    doctor, start = random.choice("xxy"), random.choice(kind.starts)
    slot, name = Slot(doctor, start, start + random.choice(kind.lengths)), random.choice(names)
    window = random.choice(kind.windows)
    first = First(doctor, window, random.choice(kind.lengths))
    new, seen = f"n{number}", List(doctor, window)
    by = _asks(random, owners.get(name), kind)
    version = random.choice([1, 1, 2, 3]) if random.random() < kind.versions else None
    buffers = random.choice(kind.buffers)
    asked: list[Asked] = [
        Book(new, slot, buffers=buffers),
        Move(name, slot, by, version),
        Cancel(name, by, version),
        Get(name, by),
        seen,
        first,
    ]
    if owner := owners.get(new):
        asked[0] = Book(new, slot, owner, owner if random.random() < 0.8 else None, buffers)
        asked[4] = Mine(owner, window)
    if len(kind.weights) > len(asked):
        off = _override_of(name, kind)
        asked += [
            MarkAs(name, random.choice(MARKS), random.choice(kind.starts), version=version),
            Update(name, random.choice("rs"), by, version),
            MakeOverride(f"{new}'", random.choice(KINDS_OF_OVERRIDES), _override_of(new, kind)),
            DeleteOverride(f"{name}'", off),
            Affected(f"{name}'", off),
        ]
    return random.choices(asked, kind.weights)[0]


MARKS: Sequence[Mark] = ("arrived", "fulfilled", "no_show")
KINDS_OF_OVERRIDES: Sequence[OverrideKind] = ("time_off", "time_off", "extra_hours")


def _override_of(name: str, kind: Kind) -> Slot:
    """When the override is, so that whoever deletes it knows, too; sometimes before the hours."""
    random = Random(name)  # noqa: S311 - to be repeated
    start = random.choice(kind.starts) - random.choice([0, 0, 30])
    return Slot(random.choice("xxy"), start, start + random.choice(kind.lengths))


def _asks(random: Random, owner: str | None, kind: Kind) -> str | None:
    """Mostly the patient whose appointment it is, sometimes staff, seldom another patient."""
    if kind.owners == (None,):
        return None
    return random.choices([owner, None, random.choice(kind.owners)], [7, 2, 1])[0]


# What happened


def happened(random: Random, count: int, breadth: int, kind: Kind = NARROW) -> History:
    """What an atomic store answers: each call takes effect at an instant between its ends.

    About `breadth` are under way at once; some are never answered, some of these never made.
    """
    before: Things = {"o0": Granted(NINE), "o1": gone(TEN)} if random.random() < 0.6 else {}
    before = {
        name: replace(a, owner=kind.owners[-1]) for name, a in appointments_of(before).items()
    }
    plans = sorted(_plans(random, count, breadth, kind, before), key=lambda plan: plan[:2])
    calls, store = [], Made(before, allowed=kind.allowed)
    for _, _, planned, made in plans:
        answer: Answer | None = None
        if made:
            answer, store = done(planned.asked, store, kind.hours)
            if answer is None:
                continue
        granted_change = isinstance(answer, Granted | Override) and isinstance(
            planned.asked, Change
        )
        if granted_change and random.random() < 0.1:
            answer = Done()
        calls.append(replace(planned, answer=answer if planned.answered is not None else None))
    random.shuffle(calls)
    return History(calls, kind.hours, before, store.there, kind.allowed)


def _plans(
    random: Random, count: int, breadth: int, kind: Kind, before: Things
) -> list[tuple[float, int, Call, bool]]:
    """When each call takes effect, its number, the call without its answer, and if it is made."""
    names = ["nobody", *before, *(f"n{number}" for number in range(count))]
    answering, at_hand = random.choice(kind.answered), kind.at_hand or breadth
    owners = {name: granted.owner for name, granted in appointments_of(before).items()}
    if kind.owners != (None,):
        owners |= {f"n{number}": random.choice(kind.owners) for number in range(count)}
    plans: list[tuple[float, int, Call, bool]] = []
    for number in range(count):
        invoked = random.randint(0, count)
        instant = invoked + random.randint(0, breadth)
        answered = instant + random.randint(0, breadth)
        near = names[:3] + names[max(3, number - at_hand) : number + 3]
        asked = _question(random, kind, number, near, owners)
        answers = random.random() < answering
        late = 0 if answers else random.choice([0, 0, 3 * breadth])
        planned = Call(invoked, asked, answered if answers else None)
        plans.append((instant + late, number, planned, answers or random.random() < kind.made))
    return plans


def spoilt(random: Random, right: History, kind: Kind = NARROW) -> History:
    """One answer, or the end, is replaced by that of another history or of another state."""
    calls, other = list(right.calls), happened(random, 6, 4, kind)
    if not calls:
        return right._replace(after=other.after)
    index = random.randrange(len(calls))
    if random.random() < 0.3 or calls[index].answer is None:
        name = random.choice([*right.after, "n0", "n1"])
        end = {key: granted for key, granted in right.after.items() if key != name}
        if name in right.before and random.random() < 0.5:
            end[name] = right.before[name]
        elif random.random() < 0.6:
            end[name] = Granted(random.choice([NINE, TEN, WITH_Y]), random.random() < 0.6)
        return right._replace(after=end)
    asked = calls[index].asked
    store = random.choice([right.before, right.after, other.after, {}])
    alike = [
        made.answer for made in (*right.calls, *other.calls) if isinstance(made.asked, type(asked))
    ]
    told = answer_of(asked, Made(store, allowed=right.allowed))
    answers = [answer for answer in (told, *alike) if answer is not None]
    calls[index] = replace(calls[index], answer=random.choice(answers))
    return right._replace(calls=calls)


# What cannot have happened


def _left_alone(right: History, *, owned: bool = False) -> str:
    """An appointment that there is in the end, of which no change may still be made."""
    changing = {
        call.asked.name
        for call in right.calls
        if call.answer is None and isinstance(call.asked, Change)
    }
    return next(
        name
        for name, a in appointments_of(right.after).items()
        if a.booked and not a.mark and name not in changing and (a.owner or not owned)
    )


def _when_all_is_over(right: History, asked: Asked, answer: Answer) -> History:
    now = 1 + max(call.answered or call.invoked for call in right.calls)
    return right._replace(calls=[*right.calls, Call(now, asked, now + 1, answer)])


def booked_twice(right: History) -> History:
    """A time that is held is given to another."""
    slot = right.after[_left_alone(right)].slot
    again = _when_all_is_over(right, Book("again", slot), Granted(slot))
    return again._replace(after={**right.after, "again": Granted(slot)})


def patient_booked_twice(right: History) -> History:
    """A patient gets what another doctor has free at a time when they are with this one."""
    doctor, start, end = right.after[name := _left_alone(right, owned=True)].slot
    slot = Slot("y" if doctor == "x" else "x", start, end)
    owner = appointments_of(right.after)[name].owner
    again = _when_all_is_over(right, Book("again", slot, owner), Granted(slot, owner=owner))
    return again._replace(after={**right.after, "again": Granted(slot, owner=owner)})


def told_of_one_that_is_not_theirs(right: History) -> History:
    """A patient is shown what another has."""
    name = _left_alone(right, owned=True)
    return _when_all_is_over(right, Get(name, "somebody else"), right.after[name])


def listed_without_their_own(right: History) -> History:
    """A patient's list lacks an appointment that was booked before it."""
    found = appointments_of(right.after)[_left_alone(right, owned=True)]
    window = found.slot.start, found.slot.end
    return _when_all_is_over(right, Mine(found.owner or "", window), Listed(()))


def refused_for_nothing(right: History) -> History:
    """A patient who has nothing is told to have an appointment, or too many."""
    slot = right.after[_left_alone(right)].slot
    asked = Book("again", slot._replace(doctor="x"), "newcomer", "newcomer")
    return _when_all_is_over(right, asked, TOO_MANY)


def lost(right: History) -> History:
    """An appointment that was booked is not there in the end."""
    return right._replace(after=_without(right.after, _left_alone(right)))


def listed_without(right: History) -> History:
    """A list lacks an appointment that was booked before it."""
    doctor, start, end = right.after[_left_alone(right)].slot
    return _when_all_is_over(right, List(doctor, (start, end)), Listed(()))


def seen_too_early(right: History) -> History:
    """An appointment was seen before it was asked for."""
    name = _left_alone(right)
    seen = Call(-2, Get(name), -1, right.after[name])
    return right._replace(calls=[*right.calls, seen], before=_without(right.before, name))


def _without(appointments: Things, name: str) -> Things:
    return {key: a for key, a in appointments.items() if key != name}


def booked_into_time_off(right: History) -> History:
    """A doctor goes away, and is booked then."""
    name = _left_alone(right)
    slot, stays = right.after[name].slot, appointments_of(right.after)[name]
    away = Override("time_off", slot)
    off = _when_all_is_over(right, MakeOverride("off", "time_off", slot), away)
    off = _when_all_is_over(off, Move(name, slot), stays)
    return off._replace(after={**right.after, "off": away})


def affected_without(right: History) -> History:
    """Who makes time off is not told of an appointment that was booked before."""
    slot = right.after[_left_alone(right)].slot
    off = _when_all_is_over(
        right, MakeOverride("off", "time_off", slot), away := Override("time_off", slot)
    )
    return _when_all_is_over(off, Affected("off", slot), Listed(()))._replace(
        after={**right.after, "off": away}
    )


def a_version_twice(right: History) -> History:
    """A change leaves the version as it was."""
    name = _left_alone(right)
    found = appointments_of(right.after)[name]
    updated = replace(found, reason="another")
    spoilt = _when_all_is_over(right, Update(name, "another"), updated)
    return spoilt._replace(after={**right.after, name: updated})


def changed_in_another_version(right: History) -> History:
    """A change was asked of another version than there is."""
    name = _left_alone(right)
    found = appointments_of(right.after)[name]
    updated = replace(_next(found), reason="another")
    asked = Update(name, "another", version=found.version + 1)
    return _when_all_is_over(right, asked, updated)._replace(after={**right.after, name: updated})


def _next(found: Granted) -> Granted:
    return replace(found, version=found.version + 1)


WRONGS: Sequence[Callable[[History], History]] = (
    booked_twice,
    lost,
    listed_without,
    seen_too_early,
)
WRONGS_OF_PATIENTS: Sequence[Callable[[History], History]] = (
    patient_booked_twice,
    told_of_one_that_is_not_theirs,
    listed_without_their_own,
    refused_for_nothing,
)
WRONGS_OF_CALENDARS: Sequence[Callable[[History], History]] = (
    booked_into_time_off,
    affected_without,
    a_version_twice,
    changed_in_another_version,
)
