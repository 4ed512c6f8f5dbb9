"""How long things take: times of ways that take turns."""

import sys
from collections.abc import Awaitable, Callable, Mapping
from statistics import median
from time import perf_counter

Way = Callable[[int], Awaitable[object]]
"""Something that is done many times; its argument counts them from 0."""


async def medians(ways: Mapping[str, Way], times: int, warm_up: int) -> dict[str, float]:
    """Return the median seconds of each way, without the warm-up."""
    seconds = await timings(ways, times, warm_up)
    return {name: median(taken) for name, taken in seconds.items()}


async def timings(ways: Mapping[str, Way], times: int, warm_up: int) -> dict[str, list[float]]:
    """Return the seconds of each way, without the warm-up.

    The ways take turns, so that other work of the machine disturbs all of them alike.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(warm_up + times):
        for name, way in ways.items():
            started = perf_counter()
            await way(number)
            seconds[name].append(perf_counter() - started)
    return {name: taken[warm_up:] for name, taken in seconds.items()}


def say(text: str) -> None:
    """Print progress, apart from the table."""
    print(f"... {text}", file=sys.stderr, flush=True)
