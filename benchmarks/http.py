"""Bookings and refusals by HTTP: each function in a process of its own, as in production."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.http_bookings import emulator_rows, sqlite_rows
from benchmarks.http_loads import ROUNDS, SECONDS, rate
from benchmarks.servers import RIVALS, ROOT, function
from benchmarks.table import Row, at_least
from benchmarks.timing import load, say

REFUSED = ROOT / "benchmarks" / "refused.lua"


def rows() -> list[Row]:
    """Measure bookings on Firestore's emulator and on SQLite, then refusals."""
    with TemporaryDirectory() as folder:
        sqlite = {"STORE": f"sqlite:{folder}/appointments.db"}
        return [
            *emulator_rows(),
            *sqlite_rows(sqlite, f"{folder}/raw.db"),
            *_refusal_rows(sqlite),
        ]


def _refusal_rows(settings: Mapping[str, str]) -> Iterator[Row]:
    """Measure requests that are refused without the store, and a function that does nothing."""
    with (
        function("create_appointment", settings) as create,
        function("first_available", settings) as search,
        function("empty", settings, RIVALS) as empty,
    ):
        wrong = "/?doctor_id=strange&count=0"
        yield _refusal_row("POST without a patient", create.url, empty.url, REFUSED)
        yield _refusal_row("GET with a wrong count", search.url + wrong, empty.url + wrong)


def _refusal_row(what: str, url: str, empty_url: str, script: Path | None = None) -> Row:
    ours, floor = [], []
    for number in range(ROUNDS):
        say(f"refusals, {what}, round {number + 1}")
        ours.append(load(url, 16, SECONDS, script))
        floor.append(load(empty_url, 16, SECONDS, script))
    if not all(seen.errors >= seen.rate * SECONDS / 2 for seen in ours):
        raise SystemExit(f"{url} did not refuse a {what}")
    figures = rate(ours), rate(floor, "empty function")
    return at_least(f"refusal by HTTP, 16 clients, {what}", *figures, 0.6)
