"""How long things take: medians of ways that take turns, and loads of HTTP requests."""

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
"""Something that is done many times; it gets the number of the time."""


async def medians(ways: Mapping[str, Way], times: int, warm_up: int) -> dict[str, float]:
    """Seconds of each way, which take turns, so that what else happens troubles them alike."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(warm_up + times):
        for name, way in ways.items():
            started = perf_counter()
            await way(number)
            seconds[name].append(perf_counter() - started)
    return {name: median(taken[warm_up:]) for name, taken in seconds.items()}


@dataclass(frozen=True, slots=True)
class Load:
    """What `wrk` saw: requests per second, the median latency, and answers other than 2xx."""

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
    """Send requests over so many connections at once; a Lua script may say what is sent."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency"]
    command += ["-s", str(script)] if script else []
    environment = {**os.environ, **(variables or {})}
    try:
        run = subprocess.run(
            [*command, url], env=environment, capture_output=True, text=True, check=True
        )
    except FileNotFoundError:
        raise SystemExit("wrk is needed to make load: apt install wrk") from None
    rate = re.search(r"Requests/sec:\s+([\d.]+)", run.stdout)
    latency = re.search(r"^ +50% +([\d.]+)(us|ms|s)", run.stdout, re.MULTILINE)
    if rate is None or latency is None:
        raise SystemExit(run.stdout)
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", run.stdout)
    scale = {"us": 0.001, "ms": 1.0, "s": 1000.0}[latency[2]]
    return Load(float(rate[1]), float(latency[1]) * scale, int(errors[1]) if errors else 0)


def say(text: str) -> None:
    """Progress, beside the table."""
    print(f"... {text}", file=sys.stderr, flush=True)
