"""The search for an order does not blow up, says so where it does, and is not deceived.

Histories of 300 calls, of which 48 are under way at once, and half are never answered.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

import pytest

from tests.examples import FACTOR
from tests.proof.accounts import ALLOWED
from tests.proof.checker import explain, judge
from tests.proof.first_sight import Verdict
from tests.proof.history import Book, Call, Granted, History, List, Listed, Slot, Things
from tests.proof.kept_histories import history_in, kept
from tests.proof.made_up_histories import (
    CALENDAR_OF_TWO_DAYS,
    HALF_UNANSWERED,
    MOVED_OFTEN,
    NEVER_MADE,
    PATIENTS_OF_TWO_DAYS,
    TWO_DAYS,
    WRONGS,
    WRONGS_OF_CALENDARS,
    WRONGS_OF_PATIENTS,
    happened,
)
from tests.proof.run import Report, judge_round
from tests.proof.search import Undecided
from tests.proof.workload import OPENS, Round

KINDS = {
    "half unanswered": HALF_UNANSWERED,
    "two days": TWO_DAYS,
    "moved often": MOVED_OFTEN,
    "never made": NEVER_MADE,
    "patients": PATIENTS_OF_TWO_DAYS,
    "calendars": CALENDAR_OF_TWO_DAYS,
}
LIMIT = 20_000


@cache
def long_history(kind: str, seed: int) -> History:
    return happened(Random(seed), 300, 48, KINDS[kind])  # noqa: S311 - to be repeated


def explained(right: History, folder: Path, seed: str) -> list[Call] | None:
    try:
        return explain(right, LIMIT)
    except Undecided as undecided:
        pytest.fail(f"{seed}: {undecided}; kept in {kept(folder / 'proof-histories', seed, right)}")


@pytest.mark.parametrize("kind", KINDS)
def test_a_history_of_which_half_is_unanswered_is_explained(kind: str, tmp_path: Path) -> None:
    for seed in range(5 * FACTOR):
        right = long_history(kind, seed)
        assert sum(call.answer is None for call in right.calls) > 100
        assert explained(right, tmp_path, f"{kind}-{seed}") is not None, seed


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        *((kind, spoil) for kind in KINDS for spoil in WRONGS),
        *(("patients", spoil) for spoil in WRONGS_OF_PATIENTS),
        *(("calendars", spoil) for spoil in WRONGS_OF_CALENDARS),
    ],
)
def test_what_cannot_have_happened_is_found_in_it(
    kind: str, spoil: Callable[[History], History], tmp_path: Path
) -> None:
    for seed in range(FACTOR):
        wrong = spoil(long_history(kind, seed))
        assert explained(wrong, tmp_path, f"{kind}-{seed}") is None, seed


# Where the search gives up


def round_with(*calls: Call) -> Round:
    return Round(7, calls=list(calls))


def slot_at(minutes: int) -> Slot:
    start = Round(7).window[0] + OPENS + minutes
    return Slot("who", start, start + 30)


BOOKED = [
    Call(0, Book(name, slot_at(minutes)), 9, Granted(slot_at(minutes)))
    for name, minutes in (("a", 0), ("b", 30))
]
STATE: Things = {"a": Granted(slot_at(0)), "b": Granted(slot_at(30))}


def test_after_so_many_steps_it_is_undecided_whether_there_is_an_order(tmp_path: Path) -> None:
    verdict = judge_round(round_with(*BOOKED), STATE, tmp_path, limit=1)
    file = tmp_path / "round-7.py"
    told = f"round 7, kept in {file}: no order was found in 1 steps"
    assert verdict == Verdict(undecided=(told,))
    assert Report("sqlite", 2, verdict=verdict).wrong() == [f"sqlite: {told}"]
    assert judge_round(round_with(*BOOKED), STATE, tmp_path, limit=2) == Verdict()


def test_what_is_undecided_is_kept_to_be_judged_again(tmp_path: Path) -> None:
    judge_round(round_with(*BOOKED), STATE, tmp_path, limit=1)
    again = history_in(tmp_path / "round-7.py")
    assert again == History(BOOKED, Round(7).hours(), {}, STATE, ALLOWED)
    assert judge(again) == Verdict()


def test_what_no_order_explains_is_kept_too(tmp_path: Path) -> None:
    missing = Call(10, List("who", Round(7).window), 11, Listed(()))
    verdict = judge_round(round_with(*BOOKED, missing), STATE, tmp_path)
    told = f"round 7, kept in {tmp_path / 'round-7.py'}: no order explains {missing}"
    assert verdict == Verdict(unexplained=(told,))


def test_what_is_explained_leaves_no_file(tmp_path: Path) -> None:
    assert judge_round(round_with(*BOOKED), STATE, tmp_path / "none") == Verdict()
    assert not (tmp_path / "none").exists()


def test_what_is_wrong_at_first_sight_is_told_though_the_search_gives_up(tmp_path: Path) -> None:
    lost: Things = {"a": STATE["a"]}
    verdict = judge_round(round_with(*BOOKED), lost, tmp_path, limit=1)
    assert verdict.lost == ("b was acknowledged, and is None in the end",)
    assert len(verdict.undecided) == 1
