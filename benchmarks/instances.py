"""How fast an instance starts and how much memory it takes: each function, and an empty one.

The floor is an empty function in a source file that imports Firestore too. The time runs from the
start of the process to its first response. The first request of a function is always granted, so
it needs the doctors, other reads, and for some functions a commit. Linux only, for the memory.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from itertools import count
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlencode

from benchmarks.data import PATIENT, request_fields
from benchmarks.servers import (
    HOST,
    PATIENCE_SECONDS,
    RIVALS,
    load_doctors,
    on_firestore,
    starting_function,
)
from benchmarks.table import Figure, Row, at_most
from benchmarks.timing import say
from shared.http.endpoint import Endpoint
from shared.runtime.endpoints import endpoints

TIMES = 7
LONGEST_RATIO, LARGEST_RATIO = 1.15, 1.25
OFTEN_SECONDS = 0.002
GRANTED = range(200, 300)

FLOOR = "empty"
NEED_MORE = (
    *("mark_appointment", "delete_override", "export_patient", "erase_patient"),
    *("cancel_series", "doctor_calendar"),
)
"""Functions that grant a request only for today's appointment, what was made, or an account."""
NINE = datetime(2030, 1, 7, 9, tzinfo=UTC)


class Request(NamedTuple):
    """The first request to an instance."""

    path: str = "/"
    body: str | None = None


@dataclass(slots=True)
class Starts:
    """The starts of one function: seconds to its first response, and MiB after it."""

    seconds: list[float] = field(default_factory=list)
    worker_mib: list[float] = field(default_factory=list)
    both_mib: list[float] = field(default_factory=list)


def rows() -> list[Row]:
    """Measure the time to the first response of every function, and the memory of the heaviest."""
    settings = on_firestore()
    load_doctors(settings)
    seen = _measured(settings)
    floor = seen.pop(FLOOR)
    return [
        *(_start_row(name, starts, floor) for name, starts in seen.items()),
        _memory_row("worker", {n: s.worker_mib for n, s in seen.items()}, floor.worker_mib),
        _memory_row("worker and server", {n: s.both_mib for n, s in seen.items()}, floor.both_mib),
    ]


def _start_row(name: str, ours: Starts, floor: Starts) -> Row:
    taken = Figure(1000 * median(ours.seconds), "ms")
    rival = Figure(1000 * median(floor.seconds), "ms", "empty function")
    return at_most(f"cold start to the first answer, {name}", taken, rival, LONGEST_RATIO)


def _memory_row(part: str, mib: Mapping[str, list[float]], floor: list[float]) -> Row:
    heaviest = max(mib, key=lambda name: median(mib[name]))
    ours = Figure(median(mib[heaviest]), "MiB")
    rival = Figure(median(floor), "MiB", "empty function")
    what = f"memory of an instance, {part}; most has {heaviest}"
    return at_most(what, ours, rival, LARGEST_RATIO)


def _measured(settings: Mapping[str, str]) -> dict[str, Starts]:
    """Start all in turns. The first turn does not count: Python may compile modules in it."""
    requests = {FLOOR: [Request()] * (TIMES + 1), **_requests(settings)}
    seen = {name: Starts() for name in requests}
    for turn in range(TIMES + 1):
        say(f"cold starts, turn {turn} of {TIMES}")
        for name, starts in seen.items():
            _start(name, requests[name][turn], settings, starts if turn else Starts())
    return seen


def _start(name: str, request: Request, settings: Mapping[str, str], into: Starts) -> None:
    source = RIVALS if name == FLOOR else "main.py"
    started = time.perf_counter()
    with starting_function(name, settings, source) as process:
        send(process.port, request)
        into.seconds.append(time.perf_counter() - started)
        into.worker_mib.append(process.worker_mib())
        into.both_mib.append(process.both_mib())


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


def _requests(settings: Mapping[str, str]) -> dict[str, list[Request]]:
    """Return for each function a request for each turn, all of which are granted.

    No two change the same appointment, or ask for the same time.
    """
    functions = endpoints()
    create = next(function for function in functions.values() if function.books)
    minutes = count()
    with starting_function(create.name, settings) as process:

        def book() -> str:
            booking = _request(create, {**PLACE, "start": _at(next(minutes))})
            return str(json.loads(send(process.port, booking))["id"])

        def request(function: Endpoint) -> Request:
            values = DAY if function.method == "GET" else {**PLACE, "start": _at(next(minutes))}
            if "kind" in function.example:
                values = {**values, **AWAY}
            if "appointment_id" in function.example:
                values = {**values, "appointment_id": book()}
            return _request(function, values)

        return {
            name: [request(function) for _ in range(TIMES + 1)]
            for name, function in functions.items()
            if name not in NEED_MORE
        }


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
AWAY = {"start": "2031-01-06", "end": "2031-01-06"}
"""A day off that is in the way of no booking."""
