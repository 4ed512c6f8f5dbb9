"""How cost and latency grow with doctors, days and appointments, on SQLite and the emulator.

`python -m benchmarks.growth` prints the tables of `docs/scale.md`, in about ten minutes;
`python -m benchmarks.growth doctors` only those of `benchmarks/many_doctors.py`. Every working day
of every doctor holds 20 appointments of 20 minutes, from nine on; the rest is free.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import httpx

from benchmarks.callers import asking_for_tokens, signed_in
from benchmarks.data import (
    ON_DISK,
    instant,
    new_appointment,
    next_monday,
    request_fields,
    store_days,
    working_days,
)
from benchmarks.many_doctors import DOCTORS, cell, columns
from benchmarks.servers import emulator, function, new_project, on_firestore
from benchmarks.stored_bytes import MIB, stored_bytes
from benchmarks.table import machine
from benchmarks.timing import Way, say, timings
from shared.access.caller import ANYBODY
from shared.http.endpoint import Endpoint
from shared.http.schemas.list_openings import LONGEST_CALENDAR
from shared.model.appointment import Appointment, Patient
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor, WorkingHours
from shared.model.elsewhere import ElsewhereKey
from shared.model.interval import Interval
from shared.model.patient_key import patient_key
from shared.queries.appointments import ListQuery, list_window
from shared.queries.openings import all_openings, first_openings
from shared.rules.availability import SEARCHED, Booking
from shared.rules.booking import book
from shared.rules.openings import OpeningSearch
from shared.rules.outcomes import Accepted
from shared.runtime.endpoints import endpoints
from shared.store.firestore.store import FirestoreStore
from shared.store.port import Store
from shared.store.sqlite.store import SqliteStore
from shared.transactions.command import Command
from shared.transactions.coordinator import Coordinator
from tests.firestore_emulator import emulated_store

A_DAY = 20
LENGTH = timedelta(minutes=20)
DEADLINE_SECONDS = 60
WARM_UP = 100
DAYS_A_COMMIT = 200
PATIENTS = 100
TELLING = {"WEBHOOK_URLS": "https://hooks.example/", "WEBHOOK_SECRET": "whsec_" + "c2VjcmV0" * 4}
"""Settings of a function that leaves events for a webhook, which nobody delivers here."""
ADA = Patient("Ada Lovelace", "ada.lovelace@example.org", "+44 20 7946 0958")
REASON = "check-up"


Columns = Sequence[Mapping[str, str]]
"""A table, column by column: cells by the name of their row."""


class Size(NamedTuple):
    """The doctors, the full working days of each, and how often each operation is timed."""

    doctors: int
    days: int
    times: int


ON_SQLITE = (Size(50, 20, 300), Size(50, 200, 300), Size(50, 1000, 300), Size(1000, 50, 300))
ON_EMULATOR = (Size(50, 2, 40), Size(50, 20, 40), Size(50, 200, 40), Size(1000, 50, 40))
MANY_DOCTORS_ON_SQLITE, MANY_DOCTORS_ON_EMULATOR = (300, 300), (60, 3)
"""How often databases of many doctors are asked by name, and by query.

