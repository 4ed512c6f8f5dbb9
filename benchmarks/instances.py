"""How fast an instance starts and what it weighs: each function, against an empty one.

The floor is an empty function in a source file that imports Firestore too. Both are measured
from the start of the process to the first answer. Each function's first request is one that it
grants, and so needs the doctors, other reads, and for some a commit. Linux only, for the memory.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import urlencode

from benchmarks.servers import HOST, ROOT, FunctionProcess
from benchmarks.table import Figure, Row, at_most
from benchmarks.timing import say

TIMES = 7
LONGEST_RATIO, LARGEST_RATIO = 1.15, 1.25
OFTEN_SECONDS = 0.002
PATIENCE_SECONDS = 60
GRANTED = range(200, 300)

FLOOR = "empty"
FLOOR_SOURCE = "benchmarks/rivals/main.py"
FUNCTIONS = (
    "create_appointment",
    "list_appointments",
    "first_available",
    "get_appointment",
    "cancel_appointment",
    "reschedule_appointment",
)
NINE = datetime(2030, 1, 7, 9, tzinfo=UTC)


class Request(NamedTuple):
    """The first that an instance is asked."""

    path: str = "/"
    body: str | None = None


@dataclass(slots=True)
class Starts:
    """What was seen of one function: seconds to its first answer, and MiB after it."""

    seconds: list[float] = field(default_factory=list)
    worker_mib: list[float] = field(default_factory=list)
    both_mib: list[float] = field(default_factory=list)


def rows(emulator: str) -> list[Row]:
    """The time to the first answer of every function, and the memory of the heaviest."""
    settings = {
        "PATH": os.environ["PATH"],
        "STORE": "firestore",
        "GOOGLE_CLOUD_PROJECT": f"demo-{secrets.token_hex(6)}",
        "FIRESTORE_EMULATOR_HOST": emulator,
    }
    loaded = [sys.executable, "-m", "shared.runtime.load_doctors"]
    subprocess.run(loaded, cwd=ROOT, env=settings, check=True, stdout=subprocess.DEVNULL)
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
    """All take turns. The first turn, in which Python may yet compile modules, does not count."""
    requests = _requests(settings)
    seen = {name: Starts() for name in (FLOOR, *FUNCTIONS)}
    for turn in range(TIMES + 1):
        say(f"cold starts, turn {turn} of {TIMES}")
        for name, starts in seen.items():
            request = Request() if name == FLOOR else requests[name][turn]
            _start(name, request, settings, starts if turn else Starts())
    return seen


def _start(name: str, request: Request, settings: Mapping[str, str], into: Starts) -> None:
    started = time.perf_counter()
    with _started(name, settings) as (port, process):
        _ask(port, request)
        into.seconds.append(time.perf_counter() - started)
        instance = FunctionProcess(f"http://{HOST}:{port}", process.pid)
        into.worker_mib.append(instance.worker_mib())
        into.both_mib.append(instance.both_mib())


@contextmanager
def _started(
    name: str, settings: Mapping[str, str]
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A process that does not listen yet, and before it the port that it will listen on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    source = FLOOR_SOURCE if name == FLOOR else "main.py"
    command = [str(Path(sys.executable).with_name("functions-framework")), "--source", source]
    command += ["--target", name, "--host", HOST, "--port", str(port)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        command, cwd=ROOT, env=settings, stdout=quiet, stderr=quiet, start_new_session=True
    )
    try:
        yield port, process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _ask(port: int, request: Request) -> bytes:
    """What is answered, as soon as somebody listens; ends everything if it is not granted."""
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
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status not in GRANTED:
        raise SystemExit(f"{request} was answered {answer.status}: {body!r}")
    return body


# Requests


def _requests(settings: Mapping[str, str]) -> dict[str, list[Request]]:
    """For each function a request a turn, each of which is granted."""
    turns = range(TIMES + 1)
    with _started("create_appointment", settings) as (port, _):
        ids = [json.loads(_ask(port, _booking(minute)))["id"] for minute in range(TIMES + 2)]
    kept, *given_up = ids
    window = {"doctor_id": "strange", "start": _at(0), "end": _at(24 * 60)}
    search = {"doctor_id": "strange", "after": _at(0), "duration_minutes": 30}
    return {
        "create_appointment": [_booking(60 + turn) for turn in turns],
        "list_appointments": [_query(window)] * len(turns),
        "first_available": [_query(search)] * len(turns),
        "get_appointment": [_query({"appointment_id": kept})] * len(turns),
        "cancel_appointment": [_post({"appointment_id": given_up[turn]}) for turn in turns],
        "reschedule_appointment": [
            _post({"appointment_id": kept, "start": _at(120 + turn)}) for turn in turns
        ],
    }


def _booking(minute: int) -> Request:
    wish = {"doctor_id": "strange", "start": _at(minute), "duration_minutes": 1}
    return _post({**wish, "patient": {"name": "Ada Lovelace"}})


def _at(minute: int) -> str:
    return (NINE + timedelta(minutes=minute)).isoformat()


def _post(fields: Mapping[str, object]) -> Request:
    return Request(body=json.dumps(fields))


def _query(parameters: Mapping[str, object]) -> Request:
    return Request(f"/?{urlencode(parameters)}")
