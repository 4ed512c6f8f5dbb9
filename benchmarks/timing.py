"""How long things take: times of ways that take turns, and loads of HTTP requests."""

import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
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


@dataclass(frozen=True, slots=True)
class Load:
    """What `wrk` saw: requests per second, the median latency, and responses other than 2xx."""

    rate: float
    milliseconds: float
    errors: int


def load(
    url: str,
    connections: int,
    seconds: float,
    script: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> Load:
    """Send requests over so many connections at once, GET or those of a Lua script."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency"]
    command += ["-s", str(script)] if script else []
    environment = {**os.environ, **(variables or {})}
    try:
        run = subprocess.run(
            [*command, url], env=environment, capture_output=True, text=True, check=True
        )
    except FileNotFoundError:
        raise SystemExit("wrk is needed to send requests: apt install wrk") from None
    rate = re.search(r"Requests/sec:\s+([\d.]+)", run.stdout)
    latency = re.search(r"^ +50% +([\d.]+)(us|ms|s)", run.stdout, re.MULTILINE)
    if rate is None or latency is None:
        raise SystemExit(run.stdout)
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", run.stdout)
    scale = {"us": 0.001, "ms": 1.0, "s": 1000.0}[latency[2]]
    return Load(float(rate[1]), float(latency[1]) * scale, int(errors[1]) if errors else 0)


def say(text: str) -> None:
    """Print progress, apart from the table."""
    print(f"... {text}", file=sys.stderr, flush=True)
