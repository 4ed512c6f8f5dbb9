"""Histories that never happened: what an atomic store would have answered, and what it would not.

The store is the model of all tests, and shares nothing with the checker.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from tests import reference_model as model
from tests.proof.history import (
    Answer,
    Appointments,
    Asked,
    Book,
    Call,
    Cancel,
    Done,
    First,
    Get,
    Granted,
    History,
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
from tests.reference_model import Held

HOURS: Hours = {"x": ((540, 660), (720, 840)), "y": ((540, 660), (720, 840))}
DAY = (0, 1440)
NINE, HALF_PAST, TEN = Slot("x", 540, 570), Slot("x", 570, 600), Slot("x", 600, 630)
WITH_Y = Slot("y", 540, 570)
UNKNOWN, CANCELLED = Refused("unknown_appointment"), Refused("already_cancelled")


def gone(slot: Slot) -> Granted:
    """A cancelled appointment."""
    return Granted(slot, booked=False)


# The store


@cache
def _held(granted: Granted) -> Held:
    slot = granted.slot
    return Held(slot.doctor, range(slot.start, slot.end), granted.booked)


def _place(name: str, slot: Slot, store: Appointments) -> Answer:
    all_held = {name: _held(granted) for name, granted in store.items()}
    asked = range(slot.start, slot.end)
    taken = model.conflicts(all_held, slot.doctor, asked, but=name)
    return Taken(tuple((part.start, part.stop) for part in taken)) if taken else Granted(slot)


def answer_of(asked: Asked, store: Appointments, hours: Hours = HOURS) -> Answer:
    """The right answer."""
    match asked:
        case Book(name, slot):
            return _place(name, slot, store)
        case List(doctor, window):
            names = model.listed({n: _held(g) for n, g in store.items()}, doctor, range(*window))
            return Listed(tuple((name, *store[name].slot[1:]) for name in names))
        case First(doctor, window, length):
            taken = model.busy({n: _held(g) for n, g in store.items()}, doctor)
            works = {m: m for worked in hours[doctor] for m in range(*worked)}
            starts = model.openings(works, taken, range(*window), length)
            return Opening(next(starts, None))
    granted = store.get(asked.name)
    if granted is None or isinstance(asked, Get):
        return granted or UNKNOWN
    if isinstance(asked, Cancel):
        return gone(granted.slot)
    return _place(asked.name, asked.slot, store) if granted.booked else CANCELLED


def done(asked: Asked, store: Appointments, hours: Hours = HOURS) -> tuple[Answer, Appointments]:
    """The right answer, and what there is after it."""
    answer = answer_of(asked, store, hours)
    if isinstance(answer, Granted) and isinstance(asked, Book | Move | Cancel):
        return answer, store | {asked.name: answer}
    return answer, store


# What is asked


@dataclass(frozen=True, slots=True)
class Kind:
    """What a made-up history is like.

    `weights` are of bookings, moves, cancellations, look-ups, lists and searches. `at_hand`: of so
    many appointments one is chosen, all that are asked for at about the same time where it is None.
    `answered`: one of these shares of the calls is answered, `made`: this share of the others has
    an effect if it can have one.
    """

    hours: Hours
    starts: Sequence[int]
    lengths: Sequence[int]
    windows: Sequence[Minutes]
    weights: Sequence[int]
    at_hand: int | None = None
    answered: Sequence[float] = (0.5, 0.9)
    made: float = 0.6


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


def _question(random: Random, kind: Kind, number: int, names: Sequence[str]) -> Asked:
    doctor, start = random.choice("xxy"), random.choice(kind.starts)
    slot, name = Slot(doctor, start, start + random.choice(kind.lengths)), random.choice(names)
    window = random.choice(kind.windows)
    first = First(doctor, window, random.choice(kind.lengths))
    asked: list[Asked] = [Book(f"n{number}", slot), Move(name, slot), Cancel(name), Get(name)]
    asked += [List(doctor, window), first]
    return random.choices(asked, kind.weights)[0]


# What happened


def happened(random: Random, count: int, breadth: int, kind: Kind = NARROW) -> History:
    """What an atomic store answers: each call takes effect at an instant between its ends.

    About `breadth` are under way at once; some are never answered, some of these never made.
    """
    before: Appointments = {"o0": Granted(NINE), "o1": gone(TEN)} if random.random() < 0.6 else {}
    plans = sorted(_plans(random, count, breadth, kind, before), key=lambda plan: plan[:2])
    calls, store = [], before
    for _, _, planned, made in plans:
        answer: Answer | None = None
        if made:
            answer, store = done(planned.asked, store, kind.hours)
        granted_change = isinstance(answer, Granted) and not isinstance(planned.asked, Get)
        if granted_change and random.random() < 0.1:
            answer = Done()
        calls.append(replace(planned, answer=answer if planned.answered is not None else None))
    random.shuffle(calls)
    return History(calls, kind.hours, before, store)


def _plans(
    random: Random, count: int, breadth: int, kind: Kind, before: Appointments
) -> list[tuple[float, int, Call, bool]]:
    """When each call takes effect, its number, the call without its answer, and if it is made."""
    names = ["nobody", *before, *(f"n{number}" for number in range(count))]
    answering, at_hand = random.choice(kind.answered), kind.at_hand or breadth
    plans: list[tuple[float, int, Call, bool]] = []
    for number in range(count):
        invoked = random.randint(0, count)
        instant = invoked + random.randint(0, breadth)
        answered = instant + random.randint(0, breadth)
        near = names[:3] + names[max(3, number - at_hand) : number + 3]
        asked = _question(random, kind, number, near)
        answers = random.random() < answering
        late = 0 if answers else random.choice([0, 0, 3 * breadth])
        planned = Call(invoked, asked, answered if answers else None)
        plans.append((instant + late, number, planned, answers or random.random() < kind.made))
    return plans


def spoilt(random: Random, right: History) -> History:
    """One answer, or the end, is replaced by that of another history or of another state."""
    calls, other = list(right.calls), happened(random, 6, 4)
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
    answers = [answer for answer in (answer_of(asked, store), *alike) if answer is not None]
    calls[index] = replace(calls[index], answer=random.choice(answers))
    return right._replace(calls=calls)


# What cannot have happened


def _left_alone(right: History) -> str:
    """An appointment that there is in the end, of which no change may still be made."""
    changing = {
        call.asked.name
        for call in right.calls
        if call.answer is None and isinstance(call.asked, Book | Move | Cancel)
    }
    return next(name for name, a in right.after.items() if a.booked and name not in changing)


def _when_all_is_over(right: History, asked: Asked, answer: Answer) -> History:
    now = 1 + max(call.answered or call.invoked for call in right.calls)
    return right._replace(calls=[*right.calls, Call(now, asked, now + 1, answer)])


def booked_twice(right: History) -> History:
    """A time that is held is given to another."""
    slot = right.after[_left_alone(right)].slot
    again = _when_all_is_over(right, Book("again", slot), Granted(slot))
    return again._replace(after=right.after | {"again": Granted(slot)})


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


def _without(appointments: Appointments, name: str) -> Appointments:
    return {key: a for key, a in appointments.items() if key != name}


WRONGS: Sequence[Callable[[History], History]] = (
    booked_twice,
    lost,
    listed_without,
    seen_too_early,
)
