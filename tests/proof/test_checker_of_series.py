"""The checker on histories of holds and series: which it explains, and which it must not."""

from dataclasses import replace

import pytest

from tests.proof.checker import judge
from tests.proof.first_sight import Verdict, problems
from tests.proof.history import (
    Allowed,
    Answer,
    Asked,
    Book,
    Booked,
    BookSeries,
    Call,
    Cancel,
    CancelSeries,
    Done,
    First,
    Get,
    Granted,
    History,
    HoldTime,
    Hours,
    Kept,
    Move,
    Opening,
    Refused,
    Release,
    Slot,
    Taken,
    Things,
    Unavailable,
)
from tests.proof.rules import TOO_MANY, TOO_MANY_HOLDS, UNKNOWN_HOLD

DAY = 24 * 60
HOURS: Hours = {"x": ((540, 660), (DAY + 540, DAY + 660)), "y": ((540, 660),)}
NINE, TEN, WITH_Y = Slot("x", 540, 570), Slot("x", 600, 630), Slot("y", 540, 570)
HALF_PAST = Slot("x", 570, 600)
TOMORROW, TOMORROW_TEN = (Slot("x", DAY + s, DAY + s + 30) for s in (540, 600))
ENDS = 60.0


def call(invoked: float, answered: float, asked: Asked, answer: Answer) -> Call:
    return Call(invoked, asked, answered, answer)


def history(
    *calls: Call, after: Things, before: Things | None = None, allowed: Allowed | None = None
) -> History:
    return History(calls, HOURS, before or {}, after, allowed or Allowed())


HOLD, HELD = HoldTime("h", NINE, ENDS), Kept(NINE, ENDS)
USED = replace(HELD, stands=False)
WITH_IT, GRANTED = Book("a", NINE, hold="h", at=10), Granted(NINE)
MADE: Things = {"h": HELD}
NO_MORE: Things = {"h": USED}
BOOKED: Things = {"h": USED, "a": GRANTED}
TAKEN = Taken(((540, 570),), 50)
REFUSED = replace(HOLD, name="i", refused=True)

SERIES = BookSeries(("s", "t"), (NINE, TOMORROW))
SKIPPING = replace(SERIES, skip=True)
BOTH, THE_FIRST = Booked(("s", "t")), Booked(("s",), ((DAY + 540, "slot_taken"),))
THERE: Things = {"s": GRANTED, "t": Granted(TOMORROW)}
CANCELLED = Granted(TOMORROW, booked=False, version=2)
END = CancelSeries(("s", "t"), DAY)
MOVED = Granted(TOMORROW_TEN, version=2)

