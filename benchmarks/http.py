"""Bookings and refusals by HTTP: each function in a process of its own, as in production."""

from collections.abc import Iterator, Mapping
from tempfile import TemporaryDirectory

from benchmarks.data import ON_DISK
from benchmarks.http_bookings import emulator_rows, sqlite_rows
from benchmarks.http_loads import LOG_LINE, ROUNDS, SECONDS, Requests, load, processor_row, rate
from benchmarks.servers import BARE, ROOT, FunctionProcess, function
from benchmarks.table import Row, at_least
from benchmarks.timing import say

POST_WITHOUT_PATIENT = Requests(script=ROOT / "benchmarks" / "refused.lua")
GET_WITH_WRONG_COUNT = Requests("/?doctor_id=strange&count=0")


def rows() -> list[Row]:
    """Measure bookings on Firestore's emulator and on SQLite, then refusals."""
    with TemporaryDirectory(dir=ON_DISK) as folder:
        sqlite = {"STORE": f"sqlite:{folder}/appointments.db"}
        return [
            *emulator_rows(),
            *sqlite_rows(sqlite, f"{folder}/rows.db"),
            *_refusal_rows(sqlite),
        ]


def _refusal_rows(settings: Mapping[str, str]) -> Iterator[Row]:
    """Measure requests that are refused without the store, beside a function that only logs."""
    with (
        function("create_appointment", settings) as create,
        function("first_available", settings) as search,
        function("log_line", {}, BARE) as floor,
    ):
        yield from _refused("POST without a patient", create, floor, POST_WITHOUT_PATIENT)
        yield from _refused("GET with a wrong count", search, floor, GET_WITH_WRONG_COUNT)


def _refused(
    what: str, function: FunctionProcess, floor: FunctionProcess, requests: Requests
) -> Iterator[Row]:
    ours, bare = [], []
    for number in range(ROUNDS):
        say(f"refusals, {what}, round {number + 1}")
        ours.append(load(function, 16, SECONDS, requests))
        bare.append(load(floor, 16, SECONDS, requests))
    if not all(seen.errors >= seen.rate * SECONDS / 2 for seen in ours):
        raise SystemExit(f"{function.url} did not refuse a {what}")
    what = f"refusal by HTTP, 16 clients, {what}"
    yield at_least(what, rate(ours), rate(bare, LOG_LINE), 0.6)
    yield processor_row(what, ours, bare, LOG_LINE)
