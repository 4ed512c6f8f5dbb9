"""Requests per second and latency of the three functions on SQLite, measured with `wrk`.

`python -m benchmarks.function_load` starts each function by itself, as in production, on a new
file: first it books, then it lists a week of what it booked and looks for openings behind it.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent
SECONDS = 5
PORTS = {"create_appointment": 8191, "list_appointments": 8192, "first_available": 8193}
QUERIES = {
    "list_appointments": "?doctor_id=strange&start=2027-01-04T00:00:00Z&end=2027-01-11T00:00:00Z",
    "first_available": "?doctor_id=strange&after=2027-01-04T09:00:00Z&duration_minutes=30",
}


def main() -> None:
    """Measure, and print one line for each function and number of connections."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        for name in PORTS:
            servers.enter_context(_serving(name, f"sqlite:{folder}/appointments.db"))
        print(f"{'function':20} {'connections':>11} {'requests/s':>11} {'p50':>9} {'errors':>7}")
        first = 0
        for name in PORTS:
            for connections in (1, 16):
                rate, median, errors = _measure(name, connections, first)
                first += int(rate * SECONDS * 2) if name == "create_appointment" else 0
                print(f"{name:20} {connections:11} {rate:11.0f} {median:>9} {errors:7}", flush=True)


@contextmanager
def _serving(name: str, store: str) -> Iterator[None]:
    environment = {"PATH": os.environ["PATH"], "STORE": store}
    framework = str(Path(sys.executable).with_name("functions-framework"))
    command = [framework, "--target", name, "--host", "127.0.0.1", "--port", str(PORTS[name])]
    server = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        _await_answer(f"http://127.0.0.1:{PORTS[name]}/robots.txt")
        yield
    finally:
        server.terminate()
        server.wait()


def _await_answer(url: str) -> None:
    for _ in range(100):
        with suppress(httpx.TransportError):
            httpx.get(url)
            return
        time.sleep(0.1)
    raise SystemExit(f"{url} does not answer")


def _measure(name: str, connections: int, first: int) -> tuple[float, str, int]:
    script = ["-s", str(ROOT / "benchmarks" / "create.lua")] if name not in QUERIES else []
    url = f"http://127.0.0.1:{PORTS[name]}/{QUERIES.get(name, '')}"
    load = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", *script, url]
    environment = {**os.environ, "FIRST": str(first)}
    out = subprocess.run(load, env=environment, capture_output=True, text=True, check=True).stdout
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", out)
    median = re.search(r"^ +50% +(\S+)", out, re.MULTILINE)
    if rate is None or median is None:
        raise SystemExit(out)
    return float(rate[1]), median[1], int(errors[1]) if errors else 0


if __name__ == "__main__":
    main()