RIGHT = {
    "held, and booked with it": history(
        call(0, 1, HOLD, HELD), call(2, 3, WITH_IT, GRANTED), after=BOOKED
    ),
    "a part of it": history(
        call(0, 1, Book("a", Slot("x", 540, 550), hold="h"), Granted(Slot("x", 540, 550))),
        after={"h": USED, "a": Granted(Slot("x", 540, 550))},
        before=MADE,
    ),
    "held by somebody else": history(
        call(0, 1, Book("b", NINE, at=10), TAKEN), after=MADE, before=MADE
    ),
    "held until the last moment": history(
        call(0, 1, Book("b", NINE, at=59.999), Taken(((540, 570),), 1)), after=MADE, before=MADE
    ),
    "over for whoever comes then": history(
        call(0, 1, Book("b", NINE, at=60), GRANTED), after={**MADE, "b": GRANTED}, before=MADE
    ),
    "over for its holder, too": history(
        call(0, 1, replace(WITH_IT, at=60), UNKNOWN_HOLD), after=MADE, before=MADE
    ),
    "each by a clock of its own": history(
        call(0, 1, Book("b", NINE, at=60), GRANTED),
        call(2, 3, WITH_IT, Taken(((540, 570),))),
        after={**MADE, "b": GRANTED},
        before=MADE,
    ),
    "used once": history(
        call(0, 9, WITH_IT, GRANTED),
        call(0, 9, replace(WITH_IT, name="b"), UNKNOWN_HOLD),
        after=BOOKED,
        before=MADE,
    ),
    "of somebody else": history(
        call(0, 1, replace(WITH_IT, owner="ada", by="ada"), UNKNOWN_HOLD), after=MADE, before=MADE
    ),
    "given up, and free": history(
        call(0, 1, Release("h", NINE, at=10), Done()),
        call(2, 3, Book("b", NINE, at=10), GRANTED),
        after={"h": USED, "b": GRANTED},
        before=MADE,
    ),
    "given up by somebody else, who is told the same": history(
        call(0, 1, Release("h", NINE, "ada", at=10), Done()), after=MADE, before=MADE
    ),
    "given up, or used": history(
        call(0, 9, Release("h", NINE, at=10), Done()),
        call(0, 9, WITH_IT, GRANTED),
        after=BOOKED,
        before=MADE,
    ),
    "held without an answer": history(
        Call(0, HOLD), call(2, 3, Book("b", NINE, at=10), TAKEN), after=MADE
    ),
    "a hold and a booking in the way": history(
        call(0, 1, Book("c", Slot("x", 540, 600), at=10), Taken(((540, 600),))),
        after={**MADE, "b": Granted(HALF_PAST)},
        before={**MADE, "b": Granted(HALF_PAST)},
    ),
    "a hold in the way of a hold, a move and a search": history(
        call(0, 1, replace(REFUSED, at=10), TAKEN),
        call(2, 3, Move("b", NINE, at=10), TAKEN),
        call(4, 5, First("x", (0, DAY), 30, at=10), Opening(570)),
        call(6, 7, First("x", (0, DAY), 30, at=60), Opening(540)),
        after={**MADE, "b": Granted(TEN)},
        before={**MADE, "b": Granted(TEN)},
    ),
    "held by a patient who is busy then": history(
        call(0, 1, replace(HOLD, by="ada"), replace(HELD, by="ada")),
        after={"h": replace(HELD, by="ada"), "y": Granted(WITH_Y, owner="ada")},
        before={"y": Granted(WITH_Y, owner="ada")},
    ),
    "three holds of a day": history(
        call(0, 1, HoldTime("k", TEN, ENDS, "ada", refused=True), TOO_MANY_HOLDS),
        after={n: Kept(NINE, ENDS, "ada") for n in "hij"},
        before={n: Kept(NINE, ENDS, "ada") for n in "hij"},
    ),
    "the same part, merged and by one's own": history(
        call(
            0,
            1,
            Book("c", Slot("x", 560, 575), "ada", "ada", (5, 15)),
            Taken(((560, 575), (560, 575, "b"))),
        ),
        after={"a": Granted(Slot("x", 550, 570)), "b": Granted(Slot("x", 570, 600), owner="ada")},
        before={"a": Granted(Slot("x", 550, 570)), "b": Granted(Slot("x", 570, 600), owner="ada")},
    ),
    "a series": history(call(0, 1, SERIES, BOTH), after=THERE),
    "a series of which one is taken": history(
        call(0, 1, SERIES, Unavailable(((DAY + 540, "slot_taken"),))),
        after={"b": Granted(TOMORROW)},
        before={"b": Granted(TOMORROW)},
    ),
    "a series without what is taken": history(
        call(0, 1, SKIPPING, THE_FIRST),
        after={"s": GRANTED, "b": Granted(TOMORROW)},
        before={"b": Granted(TOMORROW)},
    ),
    "a series without what is held": history(
        call(0, 1, replace(SKIPPING, at=10), Booked(("t",), ((540, "slot_taken"),))),
        after={**MADE, "t": Granted(TOMORROW)},
        before=MADE,
    ),
    "two series that cross": history(
        call(0, 9, SERIES, BOTH),
        call(
            0,
            9,
            BookSeries(("u", "v"), (TEN, TOMORROW)),
            Unavailable(((DAY + 540, "slot_taken"),)),
        ),
        after=THERE,
    ),
    "a series without an answer, and what it took": history(
        Call(0, SERIES),
        call(2, 3, Book("b", TOMORROW), Taken(((DAY + 540, DAY + 570),))),
        after=THERE,
    ),
    "a patient's series beyond a limit": history(
        call(0, 1, replace(SERIES, owner="ada", by="ada"), TOO_MANY), after={}, allowed=Allowed(1)
    ),
    "what is left of a series": history(
        call(0, 1, END, Done()),
        call(0, 1, Get("t"), CANCELLED),
        after={**THERE, "t": CANCELLED},
        before=THERE,
    ),
    "moved behind just before": history(
        call(0, 9, Move("s", TOMORROW_TEN), Done()),
        call(0, 9, END, Done()),
        after={"s": replace(MOVED, booked=False, version=3), "t": CANCELLED},
        before=THERE,
    ),
    "moved behind just after": history(
        call(0, 9, Move("s", TOMORROW_TEN), Done()),
        call(0, 9, END, Done()),
        after={"s": MOVED, "t": CANCELLED},
        before=THERE,
    ),
}

