"""The checker on histories of patients with accounts: which it explains, and which it must not."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.proof.checker import explain
from tests.proof.history import (
    Allowed,
    Book,
    Busy,
    Call,
    Cancel,
    Change,
    Get,
    Granted,
    History,
    Hours,
    Move,
    Slot,
    Taken,
    Things,
    appointments_of,
)
from tests.proof.rules import TOO_MANY, UNKNOWN, State, agree, told

HOURS: Hours = {"x": ((540, 660),), "y": ((540, 660),)}
TWO = Allowed(booked=2, changes=2)
NINE, TEN, NINE_WITH_Y = Slot("x", 540, 570), Slot("x", 600, 630), Slot("y", 540, 570)
HERS = Granted(NINE, owner="ada")


def one_by_one(*asked_and_answers: object, after: Things, before: Things) -> History:
    """Calls and their answers, each after the one before it."""
    pairs = zip(asked_and_answers[::2], asked_and_answers[1::2], strict=True)
    calls = [Call(2 * n, *(asked, 2 * n + 1, answer)) for n, (asked, answer) in enumerate(pairs)]  # type: ignore[arg-type]
    return History(calls, HOURS, before, after, TWO)


BOOK = Book("b", NINE_WITH_Y, "ada", "ada")
GRANTED = Granted(NINE_WITH_Y, owner="ada")
MINE = Busy(((540, 570, "a"),))
HAVE: Things = {"a": HERS}

RIGHT = {
    "busy with another doctor": one_by_one(BOOK, MINE, after=HAVE, before=HAVE),
    "staff are not told with whom": one_by_one(
        replace(BOOK, by=None), Busy(((540, 570),)), after=HAVE, before=HAVE
    ),
    "taken by one's own": one_by_one(
        Book("b", NINE, "ada", "ada"), Taken(((540, 570, "a"),)), after=HAVE, before=HAVE
    ),
    "free after a cancellation": one_by_one(
        *(Cancel("a", "ada"), replace(HERS, booked=False, version=2), BOOK, GRANTED),
        after={"a": replace(HERS, booked=False, version=2), "b": GRANTED},
        before=HAVE,
    ),
    "two changes, and no third": one_by_one(
        *(Move("a", TEN, "ada"), replace(HERS, slot=TEN, version=2)),
        *(Move("a", NINE, "ada"), replace(HERS, version=3)),
        *(Cancel("a", "ada"), TOO_MANY),
        after={"a": replace(HERS, version=3)},
        before=HAVE,
    ),
    "of somebody else": one_by_one(Cancel("a", "bob"), UNKNOWN, after=HAVE, before=HAVE),
}
WRONG = {
    "twice at one time": one_by_one(BOOK, GRANTED, after={**HAVE, "b": GRANTED}, before=HAVE),
    "busy, and was not": one_by_one(BOOK, MINE, after={}, before={}),
    "busy, and another patient was": one_by_one(
        replace(BOOK, owner="bob", by="bob"), MINE, after=HAVE, before=HAVE
    ),
    "staff are told": one_by_one(replace(BOOK, by=None), MINE, after=HAVE, before=HAVE),
    "another is told": one_by_one(
        Book("b", NINE, "bob", "bob"), Taken(((540, 570, "a"),)), after=HAVE, before=HAVE
    ),
    "too many, and was not": one_by_one(Cancel("a", "ada"), TOO_MANY, after=HAVE, before=HAVE),
    "a third change": one_by_one(
        *(Move("a", TEN, "ada"), replace(HERS, slot=TEN, version=2)),
        *(Move("a", NINE, "ada"), replace(HERS, version=3)),
        *(Move("a", TEN, "ada"), replace(HERS, slot=TEN, version=4)),
        after={"a": replace(HERS, slot=TEN, version=4)},
        before=HAVE,
    ),
    "somebody else's": one_by_one(
        *(Cancel("a", "bob"), replace(HERS, booked=False, version=2)),
        after={"a": replace(HERS, booked=False, version=2)},
        before=HAVE,
    ),
    "another owner in the end": one_by_one(
        BOOK, GRANTED, after={"b": replace(GRANTED, owner="bob")}, before={}
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_history_is_explained(name: str) -> None:
    assert explain(RIGHT[name]) is not None


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_history_is_not(name: str) -> None:
    assert explain(WRONG[name]) is None


def happened(random: Random, count: int, breadth: int) -> History:
    """What an atomic store answers; some are never answered, some of these never made."""
    choices: list[Things] = [{}, HAVE, {"a": replace(HERS, slot=TEN)}]
    before = random.choice(choices)
    plans = []
    for number in range(count):
        invoked = random.randint(0, count)
        instant = invoked + random.randint(0, breadth)
        answered = instant + random.randint(0, breadth) if random.random() < 0.8 else None
        plans.append((instant, number, Call(invoked, _asked(random, number), answered)))
    calls, state = list[Call](), State(before, TWO)
    for _, _, call in sorted(plans, key=lambda plan: plan[:2]):
        answer = told(call.asked, state, HOURS)
        if answer is None:
            continue
        if call.answered is None and random.random() < 0.4:
            answer = None
        elif isinstance(call.asked, Change) and isinstance(answer, Granted):
            state = state.changed(call.asked, answer)
        calls.append(replace(call, answer=answer if call.answered is not None else None))
    return History(calls, HOURS, before, state.all, TWO)


def _asked(random: Random, number: int) -> Change | Get:
    name = random.choice(["a", "a", *(f"n{n}" for n in range(number + 1))])
    start = random.choice((540, 555, 600))
    slot = Slot(random.choice("xy"), start, start + 30)
    owner, by = (
        random.choice(["ada", "ada", "bob", None]),
        random.choice(["ada", "ada", "bob", None]),
    )
    booking = Book(f"n{number}", slot, owner, owner if random.random() < 0.8 else None)
    asked: list[Change | Get] = [booking, Move(name, slot, by), Cancel(name, by), Get(name)]
    return random.choices(asked, [6, 4, 3, 1])[0]


def spoilt(random: Random, right: History) -> History:
    """One answer is replaced by another's, or by that of another state; or one owner in the end."""
    if not right.calls or (right.after and random.random() < 0.1):
        there = appointments_of(right.after)
        after = {name: replace(a, owner="bob") for name, a in there.items()}
        return right._replace(after=after)
    calls, index = list(right.calls), random.randrange(len(right.calls))
    asked, state = calls[index].asked, State(random.choice([right.before, right.after, {}]), TWO)
    answers = [call.answer for call in calls if isinstance(call.asked, type(asked))]
    answers += [told(asked, state, HOURS), TOO_MANY]
    answer = random.choice([each for each in answers if each is not None])
    calls[index] = replace(calls[index], answer=answer, answered=calls[index].invoked + 9)
    return right._replace(calls=calls)


