"""`create_appointment` by HTTP, on the emulator and on SQLite, and bare commits."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from statistics import median
from time import perf_counter

import uvloop
from google.cloud.firestore import AsyncClient

from benchmarks.http_loads import PEER, ROUNDS, SECONDS, WARM_UP_SECONDS, latency, rate
from benchmarks.rivals.main import DAYS, KnownDays
from benchmarks.servers import RIVALS, ROOT, function, load_doctors, on_firestore
from benchmarks.table import Figure, Row, at_least, plain
from benchmarks.timing import Load, load, medians, say

CREATE = ROOT / "benchmarks" / "create.lua"

BARE_TIMES = 200
BARE_DAYS = 50
MOST_EXTRA_MILLISECONDS = 1.0
BOOKING = '{"doctor_id": "strange", "duration_minutes": 1, "patient": {"name": "Ada Lovelace"}}'
PEER_BOOKINGS_PER_SECOND = Figure(98, "/s", PEER)
PEER_MILLISECONDS = Figure(19.9, "ms", PEER)

Runs = dict[tuple[str, int], list[Load]]
"""The loads of each way, by its name and the number of connections."""


class _Booker:
    """Books with one function, each time a free one; ends the program if a booking fails."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._first = 0

    def load(self, connections: int, seconds: int = SECONDS) -> Load:
        """Book over so many connections."""
        seen = load(self._url, connections, seconds, CREATE, {"FIRST": str(self._first)})
        if seen.errors:
            raise SystemExit(f"{seen.errors} bookings of free times failed at {self._url}")
        # More than were sent, because the load may last a little longer.
        self._first += round(seen.rate * (seconds + 1)) + connections
        return seen


def emulator_rows() -> list[Row]:
    """Measure on two databases, because a rival stores its appointments in another form."""
    settings, rival = on_firestore(), on_firestore()
    load_doctors(settings)
    with ExitStack() as stack:
        bookers = {
            "ours": stack.enter_context(_booking("create_appointment", settings)),
            "floor": stack.enter_context(_booking("floor", settings, RIVALS)),
            "transaction": stack.enter_context(_booking("create_appointment", rival, RIVALS)),
        }
        bare, runs = _measured(bookers, settings["GOOGLE_CLOUD_PROJECT"])
    ours = latency(runs["ours", 1])
    what = "create by HTTP, one client, the emulator"
    return [
        _extra_row(f"{what}, days known", ours, Figure(median(bare), "ms", "bare commit")),
        plain(what, ours, latency(runs["floor", 1], "bare commit by HTTP")),
        plain(what, ours, PEER_MILLISECONDS),
        *(row for connections in (16, 64) for row in _crowd_rows(runs, connections)),
        _peer_row(runs, "the emulator", 3),
    ]


@contextmanager
def _booking(
    target: str, settings: Mapping[str, str], source: str = "main.py"
) -> Iterator[_Booker]:
    """Serve a function that has booked on every day before."""
    with function(target, settings, source) as process:
        booker = _Booker(process.url)
        booker.load(16, WARM_UP_SECONDS)
        yield booker


def _measured(bookers: Mapping[str, _Booker], project: str) -> tuple[list[float], Runs]:
    """Return the milliseconds of a bare commit in each round, and the loads; all take turns."""
    bare: list[float] = []
    runs: Runs = defaultdict(list)
    for number in range(ROUNDS):
        say(f"bookings by HTTP on the emulator, round {number + 1}")
        bare.append(uvloop.run(_bare_commit(project, number)))
        for connections in (1, 16, 64):
            for name, booker in bookers.items():
                runs[name, connections].append(booker.load(connections))
    return bare, runs


async def _bare_commit(project: str, number: int) -> float:
    """Return the median milliseconds of a commit without HTTP, on known days."""
    days = KnownDays(AsyncClient(project=project), f"bare-{number}", BARE_DAYS)

    async def commit(_: int) -> None:
        await days.add(BOOKING)

    seconds = await medians({"commit": commit}, BARE_TIMES, warm_up=2 * BARE_DAYS)
    return 1000 * seconds["commit"]


def _extra_row(what: str, ours: Figure, bare: Figure) -> Row:
    extra = ours.value - bare.value
    cells = str(ours), str(bare), f"{extra:+.2f} ms", f"at most +{MOST_EXTRA_MILLISECONDS:g} ms"
    return Row(what, *cells, met=extra <= MOST_EXTRA_MILLISECONDS)


def _crowd_rows(runs: Runs, connections: int) -> Iterator[Row]:
    what = f"create by HTTP, {connections} clients over {DAYS} days, the emulator"
    ours = rate(runs["ours", connections])
    yield at_least(what, ours, rate(runs["floor", connections], "bare commit by HTTP"), 0.85)
    yield plain(what, ours, rate(runs["transaction", connections], "transaction by HTTP"))


def _peer_row(runs: Runs, store: str, times: float) -> Row:
    what = f"create by HTTP, 16 clients, {store}"
    return at_least(what, rate(runs["ours", 16]), PEER_BOOKINGS_PER_SECOND, times)


def sqlite_rows(settings: Mapping[str, str], raw_file: str) -> list[Row]:
    """Measure on one file, and commits into another file on the same disk."""
    raw: list[float] = []
    runs: Runs = defaultdict(list)
    with _booking("create_appointment", settings) as booker, _raw_file(raw_file) as connection:
        for number in range(ROUNDS):
            say(f"bookings by HTTP on SQLite, round {number + 1}")
            raw.append(_raw_commits(connection))
            for connections in (1, 16):
                runs["ours", connections].append(booker.load(connections))
    rival = Figure(median(raw), "/s", "raw sqlite3")
    what = "create by HTTP, %s, SQLite"
    return [
        plain(what % "one client", rate(runs["ours", 1]), rival),
        plain(what % "one client", latency(runs["ours", 1]), PEER_MILLISECONDS),
        at_least(what % "16 clients", rate(runs["ours", 16]), rival, 0.5),
        _peer_row(runs, "SQLite", 10),
    ]


@contextmanager
def _raw_file(path: str) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(
            "CREATE TABLE appointments (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID"
        )
        yield connection


def _raw_commits(connection: sqlite3.Connection) -> float:
    """Return bookings per second: each is one row and one commit that waits for the disk."""
    (before,) = connection.execute("SELECT count(*) FROM appointments").fetchone()
    done = 0
    started = perf_counter()
    while (seconds := perf_counter() - started) < SECONDS:
        # Outside of BEGIN and COMMIT, a statement is its own transaction.
        row = (f"strange.{before + done:06}", BOOKING)
        connection.execute("INSERT INTO appointments VALUES (?, ?)", row)
        done += 1
    return done / seconds