WRONG = {
    "booked though it is held": history(
        call(0, 1, Book("b", NINE, at=10), GRANTED), after={**MADE, "b": GRANTED}, before=MADE
    ),
    "held though it is held": history(
        call(0, 1, replace(HOLD, name="i", at=10), HELD), after={**MADE, "i": HELD}, before=MADE
    ),
    "moved to what is held": history(
        call(0, 1, Move("b", NINE, at=10), replace(GRANTED, version=2)),
        after={**MADE, "b": replace(GRANTED, version=2)},
        before={**MADE, "b": Granted(TEN)},
    ),
    "refused though it has ended": history(
        call(0, 1, Book("b", NINE, at=60), Taken(((540, 570),))), after=MADE, before=MADE
    ),
    "told to wait, and it is booked": history(
        call(0, 1, Book("b", NINE, at=10), TAKEN), after={"a": GRANTED}, before={"a": GRANTED}
    ),
    "not told to wait": history(
        call(0, 1, Book("b", NINE, at=10), replace(TAKEN, retry_after=None)),
        after=MADE,
        before=MADE,
    ),
    "told to wait too long": history(
        call(0, 1, Book("b", NINE, at=10), replace(TAKEN, retry_after=51)), after=MADE, before=MADE
    ),
    "unknown though it lives": history(call(0, 1, WITH_IT, UNKNOWN_HOLD), after=MADE, before=MADE),
    "used twice": history(
        call(0, 9, WITH_IT, GRANTED),
        call(0, 9, replace(WITH_IT, name="b", slot=Slot("x", 540, 550)), Done()),
        after={**BOOKED, "b": Granted(Slot("x", 540, 550))},
        before=MADE,
    ),
    "used, and still there": history(
        call(0, 1, WITH_IT, GRANTED), after={"h": HELD, "a": GRANTED}, before=MADE
    ),
    "used by somebody else": history(
        call(0, 1, replace(WITH_IT, owner="ada", by="ada"), Granted(NINE, owner="ada")),
        after={"h": USED, "a": Granted(NINE, owner="ada")},
        before=MADE,
    ),
    "given up, and still in the way": history(
        call(0, 1, Release("h", NINE, at=10), Done()),
        call(2, 3, Book("b", NINE, at=10), TAKEN),
        after=NO_MORE,
        before=MADE,
    ),
    "given up by somebody else": history(
        call(0, 1, Release("h", NINE, "ada", at=10), Done()), after=NO_MORE, before=MADE
    ),
    "gone by itself": history(after=NO_MORE, before=MADE),
    "acknowledged, and nowhere": history(call(0, 1, HOLD, HELD), after={}),
    "offered though it is held": history(
        call(0, 1, First("x", (0, DAY), 30, at=10), Opening(540)), after=MADE, before=MADE
    ),
    "too many holds, and there were two": history(
        call(0, 1, HoldTime("k", TEN, ENDS, "ada", refused=True), TOO_MANY_HOLDS),
        after={n: Kept(NINE, ENDS, "ada") for n in "hi"},
        before={n: Kept(NINE, ENDS, "ada") for n in "hi"},
    ),
    "half of a series": history(call(0, 1, SERIES, BOTH), after={"s": GRANTED}),
    "half of one without an answer": history(Call(0, SERIES), after={"s": GRANTED}),
    "booked, and told that it was not": history(
        call(0, 1, SERIES, Unavailable(((540, "slot_taken"),))), after=THERE
    ),
    "skipped, and it was free": history(call(0, 1, SKIPPING, THE_FIRST), after={"s": GRANTED}),
    "skipped for another reason": history(
        call(0, 1, SKIPPING, Booked(("s",), ((DAY + 540, "time_off"),))),
        after={"s": GRANTED, "b": Granted(TOMORROW)},
        before={"b": Granted(TOMORROW)},
    ),
    "booked in part, and all was asked for": history(
        call(0, 1, SERIES, THE_FIRST),
        after={"s": GRANTED, "b": Granted(TOMORROW)},
        before={"b": Granted(TOMORROW)},
    ),
    "two series at one time": history(
        call(0, 9, SERIES, BOTH),
        call(0, 9, BookSeries(("u", "v"), (TEN, TOMORROW)), Booked(("u", "v"))),
        after={**THERE, "u": Granted(TEN), "v": Granted(TOMORROW)},
    ),
    "seen in part": history(
        call(0, 9, SERIES, BOTH),
        call(1, 2, Get("s"), GRANTED),
        call(3, 4, Get("t"), Refused("unknown_appointment")),
        after=THERE,
    ),
    "one of them was left": history(call(0, 1, END, Done()), after=THERE, before=THERE),
    "more than was due": history(
        call(0, 1, END, Done()),
        after={"s": replace(GRANTED, booked=False, version=2), "t": CANCELLED},
        before=THERE,
    ),
    "cancelled twice": history(
        call(0, 9, END, Done()),
        call(1, 2, Get("t"), CANCELLED),
        call(3, 4, Move("s", TOMORROW_TEN), Done()),
        after={"s": replace(MOVED, booked=False, version=3), "t": CANCELLED},
        before=THERE,
    ),
    "somebody else's": history(
        call(0, 1, replace(END, by="ada"), Done()),
        after={**THERE, "t": CANCELLED},
        before=THERE,
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_history_is_explained(name: str) -> None:
    assert judge(RIGHT[name]) == Verdict()


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_history_is_not(name: str) -> None:
    assert judge(WRONG[name]).unexplained


@pytest.mark.parametrize("asked", [Book("b", NINE, at=10), Move("b", NINE, at=10)])
def test_what_got_a_time_that_another_held_has_a_name_of_its_own(asked: Book | Move) -> None:
    calls = [call(0, 1, HOLD, HELD), call(2, 3, asked, Done())]
    before: Things = {} if isinstance(asked, Book) else {"b": Granted(TEN)}
    found = problems(calls, before, {**MADE, "b": GRANTED})
    assert found == Verdict(kept=(f"b got {NINE}, which h held: {NINE}",))


@pytest.mark.parametrize(
    "meanwhile",
    [call(0.5, 2.5, HOLD, HELD), call(0, 1, replace(HOLD, ends=10.0), replace(HELD, ends=10.0))],
    ids=["held at once", "ended"],
)
def test_it_has_none_if_it_may_have_come_first_or_the_hold_was_over(meanwhile: Call) -> None:
    booked = call(2, 3, Book("b", NINE, at=10), GRANTED)
    after = {"h": meanwhile.answer, "b": GRANTED}
    assert problems([meanwhile, booked], {}, after) == Verdict()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "ends", [Release("h", NINE, at=10), replace(WITH_IT, slot=Slot("x", 540, 541))]
)
def test_nor_if_it_was_used_or_given_up(ends: Book | Release) -> None:
    calls = [call(0, 1, HOLD, HELD), Call(2, ends), call(3, 4, Book("b", NINE, at=10), GRANTED)]
    assert problems(calls, {}, {"h": USED, "b": GRANTED}) == Verdict()


def test_a_series_is_lost_like_each_of_its_appointments() -> None:
    found = problems([call(0, 1, SERIES, BOTH)], {}, {"s": GRANTED})
    assert (found.lost, found.phantom) == (("t was acknowledged, and is None in the end",), ())
    gone = problems([call(0, 1, SERIES, BOTH), call(2, 3, END, Done())], {}, THERE)
    assert gone == Verdict()
    cancelled = problems([call(0, 1, SERIES, BOTH), Call(2, Cancel("s"))], {}, THERE)
    assert cancelled == Verdict()
