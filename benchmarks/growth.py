"""How cost and latency grow with doctors, days and appointments, on SQLite and the emulator.

`python -m benchmarks.growth` prints the tables of `docs/scale.md`, in about four minutes. Every
working day of every doctor holds 20 appointments of 20 minutes, from nine on; then it is free.
"""

import asyncio
import os
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import httpx

from benchmarks.servers import emulator, function
from benchmarks.table import machine
from benchmarks.timing import Way, say
from shared.directory.doctor_cache import DoctorCache
from shared.model.appointment import Appointment, Patient
from shared.model.appointment_id import appointment_id
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor, WorkingHours
from shared.model.interval import Interval
from shared.queries.appointments import ListQuery, list_window
from shared.queries.openings import SEARCH_DAYS, first_openings
from shared.rules.booking import Booking, book
from shared.rules.openings import OpeningSearch
from shared.rules.outcomes import Accepted
from shared.store.documents import entry_to_text
from shared.store.firestore.store import FirestoreStore
from shared.store.port import DayWrite, Store, Stored
from shared.store.sqlite.store import SqliteStore
from shared.transactions.command import Command
from shared.transactions.coordinator import Coordinator
from tests.firestore_emulator import emulated_store

A_DAY = 20
LENGTH = timedelta(minutes=20)
DEADLINE_SECONDS = 60
WARM_UP = 100
MIB = 2**20
NAME_BYTES, MAP_BYTES = 16, 32  # What "Storage size calculations" adds to a name, and to a map.
ADA = Patient("Ada Lovelace", "ada.lovelace@example.org", "+44 20 7946 0958")
REASON = "check-up"


class Size(NamedTuple):
    """So many doctors, and full working days of each; how often each thing is timed."""

    doctors: int
    days: int
    times: int


ON_SQLITE = (Size(50, 20, 300), Size(50, 200, 300), Size(50, 1000, 300), Size(1000, 50, 300))
ON_EMULATOR = (Size(50, 2, 40), Size(50, 20, 40), Size(50, 200, 40), Size(1000, 50, 40))


def main() -> None:
    """Measure everything, printing each table when it is known."""
    print(f"{machine()}\n\n{_bytes_line()}")
    _print_table("SQLite", [asyncio.run(_on_sqlite(size)) for size in ON_SQLITE])
    with emulator() as address:
        os.environ["FIRESTORE_EMULATOR_HOST"] = address
        _print_table("emulator", [asyncio.run(_on_firestore(size)) for size in ON_EMULATOR])
        print("\n".join(asyncio.run(_processor_lines(address))))


