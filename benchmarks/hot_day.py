"""What a doctor-day bears when everybody wants it at once, on the Firestore emulator.

`python -m benchmarks.hot_day` uses the emulator of `FIRESTORE_EMULATOR_HOST` or starts one, and
starts each function by itself, as in production. Linux only: it looks into /proc.
"""

import asyncio
import json
import os
import platform
import secrets
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib.metadata import version
from itertools import cycle
from statistics import median
from time import perf_counter
from typing import Any

import httpx
import uvloop
from google.cloud.firestore import AsyncClient, DocumentSnapshot
from google.cloud.firestore_v1._helpers import decode_dict, encode_dict
from google.cloud.firestore_v1.types import Document

from benchmarks.servers import ROOT, FunctionProcess, emulator, function
from benchmarks.transactional.main import book
from shared.documents import entry_to_text
from shared.firestore_store import FirestoreStore
from shared.models import Appointment, DayKey, DaySchedule, Interval, Patient
from shared.store import DayWrite, Stored

PROCESSES = 4
CLIENTS = 400
RUNS = 3
REQUESTS = 10_000
TIMES = 300
WARM_UP = 50
DAY_OF_APPOINTMENTS = 96
TIMEOUT_SECONDS = 60
RIVAL = "benchmarks/transactional/main.py"
# Loads no certificates, which takes longer than a booking.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

GOAL_RATIO = 50
GOAL_SECONDS = 2
GOAL_MIB = 128