def explained_by_some_order(right: History) -> bool:
    """Every order is tried, one after the other."""

    def ends_well(left: tuple[Call, ...], state: State) -> bool:
        if state.all == right.after and all(made.answer is None for made in left):
            return True
        until = min((made.answered for made in left if made.answered is not None), default=None)
        for index, made in enumerate(left):
            answer = told(made.asked, state, HOURS)
            if not agree(made.answer, answer) or (until is not None and made.invoked > until):
                continue
            changed = isinstance(made.asked, Change) and isinstance(answer, Granted)
            then = state.changed(made.asked, answer) if changed else state  # type: ignore[arg-type]
            if ends_well(left[:index] + left[index + 1 :], then):
                return True
        return False

    return ends_well(tuple(right.calls), State(right.before, TWO))


RANDOMS = st.builds(Random, st.integers(0, 2**32))


@examples(500)
@given(RANDOMS, st.integers(1, 8))
def test_whatever_an_atomic_store_answers_is_explained(random: Random, breadth: int) -> None:
    assert explain(happened(random, random.randint(1, 12), breadth)) is not None


@examples(1000)
@given(RANDOMS, st.integers(0, 8))
def test_a_spoilt_history_is_explained_exactly_if_some_order_explains_it(
    random: Random, breadth: int
) -> None:
    made_up = spoilt(random, happened(random, random.randint(1, 6), breadth))
    assert (explain(made_up) is not None) == explained_by_some_order(made_up)