async def _on_sqlite(size: Size) -> Mapping[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "growth.db"
        SqliteStore(str(path)).prepare(())
        written = await _filled(SqliteStore(str(path)), size)
        store = SqliteStore(str(path))
        file = {"file, MiB": f"{path.stat().st_size / MIB:,.1f}"}
        return {**written, **file, **await Visits(store, size).timings()}


async def _on_firestore(size: Size) -> Mapping[str, str]:
    """In a database of its own: the emulator has one for each project."""
    project = f"demo-{secrets.token_hex(6)}"
    written = await _filled(emulated_store(project, DEADLINE_SECONDS), size)
    store = emulated_store(project, DEADLINE_SECONDS)
    return {**written, **await Visits(store, size).timings()}


def _print_table(name: str, columns: Sequence[Mapping[str, str]]) -> None:
    print(f"\n| {name}: ms, median / 99th percentile |" + " |" * len(columns))
    print("|---" + "|---:" * len(columns) + "|")
    for row in columns[0]:
        print(f"| {row} | " + " | ".join(column[row] for column in columns) + " |", flush=True)


def _bytes_line() -> str:
    """What Firestore counts, by its rules in "Storage size calculations"."""
    one = _appointment(DayKey("doctor-0001", _days(1)[0]), 0)
    each = len(one.id) + len(entry_to_text(one.id, one)) + 2
    empty = len("doctors doctor-0001 days 2030-01-01 appointments ") + NAME_BYTES + 2 * MAP_BYTES
    full, fit = empty + A_DAY * each, (MIB - empty) // each
    return f"Bytes: an appointment {each}, a day of {A_DAY} {full:,}; {fit:,} fit in 1 MiB"


def _doctors(size: Size) -> list[Doctor]:
    week = ((WorkingHours(9 * 60, 17 * 60),),) * 5 + ((),) * 2
    utc = ZoneInfo("UTC")
    return [Doctor(f"doctor-{n:04}", f"Doctor {n}", utc, week) for n in range(size.doctors)]


def _days(count: int) -> list[date]:
    """The first working days from a Monday on that is at least a week away."""
    today = datetime.now(UTC).date()
    monday = today + timedelta(days=14 - today.weekday())
    return [monday + timedelta(weeks=n // 5, days=n % 5) for n in range(count)]


def _interval(day: date, number: int) -> Interval:
    start = datetime.combine(day, time(9), UTC) + number * LENGTH
    return Interval(start, start + LENGTH)


def _appointment(key: DayKey, number: int) -> Appointment:
    name, made_at = appointment_id(key, secrets.token_hex(12)), datetime.now(UTC)
    interval = _interval(key.day, number)
    return Appointment(name, key.doctor_id, interval, ADA, made_at, made_at, REASON)


async def _filled(store: SqliteStore | FirestoreStore, size: Size) -> Mapping[str, str]:
    """Write all doctors and days, and close the store."""
    count = size.doctors * size.days * A_DAY
    say(f"{type(store).__name__}: writing {count:,} appointments")
    await store.put_doctors(_doctors(size))
    keys = (DayKey(doctor.id, day) for doctor in _doctors(size) for day in _days(size.days))
    started = perf_counter()
    while some := list(islice(keys, 200)):
        full = [DaySchedule(key, tuple(_appointment(key, n) for n in range(A_DAY))) for key in some]
        await store.commit([DayWrite(Stored(DaySchedule(day.key), None), day) for day in full], ())
    await store.close()
    shape, seconds = f"{size.doctors:,} x {size.days:,}", f"{perf_counter() - started:.0f}"
    return {"appointments": f"{count:,}", "doctors x working days": shape, "written in, s": seconds}


class Visits:
    """What clients do, one after the other, each time on another doctor-day at random."""

    def __init__(self, store: Store, size: Size) -> None:
        chance = Random(1)  # noqa: S311 - every run visits the same days
        self._store = store
        self._doctors = _doctors(size)
        # No day is visited twice, so none is remembered before its first booking.
        keys = [(doctor, day) for doctor in self._doctors for day in _days(size.days)]
        self._visited = chance.sample(keys, size.times)
        self._transactions = Coordinator(store, DEADLINE_SECONDS, chance)

    async def timings(self) -> Mapping[str, str]:
        """Of each thing the median and the 99th percentile, in turns; then closes the store."""
        say("timing")
        ways: Mapping[str, Way] = {
            "book, day not known": partial(self._book, A_DAY),
            "book, day known": partial(self._book, A_DAY + 1),
            "list a day": partial(self._list, timedelta(days=1)),
            "list a week": partial(self._list, timedelta(days=7)),
            "first openings, 1 doctor": partial(self._search, 1),
            "first openings, 50 doctors": partial(self._search, 50),
            "load all doctors": lambda _number: DoctorCache(self._store).doctors(),
        }
        ms: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(len(self._visited)):
            for name, way in ways.items():
                started = perf_counter()
                await way(number)
                ms[name].append(1000 * (perf_counter() - started))
        await self._store.close()
        return {n: f"{median(t):.2f} / {sorted(t)[-1 - len(t) // 100]:.1f}" for n, t in ms.items()}

    async def _book(self, slot: int, number: int) -> None:
        doctor, day = self._visited[number]
        name = appointment_id(DayKey(doctor.id, day), secrets.token_hex(12))
        interval, now = _interval(day, slot), datetime.now(UTC)
        booking = Booking(doctor, Appointment(name, doctor.id, interval, ADA, now, now, REASON))
        decide = partial(book, booking=booking, now=now)
        command = Command(frozenset({booking.key}), decide, now, name)
        if not isinstance(outcome := await self._transactions.run(command), Accepted):
            raise SystemExit(f"{interval} was free, and refused: {outcome}")

    async def _list(self, length: timedelta, number: int) -> None:
        doctor, day = self._visited[number]
        start = datetime.combine(day, time(), UTC)
        query = ListQuery(doctor, Interval(start, start + length), with_cancelled=False, size=1000)
        async with self._store.snapshot() as snapshot:
            await list_window(snapshot, query)

    async def _search(self, count: int, number: int) -> None:
        """Three times of half an hour, from the opening hour of a full day on."""
        doctor, day = self._visited[number]
        start = _interval(day, 0).start
        bounds = Interval(start, start + timedelta(days=SEARCH_DAYS))
        search = OpeningSearch(bounds, length=timedelta(minutes=30))
        doctors = [doctor] if count == 1 else self._doctors[:count]
        async with self._store.snapshot() as snapshot:
            await first_openings(snapshot, doctors, search, 3)


async def _processor_lines(address: str) -> list[str]:
    """Processor time of a function's processes, server and worker, for one HTTP request."""
    size, project = ON_EMULATOR[1], f"demo-{secrets.token_hex(6)}"
    await _filled(emulated_store(project, DEADLINE_SECONDS), size)
    settings = {"GOOGLE_CLOUD_PROJECT": project, "FIRESTORE_EMULATOR_HOST": address}
    keys = [DayKey(doctor.id, day) for day in _days(size.days) for doctor in _doctors(size)]
    lines = ["", "| an HTTP request, 16 at once | processor of the function, ms |", "|---|---:|"]
    for target in ("create_appointment", "list_appointments", "first_available"):
        say(f"processor time of {target}")
        requests = [_request(target, key) for key in keys]
        with function(target, {"STORE": "firestore", **settings}) as process:
            await _send(process.url, requests[:WARM_UP])
            before = _processor_seconds(process.pid)
            await _send(process.url, requests[WARM_UP:])
            spent = _processor_seconds(process.pid) - before
        lines.append(f"| {target} | {1000 * spent / len(requests[WARM_UP:]):.2f} |")
    return lines


def _request(target: str, key: DayKey) -> dict[str, Any]:
    """A booking on the day, a list of the week from it on, or a search from it on."""
    at, until = f"{key.day}T15:40:00", f"{key.day + timedelta(days=7)}T00:00:00"
    wish = {"doctor_id": key.doctor_id}
    if target == "create_appointment":
        person = {"patient": ADA._asdict(), "reason": REASON}
        return {"method": "POST", "json": {**wish, "start": at, "duration_minutes": 20, **person}}
    window = {"start": at, "end": until} if target == "list_appointments" else {"after": at}
    return {"method": "GET", "params": {**wish, **window}}


async def _send(url: str, requests: Sequence[Mapping[str, Any]]) -> None:
    """All of them over 16 connections."""
    limits = httpx.Limits(max_connections=16)
    async with httpx.AsyncClient(trust_env=False, timeout=60, limits=limits) as client:
        for answer in await asyncio.gather(*(client.request(url=url, **r) for r in requests)):
            answer.raise_for_status()


def _processor_seconds(server: int) -> float:
    worker = int(Path(f"/proc/{server}/task/{server}/children").read_text())
    stats = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2] for pid in (server, worker))
    return sum(int(t) for stat in stats for t in stat.split()[11:13]) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
