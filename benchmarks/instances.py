"""How fast an instance starts and how much memory it takes, beside empty functions.

The floors are an empty function in a source that imports Firestore's client, and one in a source
that does not. A start runs from that of the process to its first response. The first request of a
function is always granted, so it needs the doctors, other reads, and for some functions a commit.
Linux only, for the memory.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from itertools import count
from operator import attrgetter
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlencode

from benchmarks.data import PATIENT, request_fields
from benchmarks.servers import (
    BARE,
    HOST,
    PATIENCE_SECONDS,
    RIVALS,
    load_doctors,
    on_firestore,
    starting_function,
)
from benchmarks.table import Figure, Row, at_most, beside
from benchmarks.timing import say
from shared.http.endpoint import Endpoint
from shared.runtime.endpoints import endpoints

TIMES = 7
OFTEN_SECONDS = 0.002
GRANTED = range(200, 300)

MEASURED = (
    *("create_appointment", "first_available", "list_appointments"),
    *("reschedule_appointment", "appointment_calendar"),
)
"""The functions that are called most, and the two that took most time and memory of all."""
WITH_CLIENT, WITHOUT_CLIENT = "empty function with the client", "empty function without it"
FLOORS = {WITH_CLIENT: RIVALS, WITHOUT_CLIENT: BARE}
"""The source of each floor."""
NINE = datetime(2030, 1, 7, 9, tzinfo=UTC)


class Request(NamedTuple):
    """The first request to an instance."""

    path: str = "/"
    body: str | None = None


class Start(NamedTuple):
    """What the first answer of an instance took, in milliseconds, and the MiB in use after it."""

    elapsed: float
    processor: float
    worker_mib: float
    both_mib: float


Starts = Mapping[str, Sequence[Start]]
"""The starts of each function or floor, by its name."""


class Measure(NamedTuple):
    """What is compared, and how many times that of the floor with the client it may be."""

    of: Callable[[Start], float]
    unit: str
    most: float


ELAPSED = Measure(attrgetter("elapsed"), "ms", 0.85)
PROCESSOR = Measure(attrgetter("processor"), "ms", 0.85)
WORKER = Measure(attrgetter("worker_mib"), "MiB", 1.05)
BOTH = Measure(attrgetter("both_mib"), "MiB", 1.05)


def rows() -> list[Row]:
    """Measure starts, and the memory of the function that takes most."""
    settings = on_firestore()
    load_doctors(settings)
    seen = _measured(settings)
    return [
        *(row for name in MEASURED for row in _start_rows(name, seen)),
        *_memory_rows("worker", seen, WORKER),
        *_memory_rows("worker and server", seen, BOTH),
    ]


def _start_rows(name: str, seen: Starts) -> Iterator[Row]:
    what = f"cold start to the first answer, {name}"
    yield from _rows(what, name, seen, ELAPSED)
    yield from _rows(f"{what}: processor time", name, seen, PROCESSOR)


def _memory_rows(part: str, seen: Starts, measure: Measure) -> Iterator[Row]:
    heaviest = max(MEASURED, key=lambda name: median(map(measure.of, seen[name])))
    yield from _rows(f"memory of an instance, {part}; most has {heaviest}", heaviest, seen, measure)


def _rows(what: str, name: str, seen: Starts, measure: Measure) -> Iterator[Row]:
    """Yield a row beside each floor; the goal is beside that with the client."""
    ours, with_client, without = (
        Figure(median(map(measure.of, seen[each])), measure.unit, each if each in FLOORS else "")
        for each in (name, WITH_CLIENT, WITHOUT_CLIENT)
    )
    yield at_most(what, ours, with_client, measure.most)
    yield beside(what, ours, without)


def _measured(settings: Mapping[str, str]) -> Starts:
    """Start all in turns. The first turn does not count: Python may compile modules in it."""
    requests = _requests(settings)
    seen: dict[str, list[Start]] = {name: [] for name in (*FLOORS, *MEASURED)}
    for turn in range(TIMES + 1):
        say(f"cold starts, turn {turn} of {TIMES}")
        for name, source in FLOORS.items():
            seen[name].append(start("empty", Request(), settings, source))
        for name in MEASURED:
            seen[name].append(start(name, requests[name][turn], settings))
    return {name: starts[1:] for name, starts in seen.items()}


def start(
    target: str, request: Request, settings: Mapping[str, str], source: str = "main.py"
) -> Start:
    """Start an instance of a function, and end it after its first answer."""
    began = time.perf_counter()
    with starting_function(target, settings, source) as process:
        send(process.port, request)
        elapsed = time.perf_counter() - began
        return Start(
            elapsed=1000 * elapsed,
            processor=1000 * process.processor_seconds(),
            worker_mib=process.worker_mib(),
            both_mib=process.both_mib(),
        )


def send(port: int, request: Request) -> bytes:
    """Send a request as soon as the port is open; end the program if it is not granted."""
    connection = HTTPConnection(HOST, port, timeout=PATIENCE_SECONDS)
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while connection.sock is None:
        try:
            connection.connect()
        except ConnectionRefusedError:
            if time.monotonic() > give_up_at:
                raise SystemExit(f"nothing listens on {HOST}:{port}") from None
            time.sleep(OFTEN_SECONDS)
    method = "GET" if request.body is None else "POST"
    connection.request(method, request.path, request.body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    if response.status not in GRANTED:
        raise SystemExit(f"{request} was answered {response.status}: {body!r}")
    return body


# Requests


def _requests(settings: Mapping[str, str]) -> Mapping[str, Sequence[Request]]:
    """Return for each function a request for each turn, all of which are granted.

    No two change the same appointment, or ask for the same time.
    """
    functions = endpoints()
    create = functions["create_appointment"]
    minutes = count()
    with starting_function(create.name, settings) as process:

        def request(function: Endpoint) -> Request:
            values = DAY if function.method == "GET" else {**PLACE, "start": _at(next(minutes))}
            if "appointment_id" in function.example:
                booking = _request(create, {**PLACE, "start": _at(next(minutes))})
                values = {**values, "appointment_id": json.loads(send(process.port, booking))["id"]}
            return _request(function, values)

        return {name: [request(functions[name]) for _ in range(TIMES + 1)] for name in MEASURED}


def _request(function: Endpoint, values: Mapping[str, Any]) -> Request:
    fields = request_fields(function, values)
    if function.method == "POST":
        return Request(body=json.dumps(fields))
    return Request(f"/?{urlencode(fields)}")


def _at(minute: int) -> str:
    return (NINE + timedelta(minutes=minute)).isoformat()


DAY = {
    "doctor_id": "strange",
    "start": _at(0),
    "end": _at(24 * 60),
    "after": _at(0),
    "duration_minutes": 30,
}
"""What functions that read are asked about."""
PLACE = {"doctor_id": "strange", "duration_minutes": 1, "patient": PATIENT}
"""What functions that write are asked for, beside a start."""
