"""Thousands of random races of instances, with faults of every kind, keep every promise."""

import pytest

from tests.proof import broken_holds, broken_parts
from tests.proof.random_races import simulate_random
from tests.proof.simulated_run import BrokenRun, Parts
from tests.proof.simulation import replay

BROKEN = [*broken_parts.BROKEN, *broken_holds.BROKEN]
SOON = 4400
"""From this seed on, it does not take many races to see even what only one of thousands shows."""


def test_random_races_keep_every_promise_and_show_every_kind_of_answer_and_fault() -> None:
    counts = simulate_random(range(2000))
    answers = "Accepted Replayed SlotTaken AlreadyCancelled UnknownAppointment KeyReused"
    answers += " PatientBusy TooManyAhead TooManyChanges"
    answers += " Held Released UnknownHold BookedSeries SeriesUnavailable CancelledSeries"
    errors = "StoreUnavailable StoreRefused TimeoutError"
    faults = "slow unanswered lands contended fails time"
    assert counts["runs"] == 2000
    assert all(counts[kind] > 20 for kind in f"{answers} {errors} {faults}".split()), counts


def test_a_seed_always_gives_the_same_race() -> None:
    for seed in range(20):
        assert trace_of(seed) == trace_of(seed)
    assert trace_of(1) != trace_of(2)


@pytest.mark.parametrize("parts", dict.fromkeys(parts for parts, *_ in BROKEN))
def test_a_broken_part_is_seen_by_random_races(parts: Parts) -> None:
    with pytest.raises(BrokenRun) as seen:
        simulate_random(range(SOON, SOON + 5000), parts)
    (seed,) = seen.value.replay
    with pytest.raises(BrokenRun) as again:
        simulate_random([int(seed)], parts)
    assert str(again.value) == str(seen.value)


def trace_of(seed: int) -> list[str]:
    lines: list[str] = []
    replay([str(seed)], lines.append)
    return lines
