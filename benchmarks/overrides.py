"""What it costs to take a whole year off, and to book with others meanwhile, on both stores.

Every day of the year is full. A year needs one commit on all its days, so its size is the most that
a booking may have to wait for; bookings are measured alone and beside years that are taken off one
after the other, in turns.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import NamedTuple

import uvloop

from benchmarks.bookings import requests_of
from benchmarks.counted import Counted
from benchmarks.data import ON_DISK, instant, new_appointment, store_days
from benchmarks.servers import new_project
from benchmarks.table import Figure, Row, plain
from benchmarks.timing import say
from shared.model.day import DayKey, DaySchedule
from shared.model.interval import Interval
from shared.model.override import Override, override_id
from shared.rules.outcomes import Accepted
from shared.store.port import Store
from shared.store.sqlite.store import SqliteStore
from shared.transactions.command import Command
from shared.transactions.coordinator import Coordinator
from shared.transactions.overrides import Made, NewOverride, OverrideTransactions
from tests import builders
from tests.firestore_emulator import emulated_store

DAYS = 366
A_DAY = 16
TIMES = 5
BOOKINGS = 60
"""Bookings alone before each year that is taken off."""
DAYS_A_COMMIT = 50
SECONDS = 10.0
FIRST_DAY = date(2099, 1, 5)
HALF_HOUR = timedelta(minutes=30)
NOW = datetime(2098, 12, 1, 12, tzinfo=UTC)


class Times(NamedTuple):
    """Seconds of years that were taken off, and of bookings alone and meanwhile."""

    years: list[float]
    processor: list[float]
    alone: list[float]
    meanwhile: list[float]


def rows() -> list[Row]:
    """Measure on Firestore's emulator, then on SQLite."""
    return uvloop.run(_rows())


async def _rows() -> list[Row]:
    store = emulated_store(new_project(), SECONDS)
    table = await _rows_of("the emulator", store)
    with TemporaryDirectory(dir=ON_DISK) as folder:
        file = SqliteStore(str(Path(folder, "overrides.db")))
        return [*table, *await _rows_of("SQLite", file)]


async def _rows_of(name: str, store: Store) -> Sequence[Row]:
    say(f"overrides on {name}")
    counted = Counted(store)
    for number in range(TIMES + 1):
        await store_days(store, map(_full_day, _days(number)), DAYS_A_COMMIT)
    await _take_off(counted, 0)
    calls, times = counted.calls, await _measured(store)
    await store.close()
    what = f"a year off, {DAYS} full days, {name}"
    alone = Figure(1000 * median(times.alone), "ms", "alone")
    slowest_alone = Figure(1000 * max(times.alone), "ms", "alone")
    return [
        plain(f"{what}: calls", Figure(calls, "calls")),
        plain(what, Figure(1000 * median(times.years), "ms")),
        plain(
            f"{what}: processor time, with the bookings meanwhile",
            Figure(1000 * median(times.processor), "ms"),
        ),
        plain(
            f"booking with another doctor meanwhile, {name}",
            Figure(1000 * median(times.meanwhile), "ms"),
            alone,
        ),
        plain(
            f"the slowest booking meanwhile, {name}",
            Figure(1000 * max(times.meanwhile), "ms"),
            slowest_alone,
        ),
    ]


async def _measured(store: Store) -> Times:
    """Book alone, then beside a year that is taken off, again and again."""
    coordinator = Coordinator(store, SECONDS, Random(1))  # noqa: S311 - jitter
    times = Times([], [], [], [])
    commands = (r.command for day in range(1000) for r in requests_of("other", day))
    for number in range(1, TIMES + 1):
        for _ in range(BOOKINGS):
            times.alone.append(await _booked(coordinator, next(commands)))
        started, processor = perf_counter(), process_time()
        taking = asyncio.create_task(_take_off(store, number))
        while not taking.done():
            times.meanwhile.append(await _booked(coordinator, next(commands)))
        times.years.append(await taking - started)
        times.processor.append(process_time() - processor)
    return times


async def _booked(coordinator: Coordinator, command: Command) -> float:
    """Book, and return how many seconds it took."""
    started = perf_counter()
    if not isinstance(outcome := await coordinator.run(command), Accepted):
        raise SystemExit(f"refused: {outcome}")
    return perf_counter() - started


async def _take_off(store: Store | Counted, number: int) -> float:
    """Take a year off the calendar of a doctor, and return when that was done."""
    doctor = builders.doctor(days="mon tue wed thu fri sat sun", doctor_id=_id(number))
    start = instant(FIRST_DAY)
    override = Override(
        override_id(doctor.id, "year"),
        doctor.id,
        "time_off",
        Interval(start, start + timedelta(days=DAYS)),
        NOW,
    )
    transactions = OverrideTransactions(store, SECONDS, Random(1))  # noqa: S311 - jitter
    made = await transactions.make(NewOverride(doctor, override, NOW))
    if not isinstance(made, Made):
        raise SystemExit(f"refused: {made}")
    return perf_counter()


def _id(number: int) -> str:
    return f"away{number}"


def _days(number: int) -> Sequence[DayKey]:
    return [DayKey(_id(number), FIRST_DAY + timedelta(days=day)) for day in range(DAYS)]


def _full_day(key: DayKey) -> DaySchedule:
    starts = (instant(key.day, 9) + slot * HALF_HOUR for slot in range(A_DAY))
    times = (Interval(start, start + HALF_HOUR) for start in starts)
    return DaySchedule(key, tuple(new_appointment(key, time, NOW) for time in times))
