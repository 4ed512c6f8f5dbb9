"""Loads of HTTP requests, and the medians of several."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.servers import FunctionProcess
from benchmarks.table import Figure, Row, beside

PEER = "Easy!Appointments, recorded elsewhere"
LOG_LINE = "empty function that logs"

ROUNDS = 3
SECONDS = 1
WARM_UP_SECONDS = 2


class Requests(NamedTuple):
    """What is sent: a GET of this path, or what a Lua script makes of its variables."""

    path: str = "/"
    script: Path | None = None
    variables: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Load:
    """What `wrk` saw: requests per second, the median latency, and responses other than 2xx.

    `processor` is the microseconds that the function, server and worker, spent on a request.
    """

    rate: float
    milliseconds: float
    errors: int
    processor: float


def load(process: FunctionProcess, connections: int, seconds: int, requests: Requests) -> Load:
    """Send requests over so many connections at once."""
    before = process.processor_seconds()
    seen = _wrk(process.url + requests.path, connections, seconds, requests)
    spent = process.processor_seconds() - before
    (count,) = _found(r"(\d+) requests in", seen)
    number, unit = _found(r"^ +50% +([\d.]+)(us|ms|s)", seen)
    scale = {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", seen)
    return Load(
        rate=float(_found(r"Requests/sec:\s+([\d.]+)", seen)[0]),
        milliseconds=float(number) * scale,
        errors=int(errors[1]) if errors else 0,
        processor=1e6 * spent / int(count),
    )


def _wrk(url: str, connections: int, seconds: int, requests: Requests) -> str:
    """Return what `wrk` prints."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    command += ["-s", str(requests.script)] if requests.script else []
    environment = {**os.environ, **requests.variables}
    return subprocess.run(
        [*command, url], env=environment, capture_output=True, text=True, check=True
    ).stdout


def _found(pattern: str, text: str) -> Sequence[str]:
    """Return the groups of a pattern in what `wrk` printed; end the program without it."""
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise SystemExit(text)
    return found.groups()


def rate(loads: Sequence[Load], name: str = "") -> Figure:
    """Return the median of the requests per second."""
    return Figure(median(seen.rate for seen in loads), "/s", name)


def latency(loads: Sequence[Load], name: str = "") -> Figure:
    """Return the median of the median latencies."""
    return Figure(median(seen.milliseconds for seen in loads), "ms", name)


def processor_row(what: str, ours: Sequence[Load], floor: Sequence[Load], name: str) -> Row:
    """Return the row of the processor time of a request, beside that of a floor."""
    figures = (
        Figure(median(seen.processor for seen in loads), "us", whose)
        for loads, whose in ((ours, ""), (floor, name))
    )
    return beside(f"{what}: processor time of a request", *figures)
