"""`create_appointment` by HTTP, on the emulator and on SQLite, and bare commits."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median

import uvloop
from google.cloud.firestore import AsyncClient

from benchmarks.http_loads import (
    PEER,
    ROUNDS,
    SECONDS,
    WARM_UP_SECONDS,
    Load,
    Requests,
    latency,
    load,
    processor_row,
    rate,
)
from benchmarks.rivals.main import DAYS, KnownDays
from benchmarks.servers import (
    ON_SQLITE,
    RIVALS,
    ROOT,
    FunctionProcess,
    function,
    load_doctors,
    on_firestore,
)
from benchmarks.table import Figure, Row, at_least, plain
from benchmarks.timing import medians, say

CREATE = ROOT / "benchmarks" / "create.lua"

BARE_TIMES = 200
BARE_DAYS = 50
MOST_EXTRA_MILLISECONDS = 1.0
COMMIT, INSERT = "bare commit by HTTP", "bare insert by HTTP"
BOOKING = '{"doctor_id": "strange", "duration_minutes": 1, "patient": {"name": "Ada Lovelace"}}'
PEER_BOOKINGS_PER_SECOND = Figure(98, "/s", PEER)
PEER_MILLISECONDS = Figure(19.9, "ms", PEER)

Runs = dict[tuple[str, int], list[Load]]
"""The loads of each way, by its name and the number of connections."""


class _Booker:
    """Books with one function, each time a free one; ends the program if a booking fails."""

    def __init__(self, process: FunctionProcess) -> None:
        self._process = process
        self._first = 0

    def load(self, connections: int, seconds: int = SECONDS) -> Load:
        """Book over so many connections."""
        requests = Requests(script=CREATE, variables={"FIRST": str(self._first)})
        seen = load(self._process, connections, seconds, requests)
        if seen.errors:
            raise SystemExit(f"{seen.errors} bookings of free times failed at {self._process.url}")
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
        bare, runs = _on_emulator(bookers, settings["GOOGLE_CLOUD_PROJECT"])
    ours = latency(runs["ours", 1])
    what = "create by HTTP, one client, the emulator"
    return [
        _extra_row(f"{what}, days known", ours, Figure(median(bare), "ms", "bare commit")),
        plain(what, ours, latency(runs["floor", 1], COMMIT)),
        *(row for connections in (16, 64) for row in _crowd_rows(runs, connections)),
        _processor_row(runs, "the emulator", COMMIT),
    ]


@contextmanager
def _booking(
    target: str, settings: Mapping[str, str], source: str = "main.py"
) -> Iterator[_Booker]:
    """Serve a function that has booked on every day before."""
    with function(target, settings, source) as process:
        booker = _Booker(process)
        booker.load(16, WARM_UP_SECONDS)
        yield booker


def _on_emulator(bookers: Mapping[str, _Booker], project: str) -> tuple[list[float], Runs]:
    """Return the milliseconds of a bare commit in each round, and the loads; all take turns."""
    bare: list[float] = []
    runs: Runs = defaultdict(list)
    for number in range(ROUNDS):
        say(f"bookings by HTTP on the emulator, round {number + 1}")
        bare.append(uvloop.run(_bare_commit(project, number)))
        _round(bookers, (1, 16, 64), runs)
    return bare, runs


def _round(bookers: Mapping[str, _Booker], crowds: Sequence[int], runs: Runs) -> None:
    for connections in crowds:
        for name, booker in bookers.items():
            runs[name, connections].append(booker.load(connections))


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
    yield at_least(what, ours, rate(runs["floor", connections], COMMIT), 0.85)
    yield plain(what, ours, rate(runs["transaction", connections], "transaction by HTTP"))


def _processor_row(runs: Runs, store: str, floor: str) -> Row:
    what = f"create by HTTP, 16 clients, {store}"
    return processor_row(what, runs["ours", 16], runs["floor", 16], floor)


def sqlite_rows(settings: Mapping[str, str], floor_file: str) -> list[Row]:
    """Measure on one file, and bare inserts into another file on the same disk."""
    runs: Runs = defaultdict(list)
    with (
        _booking("create_appointment", settings) as ours,
        _booking("insert", {"FILE": floor_file}, ON_SQLITE) as floor,
    ):
        for number in range(ROUNDS):
            say(f"bookings by HTTP on SQLite, round {number + 1}")
            _round({"ours": ours, "floor": floor}, (1, 16), runs)
    what = "create by HTTP, %s, SQLite"
    alone, crowd = latency(runs["ours", 1]), rate(runs["ours", 16])
    return [
        plain(what % "one client", alone, latency(runs["floor", 1], INSERT)),
        plain(what % "one client", alone, PEER_MILLISECONDS),
        at_least(what % "16 clients", crowd, rate(runs["floor", 16], INSERT), 0.5),
        plain(what % "16 clients", crowd, PEER_BOOKINGS_PER_SECOND),
        _processor_row(runs, "SQLite", INSERT),
    ]
