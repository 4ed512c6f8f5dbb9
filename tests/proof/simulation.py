"""Instances that race for the same times, in every order, with every fault, all in simulated time.

    python -m tests.proof.simulation                     all small cases, then random races
    python -m tests.proof.simulation 4711                the race of a seed, step by step
    python -m tests.proof.simulation 'a swap' 0.2.1      a run of a small case, by its choices

What must hold: no two booked appointments of a doctor overlap, and each lies on exactly one day,
which its home day can name, after every single commit; then, too, a hold stands on all days that it
touches or on none, nothing was put where it keeps the time, and a series is there as a whole, with
all that was booked of it, or not at all; a request changes something at most once, and so does a
key; and one order of all requests, each at an instant between call and answer, explains all answers
and the end (`checker.explain`).
"""

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from functools import partial
from time import perf_counter

from tests.proof.every_order import Retold, simulate_exhaustively, simulate_told
from tests.proof.gates import Trace
from tests.proof.random_races import race_of, simulate_seeds
from tests.proof.simulated_run import Run
from tests.proof.small_cases import CASES, TOLD
from tests.simulated_loop import SimulatedLoop


def replay(arguments: Sequence[str], trace: Trace) -> None:
    """Show the race of a seed, or a run of a small case by its choices, step by step."""
    with closing(SimulatedLoop()) as loop:
        if len(arguments) == 1:
            race_of(int(arguments[0]), loop, trace=trace)
            return
        name, choices = arguments
        case = {case.name: case for case in CASES}[name]
        chooser = Retold([int(choice) for choice in choices.split(".") if choice])
        Run(case, chooser, trace=trace).go(loop)


def simulate_everything(seeds: int, processes: int, tell: Callable[[str], None]) -> list[str]:
    """All small cases, then random races; what to say of them in the end."""
    every = 0
    with ProcessPoolExecutor(processes) as pool:
        for case, runs in zip(CASES, pool.map(simulate_exhaustively, CASES), strict=True):
            tell(f"{case.name}: {runs:,} interleavings, with up to {case.faults} faults each")
            every += runs
        for case, runs in zip(TOLD, pool.map(simulate_told, TOLD), strict=True):
            tell(f"{case.name}, and others are told: {runs:,} interleavings")
            every += runs
    began = perf_counter()
    counts = simulate_seeds(seeds, processes)
    minutes = (perf_counter() - began) / 60
    tell(", ".join(f"{kind}: {number:,}" for kind, number in counts.most_common()))
    return [
        f"{every:,} interleavings: every one of {len(CASES)} small cases, with up to 3 faults each",
        f"{seeds:,} random races of up to 8 requests, {seeds / minutes:,.0f} a minute",
    ]


if __name__ == "__main__":
    show = partial(print, flush=True)
    if sys.argv[1:]:
        replay(sys.argv[1:], show)
    else:
        simulate_everything(100_000, os.cpu_count() or 1, show)
