"""The simulation in short, and that it sees it when a promise is broken."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from msgspec import structs

from shared.model.day import DayKey
from shared.store.port import DayWrite, RecordWrite, State, Version
from shared.transactions.command import Command
from tests.proof.every_order import simulate_exhaustively
from tests.proof.random_races import simulate_random
from tests.proof.simulated_run import BrokenRun, Parts, Run
from tests.proof.simulated_store import SimulatedStore
from tests.proof.simulation import replay
from tests.proof.small_cases import CASES
from tests.proof.world import Case, Request, command_of

BY_NAME = {case.name: case for case in CASES}
UNREDUCED = ["the same key, warm"]
WITH_A_FAULT = ["overlapping bookings, warm", "the same key, warm", "booked after a cancellation"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_order_of_a_small_case_keeps_every_promise(case: Case) -> None:
    assert simulate_exhaustively(replace(case, faults=0)) >= 1


@pytest.mark.parametrize("name", WITH_A_FAULT)
def test_so_does_every_order_with_any_fault(name: str) -> None:
    assert simulate_exhaustively(replace(BY_NAME[name], faults=1)) > 10


@pytest.mark.parametrize("name", UNREDUCED)
def test_orders_that_are_left_out_come_to_nothing_else(name: str) -> None:
    case = replace(BY_NAME[name], faults=1)
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


def test_random_races_keep_every_promise_and_show_every_kind_of_answer_and_fault() -> None:
    counts = simulate_random(range(2000))
    kinds = "Accepted Replayed SlotTaken AlreadyCancelled UnknownAppointment KeyReused StoreUnavailable"
    faults = "slow unanswered lands stale fails time"
    assert counts["runs"] == 2000
    assert all(counts[kind] > 50 for kind in (kinds + " " + faults).split()), counts


def test_a_seed_always_gives_the_same_race() -> None:
    for seed in range(20):
        assert trace_of(str(seed)) == trace_of(str(seed))
    assert trace_of("1") != trace_of("2")


def test_choices_always_give_the_same_run() -> None:
    one = trace_of("overlapping bookings", "1.1.1.0.0")
    assert one == trace_of("overlapping bookings", "1.1.1.0.0")
    assert one != trace_of("overlapping bookings", "0.1.1.0.0")


# That it sees what is broken


class Unchecked(SimulatedStore):
    """Commits without a look at versions."""

    def is_stale(self, days: Sequence[DayWrite], records: Sequence[RecordWrite]) -> bool:  # noqa: ARG002
        return False


class BlindToRecords(SimulatedStore):
    """Looks at the versions of days only."""

    def is_stale(self, days: Sequence[DayWrite], records: Sequence[RecordWrite]) -> bool:  # noqa: ARG002
        return super().is_stale(days, ())


class Torn(SimulatedStore):
    """Writes one day after the other."""

    def write(
        self, days: Sequence[DayWrite], records: Sequence[RecordWrite]
    ) -> Mapping[DayKey, Version]:
        versions = {day.day.key: super(Torn, self).write([day], ())[day.day.key] for day in days}
        super().write((), records)
        return versions


class Forgetful(SimulatedStore):
    """Says that it has written, and has not."""

    def write(
        self,
        days: Sequence[DayWrite],
        records: Sequence[RecordWrite],  # noqa: ARG002
    ) -> Mapping[DayKey, Version]:
        return {write.day.key: 0 for write in days}


class Lagging(SimulatedStore):
    """Reads show how it was before the last commit."""

    def __init__(self) -> None:
        super().__init__()
        self._old = super().view()

    def view(self) -> State:
        return self._old if self.changed_at else super().view()

    def write(
        self, days: Sequence[DayWrite], records: Sequence[RecordWrite]
    ) -> Mapping[DayKey, Version]:
        self._old = super().view()
        return super().write(days, records)


def moves_without_records(request: Request, number: int) -> Command:
    return structs.replace(command_of(request, number), idempotency=None)


BROKEN = [
    (Parts(Unchecked), "overlapping bookings", 0, "lie nowhere"),
    (Parts(BlindToRecords), "one key for two days", 0, "a key took effect twice"),
    (Parts(Torn), "a cancellation and a move", 0, "lie"),
    (Parts(Forgetful), "overlapping bookings", 0, "no order explains"),
    (Parts(Lagging), "booked after a cancellation", 0, "no order explains"),
    (Parts(propose=moves_without_records), "moves of one, warm", 1, "twice"),
]


@pytest.mark.parametrize(("parts", "name", "faults", "problem"), BROKEN)
def test_a_broken_part_is_seen_in_some_order(
    parts: Parts, name: str, faults: int, problem: str
) -> None:
    with pytest.raises(BrokenRun, match=problem) as seen:
        simulate_exhaustively(replace(BY_NAME[name], faults=faults), parts)
    assert seen.value.replay[0] == name


@pytest.mark.parametrize("parts", [parts for parts, *_ in BROKEN])
def test_a_broken_part_is_seen_by_random_races(parts: Parts) -> None:
    with pytest.raises(BrokenRun) as seen:
        simulate_random(range(1000), parts)
    (seed,) = seen.value.replay
    with pytest.raises(BrokenRun) as again:
        simulate_random([int(seed)], parts)
    assert str(again.value) == str(seen.value)


def end_of(run: Run) -> str:
    """All answers, and what is there in the end."""
    answers = [type(one.answer).__name__ for client in run.tries for one in client]
    there = [(name, a.interval, a.status) for name, a in sorted(run.store.there.items())]
    return f"{answers} {there}"


def trace_of(*arguments: str) -> list[str]:
    lines: list[str] = []
    replay(arguments, lines.append)
    return lines
