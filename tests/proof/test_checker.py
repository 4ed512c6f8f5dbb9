"""Right histories are explained, and wrong ones are not: by hand, at random, and by brute force.

The store of the random ones is the model of all tests, and shares nothing with the checker.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.proof.checker import explain, judge
from tests.proof.first_sight import Verdict, problems
from tests.proof.history import (
    Affected,
    Allowed,
    Answer,
    Asked,
    Book,
    Busy,
    Call,
    Cancel,
    DeleteOverride,
    Done,
    First,
    Get,
    Granted,
    History,
    List,
    Listed,
    MakeOverride,
    MarkAs,
    Mine,
    Move,
    Opening,
    Override,
    Slot,
    Taken,
    Things,
    Update,
)
from tests.proof.made_up_histories import (
    CALENDAR,
    CALENDAR_OF_PATIENTS,
    CANCELLED,
    DAY,
    HALF_PAST,
    HOURS,
    MISMATCH,
    NARROW,
    NINE,
    OFF,
    OUTSIDE,
    PATIENTS,
    TEN,
    TOO_EARLY,
    TOO_MANY,
    UNKNOWN,
    WITH_Y,
    WRONG_STATUS,
    Kind,
    Made,
    done,
    gone,
    happened,
    spoilt,
)


def call(invoked: float, answered: float, asked: Asked, answer: Answer) -> Call:
    return Call(invoked, asked, answered, answer)


def unanswered(invoked: float, asked: Asked) -> Call:
    return Call(invoked, asked)


def listed(*appointments: tuple[str, int, int]) -> Listed:
    return Listed(appointments)


def moved(slot: Slot, version: int = 2, owner: str | None = None) -> Granted:
    return Granted(slot, version=version, owner=owner)


def history(*calls: Call, after: Things, before: Things | None = None) -> History:
    return History(calls, HOURS, before or {}, after)


A_AT_NINE, B_AT_NINE = Book("a", NINE), Book("b", NINE)
BOOKED: Things = {"a": Granted(NINE)}


ADAS, ADAS_WITH_Y = Granted(NINE, owner="ada"), Granted(WITH_Y, owner="ada")
HERS: Things = {"a": ADAS}
FOR_ADA, BY_ADA = Book("b", WITH_Y, "ada"), Book("b", WITH_Y, "ada", "ada")


def two_moves_at_once(last: Slot) -> History:
    """Which was last, shows only after another call was answered."""
    return history(
        call(0, 5, Move("a", TEN), Done()),
        call(0, 5, Move("a", HALF_PAST), Done()),
        call(6, 7, Book("b", WITH_Y), Granted(WITH_Y)),
        call(8, 9, Get("a"), moved(last, 3)),
        after={"a": moved(last, 3), "b": Granted(WITH_Y)},
        before=BOOKED,
    )


RIGHT = {
    "nothing at all": history(after=BOOKED, before=BOOKED),
    "one after the other": history(
        call(0, 1, A_AT_NINE, Granted(NINE)),
        call(2, 3, Book("b", Slot("x", 550, 600)), Taken(((550, 570),))),
        call(4, 5, Move("a", TEN), moved(TEN)),
        call(6, 7, List("x", DAY), listed(("a", 600, 630))),
        call(8, 9, First("x", (560, 1440), 45), Opening(720)),
        call(10, 11, Cancel("a"), gone(TEN, 3)),
        call(12, 13, Cancel("a"), gone(TEN, 3)),
        call(14, 15, Move("a", NINE), CANCELLED),
        call(16, 17, Get("a"), gone(TEN, 3)),
        call(18, 19, Get("b"), UNKNOWN),
        call(20, 21, First("x", (600, 650), 60), Opening(None)),
        after={"a": gone(TEN, 3)},
    ),
    "the later one first": history(
        call(0, 9, A_AT_NINE, Taken(((540, 570),))),
        call(1, 8, B_AT_NINE, Granted(NINE)),
        after={"b": Granted(NINE)},
    ),
    "a move onto its own time": history(
        call(0, 1, Move("a", Slot("x", 555, 585)), moved(Slot("x", 555, 585))),
        after={"a": moved(Slot("x", 555, 585))},
        before=BOOKED,
    ),
    "a list in the middle of two changes": history(
        call(0, 9, Book("b", TEN), Granted(TEN)),
        call(0, 9, Cancel("a"), gone(NINE)),
        call(0, 9, List("x", DAY), listed(("a", 540, 570), ("b", 600, 630))),
        call(0, 5, Book("c", Slot("x", 540, 600)), Granted(Slot("x", 540, 600))),
        after={"a": gone(NINE), "b": Granted(TEN), "c": Granted(Slot("x", 540, 600))},
        before=BOOKED,
    ),
    "no answer, and it was booked": history(
        unanswered(0, A_AT_NINE),
        call(1, 2, B_AT_NINE, Taken(((540, 570),))),
        after=BOOKED,
    ),
    "no answer, and it was not booked": history(
        unanswered(0, A_AT_NINE),
        call(1, 2, B_AT_NINE, Granted(NINE)),
        after={"b": Granted(NINE)},
    ),
    "no answer, and it was booked long after": history(
        unanswered(0, A_AT_NINE),
        call(1, 2, List("x", DAY), listed()),
        call(3, 4, B_AT_NINE, Granted(NINE)),
        call(5, 6, Cancel("b"), gone(NINE)),
        call(7, 8, List("x", DAY), listed()),
        call(9, 10, Get("a"), Granted(NINE)),
        after={"a": Granted(NINE), "b": gone(NINE)},
    ),
    "no answer, and only the end shows it": history(unanswered(0, A_AT_NINE), after=BOOKED),
    "a read without an answer": history(unanswered(0, List("x", DAY)), after={}),
    "it took effect, and what was read was of later": history(
        call(0, 1, A_AT_NINE, Done()),
        call(2, 3, Move("a", TEN), Done()),
        call(4, 5, Cancel("a"), Done()),
        after={"a": gone(TEN, 3)},
    ),
    "answered as the other was invoked, so either may be first": history(
        call(0, 1, A_AT_NINE, Granted(NINE)),
        call(1, 2, List("x", DAY), listed()),
        after=BOOKED,
    ),
    "times that touch": history(
        call(0, 1, A_AT_NINE, Granted(NINE)),
        call(2, 3, Book("b", HALF_PAST), Granted(HALF_PAST)),
        call(4, 5, Book("c", Slot("x", 540, 610)), Taken(((540, 600),))),
        after={"a": Granted(NINE), "b": Granted(HALF_PAST)},
    ),
    "no answers, and one leaves its time to another, and comes back": history(
        unanswered(0, Move("a", TEN)),
        unanswered(0, Move("a", NINE)),
        unanswered(0, B_AT_NINE),
        unanswered(0, Cancel("b")),
        after={"a": moved(NINE, 3), "b": gone(NINE)},
        before=BOOKED,
    ),
    "no answers, and what could have been made first is made last": history(
        unanswered(0, Move("a", Slot("x", 595, 625))),
        unanswered(0, Move("a", TEN)),
        call(1, 2, Get("a"), moved(TEN)),
        call(3, 4, Get("a"), moved(Slot("x", 595, 625), 3)),
        after={"a": moved(Slot("x", 595, 625), 3)},
        before=BOOKED,
    ),
    "two moves at once, this one last": two_moves_at_once(TEN),
    "two moves at once, that one last": two_moves_at_once(HALF_PAST),
    "two appointments that swap by way of a third time": history(
        call(0, 9, Move("a", HALF_PAST), moved(HALF_PAST)),
        call(0, 9, Move("b", TEN), moved(TEN)),
        call(0, 9, Move("b", NINE), moved(NINE, 3)),
        after={"a": moved(HALF_PAST), "b": moved(NINE, 3)},
        before={"a": Granted(NINE), "b": Granted(HALF_PAST)},
    ),
}
RIGHT |= {
    "a patient is busy with another doctor, until that is given up": history(
        call(0, 1, BY_ADA, Busy(((540, 570, "a"),))),
        call(2, 3, FOR_ADA, Busy(((540, 570),))),
        call(4, 5, Cancel("a", "ada"), replace(ADAS, booked=False, version=2)),
        call(6, 7, BY_ADA, ADAS_WITH_Y),
        after={"a": replace(ADAS, booked=False, version=2), "b": ADAS_WITH_Y},
        before=HERS,
    ),
    "two patients at one time, with two doctors": history(
        call(0, 9, Book("b", WITH_Y, "bob", "bob"), Granted(WITH_Y, owner="bob")),
        after={**HERS, "b": Granted(WITH_Y, owner="bob")},
        before=HERS,
    ),
    "a patient is told what is their own, and nothing else": history(
        call(0, 1, Mine("ada", DAY), listed(("a", 540, 570))),
        call(2, 3, Mine("bob", DAY), listed()),
        call(4, 5, Get("a", "ada"), ADAS),
        call(6, 7, Get("a", "bob"), UNKNOWN),
        call(8, 9, Cancel("a", "bob"), UNKNOWN),
        call(10, 11, Move("a", TEN, "bob"), UNKNOWN),
        call(12, 13, Book("b", Slot("x", 550, 590), "ada", "ada"), Taken(((550, 570, "a"),))),
        call(14, 15, Book("c", Slot("x", 550, 590), "bob", "bob"), Taken(((550, 570),))),
        after=HERS,
        before=HERS,
    ),
    "a time that is taken twice alike, of which one is told by name": history(
        call(
            0,
            1,
            Book("b", Slot("x", 550, 570), "ada", "ada", buffers=(0, 30)),
            Taken(((550, 570), (550, 570, "a"))),
        ),
        after={**HERS, "s": Granted(Slot("x", 570, 600))},
        before={**HERS, "s": Granted(Slot("x", 570, 600))},
    ),
    "as many as a patient may have, and staff give one more": history(
        call(0, 1, Book("b", TEN, "ada", "ada"), TOO_MANY),
        call(2, 3, Book("c", TEN, "ada"), Granted(TEN, owner="ada")),
        after={**HERS, "c": Granted(TEN, owner="ada")},
        before=HERS,
    )._replace(allowed=Allowed(booked=1)),
    "as many changes as a patient may make, of which one was not answered": history(
        unanswered(0, Move("a", TEN, "ada")),
        call(1, 2, Move("a", HALF_PAST, "ada"), moved(HALF_PAST, 3, "ada")),
        call(3, 4, Cancel("a", "ada"), TOO_MANY),
        after={"a": moved(HALF_PAST, 3, "ada")},
        before=HERS,
    )._replace(allowed=Allowed(changes=2)),
}

AWAY, EARLY = Override("time_off", NINE), Override("extra_hours", Slot("x", 480, 540))
GO_AWAY, COME_EARLY = (
    MakeOverride("off", "time_off", NINE),
    MakeOverride("extra", "extra_hours", EARLY.slot),
)
MARKED = Granted(NINE, version=2, mark="no_show", freed_from=550)
REST = Slot("x", 550, 570)
BUFFERED = Granted(NINE, buffers=(5, 15))

RIGHT |= {
    "time off, until it is deleted": history(
        call(0, 1, GO_AWAY, AWAY),
        call(0, 1, Affected("off", NINE), listed()),
        call(2, 3, A_AT_NINE, OFF),
        call(4, 5, First("x", DAY, 30), Opening(570)),
        call(6, 7, DeleteOverride("off", NINE), replace(AWAY, stands=False)),
        call(8, 9, A_AT_NINE, Granted(NINE)),
        after={"off": replace(AWAY, stands=False), "a": Granted(NINE)},
    ),
    "extra hours before the others, of which some are taken off": history(
        call(0, 1, Book("b", Slot("x", 520, 560)), OUTSIDE),
        call(2, 3, COME_EARLY, EARLY),
        call(4, 5, Book("b", Slot("x", 520, 560)), Granted(Slot("x", 520, 560))),
        call(6, 7, GO_AWAY, AWAY),
        call(6, 7, Affected("off", NINE), listed(("b", 520, 560))),
        call(8, 9, Move("b", Slot("x", 530, 550)), OFF),
        after={"extra": EARLY, "b": Granted(Slot("x", 520, 560)), "off": AWAY},
    ),
    "time off beside a booking that it affects": history(
        call(0, 9, GO_AWAY, AWAY),
        call(0, 9, A_AT_NINE, Granted(NINE)),
        call(0, 9, Affected("off", NINE), listed(("a", 540, 570))),
        call(10, 11, Cancel("a"), gone(NINE)),
        after={"off": AWAY, "a": gone(NINE)},
    ),
    "time off without an answer, and only a refusal shows it": history(
        unanswered(0, GO_AWAY),
        call(1, 2, A_AT_NINE, OFF),
        after={"off": AWAY},
    ),
    "what a mark frees": history(
        call(0, 1, MarkAs("a", "no_show", 539), TOO_EARLY),
        call(2, 3, MarkAs("a", "no_show", 550), MARKED),
        call(4, 5, MarkAs("a", "no_show", 560), MARKED),
        call(6, 7, MarkAs("a", "arrived", 560), WRONG_STATUS),
        call(8, 9, Cancel("a"), WRONG_STATUS),
        call(10, 11, B_AT_NINE, Taken(((540, 550),))),
        call(12, 13, Book("c", REST), Granted(REST)),
        call(14, 15, List("x", DAY), listed(("a", 540, 570), ("c", 550, 570))),
        after={"a": MARKED, "c": Granted(REST)},
        before=BOOKED,
    ),
    "versions, one for each change": history(
        call(0, 1, Update("a", "cough", version=2), MISMATCH),
        call(2, 3, Update("a", "cough", version=1), Granted(NINE, version=2, reason="cough")),
        call(4, 5, Update("a", "cough"), Granted(NINE, version=2, reason="cough")),
        call(6, 7, Move("a", TEN, version=1), MISMATCH),
        call(8, 9, Move("a", TEN, version=2), Granted(TEN, version=3, reason="cough")),
        call(10, 11, Cancel("a", version=2), MISMATCH),
        after={"a": Granted(TEN, version=3, reason="cough")},
        before=BOOKED,
    ),
    "one of two changes of the same version": history(
        call(0, 9, Cancel("a", version=1), MISMATCH),
        call(0, 9, Move("a", TEN, version=1), moved(TEN)),
        after={"a": moved(TEN)},
        before=BOOKED,
    ),
    "buffers, of which the larger one counts": history(
        call(0, 1, Book("b", Slot("x", 570, 600)), Taken(((570, 585),))),
        call(
            2,
            3,
            Book("b", Slot("x", 585, 600), buffers=(15, 0)),
            Granted(Slot("x", 585, 600), buffers=(15, 0)),
        ),
        call(4, 5, Book("c", Slot("x", 600, 610), buffers=(1, 0)), Taken(((600, 601),))),
        call(6, 7, Cancel("a"), replace(BUFFERED, booked=False, version=2)),
        after={
            "a": replace(BUFFERED, booked=False, version=2),
            "b": Granted(Slot("x", 585, 600), buffers=(15, 0)),
        },
        before={"a": BUFFERED},
    ),
}

WRONG = {
    "a time booked twice": history(
        call(0, 9, A_AT_NINE, Granted(NINE)),
        call(0, 9, B_AT_NINE, Granted(NINE)),
        after={"a": Granted(NINE), "b": Granted(NINE)},
    ),
    "a part of a time booked twice": history(
        call(0, 9, A_AT_NINE, Granted(NINE)),
        call(0, 9, Book("b", Slot("x", 569, 600)), Granted(Slot("x", 569, 600))),
        after={"a": Granted(NINE), "b": Granted(Slot("x", 569, 600))},
    ),
    "a move onto another": history(
        call(0, 1, Move("a", HALF_PAST), moved(HALF_PAST)),
        after={"a": moved(HALF_PAST), "b": Granted(HALF_PAST)},
        before={"a": Granted(NINE), "b": Granted(HALF_PAST)},
    ),
    "a booking that is lost": history(call(0, 1, A_AT_NINE, Granted(NINE)), after={}),
    "a booking of before that is lost": history(after={}, before=BOOKED),
    "an appointment that nobody asked for": history(after=BOOKED),
    "a refused one that is there": history(
        call(0, 1, Book("b", NINE), Taken(((540, 570),))),
        after={"a": Granted(NINE), "b": Granted(NINE)},
        before=BOOKED,
    ),
    "moved, and booked by nobody": history(
        call(0, 1, Move("a", TEN), moved(TEN)), after={"a": moved(TEN)}
    ),
    "booked again under the same name": history(
        call(0, 1, A_AT_NINE, Granted(NINE)),
        call(2, 3, Book("a", TEN), Granted(TEN)),
        after={"a": Granted(TEN)},
    ),
    "an appointment at a time that nobody asked for": history(
        call(0, 1, A_AT_NINE, Granted(NINE)), after={"a": Granted(TEN)}
    ),
    "a list that misses an acknowledged one": history(
        call(0, 1, A_AT_NINE, Granted(NINE)),
        call(2, 3, List("x", DAY), listed()),
        after=BOOKED,
    ),
    "a list that shows a cancelled one": history(
        call(0, 1, Cancel("a"), gone(NINE)),
        call(2, 3, List("x", DAY), listed(("a", 540, 570))),
        after={"a": gone(NINE)},
        before=BOOKED,
    ),
    "a list that shows one beside its window": history(
        call(0, 1, List("x", (570, 600)), listed(("a", 540, 570))), after=BOOKED, before=BOOKED
    ),
    "a list out of order": history(
        call(0, 1, List("x", DAY), listed(("b", 600, 630), ("a", 540, 570))),
        after={"a": Granted(NINE), "b": Granted(TEN)},
        before={"a": Granted(NINE), "b": Granted(TEN)},
    ),
    "two lists that see two bookings in different orders": history(
        call(0, 9, A_AT_NINE, Granted(NINE)),
        call(0, 9, Book("b", TEN), Granted(TEN)),
        call(0, 9, List("x", DAY), listed(("a", 540, 570))),
        call(0, 9, List("x", DAY), listed(("b", 600, 630))),
        after={"a": Granted(NINE), "b": Granted(TEN)},
    ),
    "a look-up that goes back": history(
        call(0, 9, Move("a", TEN), moved(TEN)),
        call(1, 2, Get("a"), moved(TEN)),
        call(3, 4, Get("a"), Granted(NINE)),
        after={"a": moved(TEN)},
        before=BOOKED,
    ),
    "refused, and free all the time": history(
        call(0, 1, A_AT_NINE, Taken(((540, 570),))), after={}
    ),
    "refused for a time that was cancelled before": history(
        call(0, 1, Cancel("a"), gone(NINE)),
        call(2, 3, B_AT_NINE, Taken(((540, 570),))),
        after={"a": gone(NINE)},
        before=BOOKED,
    ),
    "refused for its own old time": history(
        call(0, 1, Move("a", Slot("x", 550, 580)), Taken(((550, 570),))),
        after=BOOKED,
        before=BOOKED,
    ),
    "conflicts beyond what was asked": history(
        call(0, 1, Book("b", Slot("x", 560, 590)), Taken(((540, 570),))),
        after=BOOKED,
        before=BOOKED,
    ),
    "conflicts that are too short": history(
        call(0, 1, Book("b", Slot("x", 540, 600)), Taken(((540, 560),))),
        after=BOOKED,
        before=BOOKED,
    ),
    "conflicts that are not merged": history(
        call(0, 1, Book("c", Slot("x", 540, 600)), Taken(((540, 570), (570, 600)))),
        after={"a": Granted(NINE), "b": Granted(HALF_PAST)},
        before={"a": Granted(NINE), "b": Granted(HALF_PAST)},
    ),
    "refused without a conflict": history(call(0, 1, A_AT_NINE, Taken(())), after={}),
    "granted before the time was free": history(
        call(0, 1, B_AT_NINE, Granted(NINE)),
        call(2, 3, Cancel("a"), gone(NINE)),
        after={"a": gone(NINE), "b": Granted(NINE)},
        before=BOOKED,
    ),
    "another time than was asked": history(
        call(0, 1, A_AT_NINE, Granted(TEN)), after={"a": Granted(TEN)}
    ),
    "granted outside working hours": history(
        call(0, 1, Book("a", Slot("x", 650, 680)), Granted(Slot("x", 650, 680))),
        after={"a": Granted(Slot("x", 650, 680))},
    ),
    "moved, and in both places": history(
        call(0, 9, Move("a", WITH_Y), moved(WITH_Y)),
        call(1, 2, List("y", DAY), listed(("a", 540, 570))),
        call(3, 4, List("x", DAY), listed(("a", 540, 570))),
        after={"a": moved(WITH_Y)},
        before=BOOKED,
    ),
    "moved, and in neither place": history(
        call(0, 9, Move("a", WITH_Y), moved(WITH_Y)),
        call(1, 2, List("x", DAY), listed()),
        call(3, 4, List("y", DAY), listed()),
        after={"a": moved(WITH_Y)},
        before=BOOKED,
    ),
    "moved without an answer, twice": history(
        unanswered(0, Move("a", TEN)),
        call(1, 2, Get("a"), moved(TEN)),
        call(3, 4, Move("a", NINE), moved(NINE, 3)),
        call(5, 6, Get("a"), moved(TEN, 4)),
        after={"a": moved(TEN, 4)},
        before=BOOKED,
    ),
    "in effect before it was invoked": history(
        call(0, 1, Get("a"), Granted(NINE)), unanswered(2, A_AT_NINE), after=BOOKED
    ),
    "a later opening than the first": history(
        call(0, 1, First("x", DAY, 30), Opening(600)), after=BOOKED, before=BOOKED
    ),
    "an opening that is taken": history(
        call(0, 1, First("x", DAY, 30), Opening(540)), after=BOOKED, before=BOOKED
    ),
    "an opening over the noon break": history(
        call(0, 1, First("x", (631, 1440), 30), Opening(645)), after={}
    ),
    "an opening that ends after its window": history(
        call(0, 1, First("x", (540, 560), 30), Opening(540)), after={}
    ),
    "no opening where there is one": history(
        call(0, 1, First("x", DAY, 30), Opening(None)), after={}
    ),
    "a cancellation undone": history(
        call(0, 1, Cancel("a"), gone(NINE)), after=BOOKED, before=BOOKED
    ),
    "cancelled and moved after it": history(
        call(0, 1, Cancel("a"), gone(NINE)),
        call(2, 3, Move("a", TEN), moved(TEN, 3)),
        after={"a": gone(TEN, 3)},
        before=BOOKED,
    ),
    "an end that was there in parts, but never at one instant": history(
        unanswered(0, Cancel("a")),
        unanswered(0, B_AT_NINE),
        after={"a": Granted(NINE), "b": Granted(NINE)},
        before=BOOKED,
    ),
    "cancelled by nobody": history(after={"a": gone(NINE)}, before=BOOKED),
    "cancelled, and still called booked": history(
        call(0, 1, Cancel("a"), Granted(NINE)), after={"a": gone(NINE)}, before=BOOKED
    ),
    "unknown, though it was booked": history(
        call(0, 1, A_AT_NINE, Granted(NINE)), call(2, 3, Get("a"), UNKNOWN), after=BOOKED
    ),
    "already cancelled, though it is booked": history(
        call(0, 1, Move("a", TEN), CANCELLED), after=BOOKED, before=BOOKED
    ),
    "done, and never there": history(call(0, 1, A_AT_NINE, Done()), after={}),
    "a move that was done, and never made": history(
        call(0, 1, Move("a", TEN), Done()), after=BOOKED, before=BOOKED
    ),
    "a cancellation that was done, and never made": history(
        call(0, 1, Cancel("a"), Done()), after=BOOKED, before=BOOKED
    ),
    "done, where another was all the time": history(
        call(0, 1, B_AT_NINE, Done()),
        after={"a": Granted(NINE), "b": Granted(NINE)},
        before=BOOKED,
    ),
}

WRONG |= {
    "a patient with two doctors at once": history(
        call(0, 9, Book("a", NINE, "ada", "ada"), ADAS),
        call(0, 9, BY_ADA, ADAS_WITH_Y),
        after={"a": ADAS, "b": ADAS_WITH_Y},
    ),
    "a patient moved to where they are with another doctor": history(
        call(0, 1, Move("b", WITH_Y), moved(WITH_Y, 2, "ada")),
        after={"a": ADAS, "b": moved(WITH_Y, 2, "ada")},
        before={"a": ADAS, "b": Granted(TEN, owner="ada")},
    ),
    "a patient is busy who has nothing then": history(
        call(0, 1, FOR_ADA, Busy(((540, 570),))), after={}
    ),
    "a patient is busy at another time than they are": history(
        call(0, 1, FOR_ADA, Busy(((540, 560),))), after=HERS, before=HERS
    ),
    "busy with what was given up before": history(
        call(0, 1, Cancel("a"), replace(ADAS, booked=False, version=2)),
        call(2, 3, FOR_ADA, Busy(((540, 570),))),
        after={"a": replace(ADAS, booked=False, version=2)},
        before=HERS,
    ),
    "busy with what is another's": history(
        call(0, 1, Book("b", WITH_Y, "bob"), Busy(((540, 570),))), after=HERS, before=HERS
    ),
    "a stranger is told whose time it is": history(
        call(0, 1, Book("b", NINE, "bob", "bob"), Taken(((540, 570, "a"),))),
        after=HERS,
        before=HERS,
    ),
    "a patient is shown what is another's": history(
        call(0, 1, Get("a", "bob"), ADAS), after=HERS, before=HERS
    ),
    "a patient cancels what is another's": history(
        call(0, 1, Cancel("a", "bob"), replace(ADAS, booked=False, version=2)),
        after={"a": replace(ADAS, booked=False, version=2)},
        before=HERS,
    ),
    "a patient does not find what is their own": history(
        call(0, 1, Get("a", "ada"), UNKNOWN), after=HERS, before=HERS
    ),
    "a patient's list lacks what is their own": history(
        call(0, 1, Mine("ada", DAY), listed()), after=HERS, before=HERS
    ),
    "a patient's list shows what is another's": history(
        call(0, 1, Mine("bob", DAY), listed(("a", 540, 570))), after=HERS, before=HERS
    ),
    "booked for another account than was asked": history(
        call(0, 1, FOR_ADA, Granted(WITH_Y, owner="bob")),
        after={"b": Granted(WITH_Y, owner="bob")},
    ),
    "too many, and there are fewer": history(
        call(0, 1, Book("b", TEN, "ada", "ada"), TOO_MANY), after=HERS, before=HERS
    )._replace(allowed=Allowed(booked=2)),
    "more than a patient may have": history(
        call(0, 1, replace(BY_ADA, slot=TEN), Granted(TEN, owner="ada")),
        after={**HERS, "b": Granted(TEN, owner="ada")},
        before=HERS,
    )._replace(allowed=Allowed(booked=1)),
    "more changes than a patient may make": history(
        call(0, 9, Move("a", TEN, "ada"), moved(TEN, 2, "ada")),
        call(0, 9, Move("a", HALF_PAST, "ada"), moved(HALF_PAST, 3, "ada")),
        after={"a": moved(HALF_PAST, 3, "ada")},
        before=HERS,
    )._replace(allowed=Allowed(changes=1)),
    "what staff have changed counts for a patient": history(
        call(0, 1, Move("a", TEN), moved(TEN, 2, "ada")),
        call(2, 3, Cancel("a", "ada"), TOO_MANY),
        after={"a": moved(TEN, 2, "ada")},
        before=HERS,
    )._replace(allowed=Allowed(changes=1)),
}


WRONG |= {
    "booked into time off": history(
        call(0, 1, GO_AWAY, AWAY),
        call(2, 3, A_AT_NINE, Granted(NINE)),
        after={"off": AWAY, "a": Granted(NINE)},
    ),
    "moved into time off": history(
        call(0, 1, Move("a", NINE), moved(NINE)),
        after={"off": AWAY, "a": moved(NINE)},
        before={"off": AWAY, "a": Granted(TEN)},
    ),
    "neither affected nor refused": history(
        call(0, 9, GO_AWAY, AWAY),
        call(0, 9, A_AT_NINE, Granted(NINE)),
        call(0, 9, Affected("off", NINE), listed()),
        after={"off": AWAY, "a": Granted(NINE)},
    ),
    "affected, and given up before": history(
        call(0, 1, Cancel("a"), gone(NINE)),
        call(2, 3, GO_AWAY, AWAY),
        call(2, 3, Affected("off", NINE), listed(("a", 540, 570))),
        after={"off": AWAY, "a": gone(NINE)},
        before=BOOKED,
    ),
    "affected by an override that is deleted": history(
        call(0, 1, DeleteOverride("off", NINE), replace(AWAY, stands=False)),
        call(2, 3, Affected("off", NINE), listed()),
        after={"off": replace(AWAY, stands=False)},
        before={"off": AWAY},
    ),
    "an opening in time off": history(
        call(0, 1, First("x", DAY, 30), Opening(540)), after={"off": AWAY}, before={"off": AWAY}
    ),
    "refused for time off that nobody asked for": history(call(0, 1, A_AT_NINE, OFF), after={}),
    "refused for time off at another time": history(
        call(0, 1, Book("a", TEN), OFF), after={"off": AWAY}, before={"off": AWAY}
    ),
    "time off that is lost": history(call(0, 1, GO_AWAY, AWAY), after={}),
    "time off that nobody asked for": history(after={"off": AWAY}),
    "time off that stands, and was deleted": history(
        call(0, 1, DeleteOverride("off", NINE), replace(AWAY, stands=False)),
        after={"off": AWAY},
        before={"off": AWAY},
    ),
    "outside working hours, and in extra hours": history(
        call(0, 1, Book("a", Slot("x", 500, 520)), OUTSIDE),
        after={"extra": EARLY},
        before={"extra": EARLY},
    ),
    "in extra hours that are deleted": history(
        call(0, 1, DeleteOverride("extra", EARLY.slot), replace(EARLY, stands=False)),
        call(2, 3, Book("a", EARLY.slot), Granted(EARLY.slot)),
        after={"extra": replace(EARLY, stands=False), "a": Granted(EARLY.slot)},
        before={"extra": EARLY},
    ),
    "freed for more than is left": history(
        call(0, 1, MarkAs("a", "no_show", 550), MARKED),
        call(2, 3, Book("b", Slot("x", 549, 570)), Granted(Slot("x", 549, 570))),
        after={"a": MARKED, "b": Granted(Slot("x", 549, 570))},
        before=BOOKED,
    ),
    "freed for two": history(
        call(0, 9, Book("b", REST), Granted(REST)),
        call(0, 9, Book("c", REST), Granted(REST)),
        after={"a": MARKED, "b": Granted(REST), "c": Granted(REST)},
        before={"a": MARKED},
    ),
    "the patient arrived, and that frees the rest": history(
        call(0, 1, MarkAs("a", "arrived", 550), replace(MARKED, mark="arrived")),
        after={"a": replace(MARKED, mark="arrived")},
        before=BOOKED,
    ),
    "marked, and cancelled after it": history(
        call(0, 1, MarkAs("a", "no_show", 550), MARKED),
        call(2, 3, Cancel("a"), replace(MARKED, booked=False, version=3)),
        after={"a": replace(MARKED, booked=False, version=3)},
        before=BOOKED,
    ),
    "two changes, and one version": history(
        call(0, 9, Update("a", "cough"), Done()),
        call(0, 9, Move("a", TEN), Done()),
        after={"a": Granted(TEN, version=2, reason="cough")},
        before=BOOKED,
    ),
    "one change, and two versions": history(
        call(0, 1, Move("a", TEN), Done()), after={"a": moved(TEN, 3)}, before=BOOKED
    ),
    "two changes of the same version": history(
        call(0, 9, Update("a", "cough", version=1), Done()),
        call(0, 9, Move("a", TEN, version=1), Done()),
        after={"a": Granted(TEN, version=3, reason="cough")},
        before=BOOKED,
    ),
    "another version, which it has": history(
        call(0, 1, Move("a", TEN, version=1), MISMATCH), after=BOOKED, before=BOOKED
    ),
    "a change of a version that it had": history(
        call(0, 1, Move("a", TEN), moved(TEN)),
        call(2, 3, Move("a", NINE, version=1), moved(NINE, 3)),
        after={"a": moved(NINE, 3)},
        before=BOOKED,
    ),
    "booked into a buffer": history(
        call(0, 1, Book("b", HALF_PAST), Granted(HALF_PAST)),
        after={"a": BUFFERED, "b": Granted(HALF_PAST)},
        before={"a": BUFFERED},
    ),
    "booked with a buffer that is not free": history(
        call(0, 1, Book("b", HALF_PAST, buffers=(5, 0)), Granted(HALF_PAST, buffers=(5, 0))),
        after={"a": Granted(NINE), "b": Granted(HALF_PAST, buffers=(5, 0))},
        before=BOOKED,
    ),
    "refused beyond the buffer": history(
        call(0, 1, Book("b", Slot("x", 585, 600)), Taken(((585, 600),))),
        after={"a": BUFFERED},
        before={"a": BUFFERED},
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_history_is_explained(name: str) -> None:
    right = RIGHT[name]
    assert_explains(explain(right), right)
    assert judge(right) == Verdict()


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_history_is_not(name: str) -> None:
    wrong = WRONG[name]
    assert explain(wrong) is None
    assert judge(wrong).unexplained


def test_an_order_leaves_out_what_never_took_effect() -> None:
    never, made = unanswered(0, A_AT_NINE), call(1, 2, B_AT_NINE, Granted(NINE))
    assert explain(history(never, made, after={"b": Granted(NINE)})) == [made]


def test_an_order_is_that_of_the_effects() -> None:
    refused = call(0, 9, A_AT_NINE, Taken(((540, 570),)))
    made = call(1, 8, B_AT_NINE, Granted(NINE))
    right = history(refused, made, after={"b": Granted(NINE)})
    assert explain(right) == [made, refused]


# What is wrong, in words


def kinds(name: str) -> tuple[int, int, int]:
    """How many are booked twice, lost, phantoms."""
    found = problems(WRONG[name].calls, WRONG[name].before, WRONG[name].after)
    return len(found.double), len(found.lost), len(found.phantom)


@pytest.mark.parametrize(
    ("name", "double", "lost", "phantom"),
    [
        ("a time booked twice", 1, 0, 0),
        ("a part of a time booked twice", 1, 0, 0),
        ("a move onto another", 1, 0, 0),
        ("a booking that is lost", 0, 1, 0),
        ("a booking of before that is lost", 0, 1, 0),
        ("cancelled by nobody", 0, 1, 0),
        ("done, and never there", 0, 1, 0),
        ("a move that was done, and never made", 0, 1, 0),
        ("an appointment that nobody asked for", 0, 0, 1),
        ("a refused one that is there", 1, 0, 1),
        ("moved, and booked by nobody", 0, 0, 1),
        ("an appointment at a time that nobody asked for", 0, 1, 1),
        ("a cancellation undone", 0, 0, 1),
        ("a list that misses an acknowledged one", 0, 0, 0),
    ],
)
def test_what_is_wrong_has_a_name(name: str, double: int, lost: int, phantom: int) -> None:
    assert kinds(name) == (double, lost, phantom)


def test_two_that_were_acknowledged_at_once_are_a_double_booking_though_one_was_cancelled() -> None:
    found = problems(
        [
            call(0, 1, A_AT_NINE, Granted(NINE)),
            call(2, 3, B_AT_NINE, Granted(NINE)),
            call(4, 5, Cancel("b"), gone(NINE)),
        ],
        {},
        {"a": Granted(NINE), "b": gone(NINE)},
    )
    assert found.double == (f"a and b were both booked: {NINE}, {NINE}",)
    assert (found.lost, found.phantom) == ((), ())


def test_a_patient_with_two_doctors_at_once_is_a_double_booking_of_its_own_kind() -> None:
    wrong = WRONG["a patient with two doctors at once"]
    found = problems(wrong.calls, wrong.before, wrong.after)
    assert found == Verdict(patients=(f"a and b of ada were both booked: {NINE}, {WITH_Y}",))


@pytest.mark.parametrize("name", ["booked into time off", "moved into time off"])
def test_a_booking_in_time_off_has_a_name_of_its_own(name: str) -> None:
    found = problems(WRONG[name].calls, WRONG[name].before, WRONG[name].after)
    assert found == Verdict(away=(f"a got {NINE}, in the time off off: {NINE}",))


@pytest.mark.parametrize(
    ("name", "lost", "phantom"),
    [("time off that is lost", 1, 0), ("time off that nobody asked for", 0, 1)],
)
def test_overrides_are_lost_or_phantoms_like_bookings(name: str, lost: int, phantom: int) -> None:
    assert kinds(name) == (0, lost, phantom)


def test_what_cannot_be_explained_names_the_call_where_the_search_ended() -> None:
    wrong = WRONG["a list that misses an acknowledged one"]
    (sentence,) = judge(wrong).unexplained
    assert sentence == f"no order explains {wrong.calls[1]}"


# Against another store, at random


def fits(made: Call, answer: Answer | None) -> bool:
    vague = made.answer is None or made.answer == Done()
    return isinstance(answer, Granted | Override) if vague else made.answer == answer


def assert_explains(order: Sequence[Call] | None, right: History) -> None:
    """Whoever is in order is there at a right instant, and is right, and nobody is missing."""
    assert order is not None
    store, instant = Made(right.before, allowed=right.allowed), 0.0
    for made in order:
        instant = max(instant, made.invoked)
        assert made.answered is None or instant <= made.answered
        answer, store = done(made.asked, store)
        assert fits(made, answer), made
    assert store.there == right.after
    left = list(right.calls)
    for made in order:
        left.remove(made)
    assert all(made.answer is None for made in left)


def explained_by_some_order(right: History) -> bool:
    """Every order is tried, one after the other."""

    def ends_well(left: tuple[Call, ...], store: Made) -> bool:
        if store.there == right.after and all(made.answer is None for made in left):
            return True
        until = min((made.answered for made in left if made.answered is not None), default=None)
        for index, made in enumerate(left):
            answer, then = done(made.asked, store)
            in_time = until is None or made.invoked <= until
            others = left[:index] + left[index + 1 :]
            if in_time and fits(made, answer) and ends_well(others, then):
                return True
        return False

    return ends_well(tuple(right.calls), Made(right.before, allowed=right.allowed))


RANDOMS = st.builds(Random, st.integers(0, 2**32))
KINDS = st.sampled_from([NARROW, PATIENTS, CALENDAR, CALENDAR_OF_PATIENTS])


@examples(170)
@given(RANDOMS, st.integers(1, 8), KINDS)
def test_whatever_an_atomic_store_answers_is_explained(
    random: Random, breadth: int, kind: Kind
) -> None:
    right = happened(random, random.randint(1, 14), breadth, kind)
    assert_explains(explain(right), right)
    assert problems(right.calls, right.before, right.after) == Verdict()


@examples(350)
@given(RANDOMS, st.integers(0, 8), KINDS)
def test_a_spoilt_history_is_explained_exactly_if_some_order_explains_it(
    random: Random, breadth: int, kind: Kind
) -> None:
    made_up = spoilt(random, happened(random, random.randint(1, 6), breadth, kind), kind)
    found = explain(made_up)
    assert (found is not None) == explained_by_some_order(made_up)
    if found is None:
        return
    assert_explains(found, made_up)
    assert problems(made_up.calls, made_up.before, made_up.after) == Verdict()


@pytest.mark.parametrize("seed", range(20))
def test_a_long_history_of_many_at_once_is_explained(seed: int) -> None:
    right = happened(Random(seed), 300, 24)  # noqa: S311 - to be repeated
    assert sum(made.answer is None for made in right.calls) > 10
    assert_explains(explain(right), right)