The emulator goes through all documents for every query, for seconds.
"""
MEASURED = ("create_appointment", "list_appointments", "first_available", "list_openings")
"""The functions whose processor time is measured."""


def main(chosen: Sequence[str]) -> None:
    """Measure everything, and print each table as soon as it is complete."""
    print(machine())
    with emulator():
        _print_table("SQLite", asyncio.run(_doctors_on_sqlite()))
        _print_table("emulator", asyncio.run(_doctors_on_firestore()))
        if "doctors" in chosen:
            return
        print("\n".join(_bytes_lines()))
        _print_table("SQLite", asyncio.run(_on_sqlite()))
        _print_table("emulator", asyncio.run(_on_firestore()))
        print("\n".join(asyncio.run(_processor_lines())))


async def _doctors_on_sqlite() -> Columns:
    with tempfile.TemporaryDirectory(dir=ON_DISK) as folder:
        stores = [SqliteStore(str(Path(folder) / f"{count}.db")) for count in DOCTORS]
        return await columns(stores, *MANY_DOCTORS_ON_SQLITE)


async def _doctors_on_firestore() -> Columns:
    stores = [emulated_store(new_project(), DEADLINE_SECONDS) for _ in DOCTORS]
    return await columns(stores, *MANY_DOCTORS_ON_EMULATOR)


async def _on_sqlite() -> Columns:
    with tempfile.TemporaryDirectory(dir=ON_DISK) as folder:
        paths = [Path(folder) / f"{number}.db" for number in range(len(ON_SQLITE))]
        columns = []
        for path, size in zip(paths, ON_SQLITE, strict=True):
            SqliteStore(str(path)).prepare(())
            written = await _filled(SqliteStore(str(path)), size)
            columns.append({**written, "file, MiB": f"{path.stat().st_size / MIB:,.1f}"})
        os.sync()  # Else bookings would wait for a share of what was written before.
        return await _visited([SqliteStore(str(path)) for path in paths], ON_SQLITE, columns)


async def _on_firestore() -> Columns:
    projects = [new_project() for _ in ON_EMULATOR]
    stores = [emulated_store(project, DEADLINE_SECONDS) for project in projects]
    columns = [await _filled(*each) for each in zip(stores, ON_EMULATOR, strict=True)]
    stores = [emulated_store(project, DEADLINE_SECONDS) for project in projects]
    return await _visited(stores, ON_EMULATOR, columns)


async def _visited(stores: Sequence[Store], sizes: Sequence[Size], columns: Columns) -> Columns:
    """Visit all databases in turns, so that other work disturbs all alike; add to each column."""
    say("timing")
    ways = {
        f"{name}|{number}": way
        for number, each in enumerate(zip(stores, sizes, strict=True))
        for name, way in Visits(*each).ways().items()
    }
    cells: list[dict[str, str]] = [{} for _ in stores]
    for name, taken in (await timings(ways, sizes[0].times, warm_up=0)).items():
        row, _, number = name.partition("|")
        cells[int(number)][row] = cell(taken)
    for store in stores:
        await store.close()
    return [{**column, **found} for column, found in zip(columns, cells, strict=True)]


def _print_table(name: str, columns: Columns) -> None:
    print(f"\n| {name}: ms, median / 99th percentile |" + " |" * len(columns))
    print("|---" + "|---:" * len(columns) + "|")
    for row in columns[0]:
        print(f"| {row} | " + " | ".join(column[row] for column in columns) + " |", flush=True)


def _bytes_lines() -> list[str]:
    account = patient_key("https://issuer.example", "ada")
    key = DayKey("doctor-0001", next_monday())
    full = [a._replace(owner=account) for a in _full_day(key).appointments]
    found = [f"| {what} | {count:,} |" for what, count in stored_bytes(full)]
    return ["", "| stored in Firestore | bytes |", "|---|---:|", *found]


def _doctors(size: Size) -> list[Doctor]:
    week = ((WorkingHours(9 * 60, 17 * 60),),) * 5 + ((),) * 2
    utc = ZoneInfo("UTC")
    return [Doctor(f"doctor-{n:04}", f"Doctor {n}", utc, week) for n in range(size.doctors)]


def _keys(size: Size) -> Iterator[DayKey]:
    return (DayKey(doctor.id, day) for doctor in _doctors(size) for day in _days(size))


def _days(size: Size) -> list[date]:
    return working_days(next_monday(), size.days)


def _interval(day: date, number: int) -> Interval:
    start = instant(day, 9) + number * LENGTH
    return Interval(start, start + LENGTH)


def _appointment(key: DayKey, number: int) -> Appointment:
    return new_appointment(key, _interval(key.day, number), datetime.now(UTC), ADA, REASON)


def _full_day(key: DayKey) -> DaySchedule:
    return DaySchedule(key, tuple(_appointment(key, number) for number in range(A_DAY)))


async def _filled(store: SqliteStore | FirestoreStore, size: Size) -> Mapping[str, str]:
    """Write all doctors and days, and close the store; return the first rows of the column."""
    count = size.doctors * size.days * A_DAY
    say(f"{type(store).__name__}: writing {count:,} appointments")
    await store.put_doctors(_doctors(size))
    started = perf_counter()
    await store_days(store, map(_full_day, _keys(size)), DAYS_A_COMMIT)
    await store.close()
    shape, seconds = f"{size.doctors:,} x {size.days:,}", f"{perf_counter() - started:.0f}"
    return {"appointments": f"{count:,}", "doctors x working days": shape, "written in, s": seconds}


class Visits:
    """The operations of a client, one after the other, each time on another random doctor-day."""

    def __init__(self, store: Store, size: Size) -> None:
        chance = Random(1)  # noqa: S311 - every run visits the same days
        self._store = store
        self._doctors = _doctors(size)
        # No day is visited twice, so none is cached before its first booking.
        keys = [(doctor, day) for doctor in self._doctors for day in _days(size)]
        self._visited = chance.sample(keys, size.times)
        self._coordinator = Coordinator(store, DEADLINE_SECONDS, chance)

    def ways(self) -> Mapping[str, Way]:
        """Return each operation, to be done as often as days are visited."""
        return {
            "book, day not known": partial(self._book, A_DAY),
            "book, day known": partial(self._book, A_DAY + 1),
            "list a day": partial(self._list, timedelta(days=1)),
            "list a week": partial(self._list, timedelta(days=7)),
            "first openings, 1 doctor": partial(self._search, 1),
            "first openings, 50 doctors": partial(self._search, 50),
            "all openings of six weeks, 1 doctor": self._calendar,
        }

    async def _book(self, slot: int, number: int) -> None:
        doctor, day = self._visited[number]
        appointment = _appointment(DayKey(doctor.id, day), slot)
        booking, now = Booking(doctor, appointment, ANYBODY), appointment.created_at
        decide = partial(book, booking=booking, now=now)
        births = frozenset({ElsewhereKey(doctor.id, appointment.id)})
        command = Command(frozenset(booking.days), decide, now, appointment.id, ANYBODY, births)
        if not isinstance(outcome := await self._coordinator.run(command), Accepted):
            raise SystemExit(f"{appointment.interval} was free, but was refused: {outcome}")

    async def _list(self, length: timedelta, number: int) -> None:
        doctor, day = self._visited[number]
        start = instant(day)
        query = ListQuery(doctor, Interval(start, start + length), with_cancelled=False, size=1000)
        async with self._store.snapshot() as snapshot:
            await list_window(snapshot, query)

    async def _search(self, count: int, number: int) -> None:
        """Search three times of half an hour, from the first hour of a full day on."""
        doctor, day = self._visited[number]
        start = _interval(day, 0).start
        bounds = Interval(start, start + SEARCHED)
        search = OpeningSearch(bounds, length=timedelta(minutes=30), now=bounds.start)
        doctors = [doctor] if count == 1 else self._doctors[:count]
        async with self._store.snapshot() as snapshot:
            await first_openings(snapshot, doctors, search, 3)

    async def _calendar(self, number: int) -> None:
        """List all starts of half an hour on the quarters, as a calendar does."""
        doctor, day = self._visited[number]
        start = instant(day)
        bounds = Interval(start, start + timedelta(days=LONGEST_CALENDAR))
        search = OpeningSearch(bounds, timedelta(minutes=30), bounds.start, step=15)
        async with self._store.snapshot() as snapshot:
            await all_openings(snapshot, [doctor], search)


async def _processor_lines() -> list[str]:
    """Return the processor time of a function, server and worker, for one HTTP request.

    As in production: callers have tokens that were seen before, patients book for themselves with
    a key, and others are told of it.
    """
    size, settings = ON_EMULATOR[1], on_firestore()
    await _filled(emulated_store(settings["GOOGLE_CLOUD_PROJECT"], DEADLINE_SECONDS), size)
    keys = sorted(_keys(size), key=lambda key: key.day)
    lines = ["", "| an HTTP request, 16 at once | processor of the function, ms |", "|---|---:|"]
    for target in map(endpoints().__getitem__, MEASURED):
        say(f"processor time of {target.name}")
        requests = [_request(target, key, settings, n) for n, key in enumerate(keys)]
        with function(target.name, {**asking_for_tokens(settings), **TELLING}) as process:
            await _send(process.url, requests[:WARM_UP])
            before = process.processor_seconds()
            await _send(process.url, requests[WARM_UP:])
            spent = process.processor_seconds() - before
        lines.append(f"| {target.name} | {1000 * spent / len(requests[WARM_UP:]):.2f} |")
    return lines


def _request(
    target: Endpoint, key: DayKey, settings: Mapping[str, str], number: int
) -> dict[str, Any]:
    """Return a booking after the appointments of a day, or a request to read from then on."""
    asked: dict[str, Any] = {"doctor_id": key.doctor_id, "start": f"{key.day}T15:40:00"}
    if target.method == "POST":
        headers = {
            **signed_in(settings, f"patient-{number % PATIENTS}"),
            "Idempotency-Key": f"{key.doctor_id}-{key.day}",
        }
        asked |= {"duration_minutes": 20, "patient": {"name": ADA.name}, "reason": REASON}
        return {"method": "POST", "json": request_fields(target, asked), "headers": headers}
    days = LONGEST_CALENDAR if target.name == "list_openings" else 7
    asked |= {"after": asked["start"], "end": f"{key.day + timedelta(days=days)}T00:00:00"}
    asked |= {"duration_minutes": 20}
    headers = signed_in(settings, "front-desk", "staff")
    return {"method": "GET", "params": request_fields(target, asked), "headers": headers}


async def _send(url: str, requests: Sequence[Mapping[str, Any]]) -> None:
    """Send all requests over 16 connections."""
    limits = httpx.Limits(max_connections=16)
    async with httpx.AsyncClient(trust_env=False, timeout=60, limits=limits) as client:
        for response in await asyncio.gather(*(client.request(url=url, **r) for r in requests)):
            response.raise_for_status()


if __name__ == "__main__":
    main(sys.argv[1:])
