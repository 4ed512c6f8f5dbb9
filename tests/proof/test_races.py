"""Two or three requests that get in each other's way: every order of them keeps every promise."""

from collections import Counter
from dataclasses import replace

import pytest

from tests.proof import broken_holds, broken_parts
from tests.proof.every_order import simulate_exhaustively, simulate_told
from tests.proof.simulated_run import BrokenRun, Parts, Run
from tests.proof.simulation import replay
from tests.proof.small_cases import CASES, TOLD
from tests.proof.world import Case

BROKEN = [*broken_parts.BROKEN, *broken_holds.BROKEN]
BY_NAME = {case.name: case for case in CASES}
FEW_ORDERS = [case for case in CASES if case.name != "four changes of a patient"]
"""The thousand orders of that one take longer than all others together: `make proof` tries them.

Random races refuse a change too many, too.
"""
WITH_A_FAULT = [
    "overlapping bookings, warm",
    "the same key, warm",
    "booked after a cancellation",
    "a hold booked twice, warm",
    "a series, sent again with its key",
    "cancelled, and moved behind, warm",
]


@pytest.mark.parametrize("case", FEW_ORDERS, ids=lambda case: case.name)
def test_every_order_of_a_small_case_keeps_every_promise(case: Case) -> None:
    assert simulate_exhaustively(replace(case, faults=0)) >= 1


@pytest.mark.parametrize("case", TOLD, ids=lambda case: case.name)
def test_so_does_every_order_where_others_are_told(case: Case) -> None:
    assert simulate_told(replace(case, faults=0)) >= 1


@pytest.mark.parametrize("name", WITH_A_FAULT)
def test_so_does_every_order_with_any_fault(name: str) -> None:
    assert simulate_exhaustively(replace(BY_NAME[name], faults=1)) > 10


def test_orders_that_are_left_out_come_to_nothing_else() -> None:
    case = replace(BY_NAME["the same key, warm"], faults=1)
    some, every = Counter[str](), Counter[str]()
    runs = simulate_exhaustively(case, look=lambda run: some.update([end_of(run)]))
    more = simulate_exhaustively(case, look=lambda run: every.update([end_of(run)]), reduced=False)
    assert runs < more
    assert some.keys() == every.keys()


def test_two_bookings_of_one_time_have_twenty_orders() -> None:
    case = replace(BY_NAME["overlapping bookings"], faults=0)
    ends = Counter[str]()
    runs = simulate_exhaustively(case, look=lambda run: ends.update([end_of(run)]), reduced=False)
    assert runs == 20  # Of two that ask, load and commit: whoever commits second, comes after.
    assert list(ends.values()) == [10, 10]


@pytest.mark.parametrize(("parts", "name", "faults", "problem"), BROKEN)
def test_a_broken_part_is_seen_in_some_order(
    parts: Parts, name: str, faults: int, problem: str
) -> None:
    with pytest.raises(BrokenRun, match=problem) as seen:
        simulate_exhaustively(replace(BY_NAME[name], faults=faults), parts)
    assert seen.value.replay[0] == name


def test_choices_always_give_the_same_run() -> None:
    one = trace_of("overlapping bookings", "1.1.1.0.0")
    assert one == trace_of("overlapping bookings", "1.1.1.0.0")
    assert one != trace_of("overlapping bookings", "0.1.1.0.0")


def end_of(run: Run) -> str:
    """All answers, and what is there in the end."""
    answers = [type(one.answer).__name__ for client in run.tries for one in client]
    there = [(name, a.interval, a.status) for name, a in sorted(run.store.there.items())]
    return f"{answers} {there}"


def trace_of(*arguments: str) -> list[str]:
    lines: list[str] = []
    replay(arguments, lines.append)
    return lines