Json = dict[str, Any]
Way = Callable[[int], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Crowd:
    """What came of requests that were all sent at once; no answer at all counts by its cause."""

    seconds: float
    counts: Counter[int | str]
    answers: Sequence[httpx.Response | str]

    @property
    def booked(self) -> int:
        """How many got 201."""
        return self.counts[201]

    @property
    def seconds_each(self) -> float:
        """Seconds for one booking that was made."""
        return self.seconds / self.booked if self.booked else float("inf")


def main() -> None:
    """Measure everything, then print one table."""
    lines = [_machine()]
    with emulator() as address:
        os.environ["FIRESTORE_EMULATOR_HOST"] = address
        settings = _settings()
        loaded = [sys.executable, "-m", "shared.load_doctors"]
        subprocess.run(loaded, cwd=ROOT, env=settings, check=True, stdout=subprocess.DEVNULL)
        floor = _measure_floor(settings)
        ours, one_slot = _measure_crowds(settings)
        lines += _memory_lines(settings)
        lines += uvloop.run(_verb_lines(settings["GOOGLE_CLOUD_PROJECT"]))
        rival = _measure_rival()
    lines[1:1] = [
        "",
        f"{PROCESSES} processes, {CLIENTS} clients at once",
        _line("  an empty function, for comparison", _counted(floor)),
        *_crowd_lines(ours, rival),
        *_one_slot_lines(one_slot),
    ]
    print("\n" + "\n".join(lines))


# Many clients at once


def _measure_floor(settings: Mapping[str, str]) -> Crowd:
    """What the clients and the framework need by themselves, on the same cores."""
    _say("an empty function")
    wishes: list[Json] = [{}] * CLIENTS
    with _started("empty", settings, RIVAL) as urls:
        uvloop.run(_crowd(urls, wishes))
        return uvloop.run(_crowd(urls, wishes))


def _measure_crowds(settings: Mapping[str, str]) -> tuple[list[Crowd], list[Crowd]]:
    with _instances(settings) as urls:
        days = iter(_weekdays(2 * RUNS))
        ours, one_slot = [], []
        for run in range(RUNS):
            _say(f"free slots of one day, run {run + 1}")
            ours.append(uvloop.run(_crowd(urls, _slots(next(days)))))
        for run in range(RUNS):
            _say(f"one slot, run {run + 1}")
            one_slot.append(uvloop.run(_crowd(urls, [_wish(next(days), 0)] * CLIENTS)))
        return ours, one_slot


def _measure_rival() -> Crowd:
    _say(f"free slots of one day, the rival (up to {TIMEOUT_SECONDS} s)")
    with _instances(_settings(), source=RIVAL) as urls:
        return uvloop.run(_crowd(urls, _slots(_weekdays(1)[0])))


@contextmanager
def _instances(settings: Mapping[str, str], source: str = "main.py") -> Iterator[list[str]]:
    """Several processes of the function, each of which has booked once, on a day of no matter."""
    with _started("create_appointment", settings, source) as urls:
        elsewhere = _weekdays(100)[-PROCESSES:]
        warm = uvloop.run(_crowd(urls, [_wish(day, 0) for day in elsewhere]))
        if warm.booked != PROCESSES:
            raise SystemExit(f"the functions do not book: {_counted(warm)}")
        yield urls


@contextmanager
def _started(target: str, settings: Mapping[str, str], source: str) -> Iterator[list[str]]:
    with ExitStack() as stack:
        started = (function(target, settings, source) for _ in range(PROCESSES))
        yield [stack.enter_context(process).url for process in started]


async def _crowd(urls: Sequence[str], wishes: Sequence[Json]) -> Crowd:
    """Send all wishes at once, in turn to each process, each from a client of its own."""
    async with AsyncExitStack() as stack:
        # One pool for all of them would take longer to find a connection than the answer takes.
        new = (
            httpx.AsyncClient(verify=NO_TLS, timeout=TIMEOUT_SECONDS, trust_env=False)
            for _ in wishes
        )
        clients = [await stack.enter_async_context(client) for client in new]
        started = perf_counter()
        asked = zip(clients, cycle(urls), wishes, strict=False)
        answers = await asyncio.gather(*(_ask(*request) for request in asked))
        seconds = perf_counter() - started
    counts = Counter(a if isinstance(a, str) else a.status_code for a in answers)
    return Crowd(seconds, counts, answers)


async def _ask(client: httpx.AsyncClient, url: str, wish: Json) -> httpx.Response | str:
    """The answer, or the name of what came instead of one."""
    try:
        return await client.post(url, json=wish)
    except httpx.TransportError as error:
        return type(error).__name__


def _crowd_lines(ours: Sequence[Crowd], rival: Crowd) -> list[str]:
    good = all(crowd.counts == {201: CLIENTS} for crowd in ours)
    each = median(crowd.seconds_each for crowd in ours)
    ratio = rival.seconds_each / each
    return [
        "  each wants another slot of the day",
        *(_line(f"    run {n}", _counted(crowd)) for n, crowd in enumerate(ours, 1)),
        _line("    median for one booking", f"{1000 * each:.2f} ms"),
        _line("    all booked, no 5xx", _goal(met=good)),
        _line("    the rival: async_transactional", _counted(rival)),
        _line("    the rival for one booking", f"{1000 * rival.seconds_each:.0f} ms"),
        _line("    faster than the rival", f"{ratio:.0f} times"),
        _line(f"    at least {GOAL_RATIO} times", _goal(met=ratio >= GOAL_RATIO)),
    ]


def _one_slot_lines(crowds: Sequence[Crowd]) -> list[str]:
    good = all(_is_true_refusal(crowd) for crowd in crowds)
    slowest = max(crowd.seconds for crowd in crowds)
    return [
        "  all want the same slot",
        *(_line(f"    run {n}", _counted(crowd)) for n, crowd in enumerate(crowds, 1)),
        _line("    one 201, else 409 with that slot", _goal(met=good)),
        _line(f"    each run within {GOAL_SECONDS} s", _goal(met=slowest <= GOAL_SECONDS)),
    ]


def _is_true_refusal(crowd: Crowd) -> bool:
    """Whether one got the slot, and all others were told that just this slot is in the way."""
    if crowd.counts != {201: 1, 409: CLIENTS - 1}:
        return False
    answers = [a.json() for a in crowd.answers if not isinstance(a, str)]
    booked = next(a for a in answers if "conflicts" not in a)
    slot = {"start": booked["start"], "end": booked["end"]}
    return all(a["conflicts"] == [slot] for a in answers if a is not booked)


# Memory


def _memory_lines(settings: Mapping[str, str]) -> list[str]:
    lines = ["", f"memory in MiB{'':26}worker  with its server"]
    with function("create_appointment", settings) as process:
        lines.append(_memory_line("create_appointment at start", process))
        counts = uvloop.run(_send_many(process.url, _mixed_wishes()))
        lines.append(_memory_line(f"after {REQUESTS:,} requests", process))
        worker = process.worker_mib()
    mix = ", ".join(f"{count:,} x {status}" for status, count in sorted(counts.items()))
    with function("empty", settings, RIVAL) as process:
        lines.append(_memory_line("an empty function with Firestore", process))
        uvloop.run(_send_many(process.url, [{}] * REQUESTS))
        lines.append(_memory_line(f"after {REQUESTS:,} requests", process))
    return [
        *lines,
        _line("  the requests", mix),
        _line(f"  under {GOAL_MIB} MiB", _goal(met=worker < GOAL_MIB)),
    ]


def _memory_line(name: str, process: FunctionProcess) -> str:
    return _line(f"  {name}", f"{process.worker_mib():6.1f}  {process.both_mib():15.1f}")


def _mixed_wishes() -> list[Json]:
    """For consecutive dates, weekends too; each time is asked for twice."""
    monday = _weekdays(1)[0] + timedelta(days=140)
    days = [monday + timedelta(days=n) for n in range(350)]
    return [_wish(days[n % 350], n // 700 * 20, 20) for n in range(REQUESTS)]


async def _send_many(url: str, wishes: Sequence[Json]) -> Counter[int | str]:
    counts: Counter[int | str] = Counter()
    for first in range(0, len(wishes), 100):
        counts += (await _crowd([url], wishes[first : first + 100])).counts
        if first % 2000 == 0:
            _say(f"memory: {first:,} of {len(wishes):,} requests")
    return counts


# One client


async def _verb_lines(project: str) -> list[str]:
    _say("the store's verbs")
    store = FirestoreStore(project, "(default)", seconds=10)
    client = AsyncClient(project=project)
    medians = await _medians(
        {
            "commit, the day is known": _commit_known(store),
            "load, then commit": _load_and_commit(store),
            "library: batch on a precondition": _bare_batch(client),
            "library: async_transactional": _bare_transaction(client),
        }
    )
    await store.close()
    _say("decoding")
    return [
        "",
        f"one client, a booking, median of {TIMES}, in ms",
        *(_line(f"  {name}", f"{1000 * value:6.2f}") for name, value in medians.items()),
        *_decoding_lines(client),
    ]


async def _medians(ways: Mapping[str, Way]) -> dict[str, float]:
    """Seconds of each way, which take turns, so that what else happens troubles them alike."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for n in range(WARM_UP + TIMES):
        for name, way in ways.items():
            started = perf_counter()
            await way(n)
            seconds[name].append(perf_counter() - started)
    return {name: median(taken[WARM_UP:]) for name, taken in seconds.items()}


def _commit_known(store: FirestoreStore) -> Way:
    known: dict[DayKey, Stored[DaySchedule]] = {}

    async def commit(n: int) -> None:
        appointment = _appointment("known", n)
        key = DayKey("known", appointment.interval.start.date())
        read = known.get(key, Stored(DaySchedule(key), None))
        known[key] = await _commit(store, read, appointment)

    return commit


def _load_and_commit(store: FirestoreStore) -> Way:
    async def load_and_commit(n: int) -> None:
        appointment = _appointment("loaded", n)
        key = DayKey("loaded", appointment.interval.start.date())
        async with store.snapshot() as snapshot:
            state = await snapshot.load([key], [])
        await _commit(store, state.days[key], appointment)

    return load_and_commit


async def _commit(
    store: FirestoreStore, read: Stored[DaySchedule], appointment: Appointment
) -> Stored[DaySchedule]:
    day = read.value.with_appointment(appointment)
    versions = await store.commit([DayWrite(read, day)], [])
    return Stored(day, versions[day.key])


def _bare_batch(client: AsyncClient) -> Way:
    versions: dict[str, datetime] = {}

    async def commit(n: int) -> None:
        appointment = _appointment("batch", n)
        text = entry_to_text(appointment.id, appointment)
        day = client.document("doctors", "batch", "days", f"{appointment.interval.start:%F}")
        batch = client.batch()
        if day.id in versions:
            option = client.write_option(last_update_time=versions[day.id])
            batch.update(day, {f"appointments.a{n}": text}, option=option)
        else:
            batch.create(day, {"appointments": {f"a{n}": text}})
        versions[day.id] = (await batch.commit())[0].update_time

    return commit


def _bare_transaction(client: AsyncClient) -> Way:
    async def read_check_write(n: int) -> None:
        interval = _appointment("rival", n).interval
        day = client.document("doctors", "rival", "days", f"{interval.start:%F}")
        wish = {"start": interval.start, "end": interval.end, "patient": {"name": "Ada Lovelace"}}
        if await book(client.transaction(), day, wish):
            raise SystemExit(f"the rival refused {interval}")

    return read_check_write


# Decoding


def _decoding_lines(client: AsyncClient) -> list[str]:
    documents = [
        json.loads(entry_to_text("", _appointment("decoded", n)))
        for n in range(DAY_OF_APPOINTMENTS)
    ]
    forms: dict[str, list[Any]] = {
        "maps, instants as timestamps": [_with_timestamps(document) for document in documents],
        "maps, instants as strings": documents,
        "JSON texts": [json.dumps(document) for document in documents],
    }
    return [
        "",
        f"to read a day of {DAY_OF_APPOINTMENTS}, us{'':17}in all  decoding  to_dict    JSON",
        *(_decoding_line(name, forms[name], client) for name in forms),
    ]


def _decoding_line(name: str, values: Sequence[Any], client: AsyncClient) -> str:
    fields = encode_dict({"appointments": {f"a{n}": value for n, value in enumerate(values)}})
    sent = Document.serialize(Document(fields=fields))
    reference = client.document("doctors", "decoded")

    def decoded() -> DocumentSnapshot[Any]:
        data = decode_dict(Document.deserialize(sent).fields, client)
        times: dict[str, Any] = dict.fromkeys(("read_time", "create_time", "update_time"))
        return DocumentSnapshot(reference, data, exists=True, **times)

    snapshot = decoded()
    texts = (snapshot.to_dict() or {})["appointments"].values()
    parts = [_microseconds(decoded), _microseconds(snapshot.to_dict)]
    is_json = isinstance(values[0], str)
    parts.append(_microseconds(lambda: json.loads(f"[{','.join(texts)}]")) if is_json else 0)
    figures = f"{sum(parts):6.0f}  {parts[0]:8.0f}  {parts[1]:7.0f}  {parts[2]:6.0f}"
    return _line(f"  {name}", figures)


def _with_timestamps(document: Json) -> Json:
    instants = ("start", "end", "created_at", "updated_at")
    return {**document, **{name: datetime.fromisoformat(document[name]) for name in instants}}


def _microseconds(function: Callable[[], object]) -> float:
    taken = []
    for _ in range(TIMES):
        started = perf_counter()
        function()
        taken.append(perf_counter() - started)
    return 1_000_000 * median(taken)


# Wishes and words


def _settings() -> dict[str, str]:
    """Of a database of its own: in the emulator, each project has one."""
    return {
        "STORE": "firestore",
        "GOOGLE_CLOUD_PROJECT": f"demo-{secrets.token_hex(6)}",
        "FIRESTORE_EMULATOR_HOST": os.environ["FIRESTORE_EMULATOR_HOST"],
    }


def _weekdays(count: int) -> list[date]:
    """The first working days from a Monday on that is at least a week away."""
    today = datetime.now(UTC).date()
    monday = today + timedelta(days=14 - today.weekday())
    return [monday + timedelta(weeks=n // 5, days=n % 5) for n in range(count)]


def _slots(day: date) -> list[Json]:
    return [_wish(day, n) for n in range(CLIENTS)]


def _wish(day: date, minutes: int, length: int = 1) -> Json:
    """To be with Doctor Strange so many minutes after nine."""
    start = datetime.combine(day, time(9), UTC) + timedelta(minutes=minutes)
    patient = {"name": "Ada Lovelace"}
    wish = {"doctor_id": "strange", "start": start.isoformat(), "duration_minutes": length}
    return {**wish, "patient": patient}


def _appointment(doctor_id: str, number: int) -> Appointment:
    """Ten of them fill a day."""
    nine = datetime(2030, 1, 1, 9, tzinfo=UTC)
    start = nine + timedelta(days=number // 10, minutes=number % 10 * 30)
    interval = Interval(start, start + timedelta(minutes=30))
    made_at = nine - timedelta(days=30, microseconds=1)
    name = f"{doctor_id}.{start:%Y%m%d}.{secrets.token_hex(12)}"
    return Appointment(name, doctor_id, interval, Patient("Ada Lovelace"), made_at, made_at)


def _machine() -> str:
    names = ("google-cloud-firestore", "grpcio", "functions-framework", "uvloop", "httpx")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {versions}"


def _counted(crowd: Crowd) -> str:
    counts = sorted(crowd.counts.items(), key=str)
    return ", ".join(f"{count} x {what}" for what, count in counts) + f" in {crowd.seconds:.2f} s"


def _line(name: str, value: str) -> str:
    return f"{name:38} {value}"


def _goal(*, met: bool) -> str:
    return "met" if met else "MISSED"


def _say(text: str) -> None:
    print(f"... {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
