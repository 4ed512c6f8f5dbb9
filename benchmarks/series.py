"""What it costs to book a series, and to book with its doctor beside a stream of long ones.

A series of 52 is compared with the same 52 entries written by a bare program in one commit, each on
a day of its own. Bookings are measured alone and then beside series of 60 days that follow each
other on the very days that the bookings are on, so many at a time.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import uvloop
from google.cloud.firestore import AsyncClient
from msgspec import Struct

from benchmarks.counted import Counted
from benchmarks.data import ON_DISK, close_client, instant, new_appointment
from benchmarks.servers import new_project
from benchmarks.table import Figure, Row, at_most, plain
from benchmarks.timing import medians, say
from shared.access.caller import ANYBODY
from shared.model.day import DayKey
from shared.model.doctor import Doctor
from shared.model.elsewhere import ElsewhereKey
from shared.model.hold import holder_of
from shared.model.interval import Interval
from shared.model.series import Series, series_id
from shared.rules.availability import Booking
from shared.rules.booking import book
from shared.rules.outcomes import Accepted, BookedSeries
from shared.rules.series import Occasion, SeriesRequest, book_series
from shared.store.appointment_documents import appointment_to_text
from shared.store.port import Store
from shared.store.sqlite.database import open_file
from shared.store.sqlite.store import SqliteStore
from shared.transactions.command import Command
from shared.transactions.coordinator import Coordinator
from tests import builders
from tests.firestore_emulator import emulated_store

WEEKS, DAYS = 52, 60
TIMES = 15
AT_ONCE = 2
"""How many clients book series of 60 days, one after the other, beside the bookings."""
BOOKINGS = 60
SECONDS = 10.0
FIRST_DAY = date(2099, 1, 5)
MINUTES = timedelta(minutes=5)
NOW = datetime(2098, 12, 1, 12, tzinfo=UTC)


class Request(Struct, frozen=True):
    """A series to book, and its entries in the form that a bare program needs."""

    command: Command
    entries: tuple[tuple[DayKey, str, str], ...]


Book = Callable[[Request], Awaitable[object]]


def rows() -> list[Row]:
    """Measure on Firestore's emulator, then on SQLite."""
    return [*uvloop.run(_on_firestore()), *uvloop.run(_on_sqlite())]


async def _on_firestore() -> list[Row]:
    store, client = emulated_store(new_project(), SECONDS), AsyncClient(project=new_project())
    table = await _rows_of("the emulator", store, _bare_commit(client))
    await store.close()
    await close_client(client)
    return table


async def _on_sqlite() -> list[Row]:
    with TemporaryDirectory(dir=ON_DISK) as folder:
        store = SqliteStore(str(Path(folder, "ours.db")))
        with closing(open_file(str(Path(folder, "bare.db")), SECONDS)) as connection:
            table = await _rows_of("SQLite", store, _bare_inserts(connection))
        await store.close()
    return table


async def _rows_of(name: str, store: Store, bare: Book) -> list[Row]:
    say(f"series on {name}")
    counted = Counted(store)
    await _booked(Coordinator(counted, SECONDS, _jitter()), _series("counted", 0, WEEKS, 7).command)
    one_commit = "52 writes in one commit"
    books: dict[str, Book] = {
        "": partial(_book_series, Coordinator(store, SECONDS, _jitter())),
        one_commit: bare,
    }
    requests = [_series("weekly", number, WEEKS, 7) for number in range(TIMES + 1)]
    ways = {way: partial(_one, book_it, requests) for way, book_it in books.items()}
    seconds = await medians(ways, TIMES, warm_up=1)
    ours, rival = (Figure(1000 * seconds[way], "ms", way) for way in ("", one_commit))
    alone, beside = await _beside_series(store)
    what = f"booking beside {AT_ONCE} clients with series of {DAYS} days, {name}"
    return [
        plain(f"series of {WEEKS}, {name}: calls on days not known yet", Figure(counted.calls, "")),
        at_most(f"series of {WEEKS}, {name}", ours, rival, 3),
        plain(what, _milliseconds(median(beside)), _milliseconds(median(alone), "alone")),
        plain(
            f"the slowest {what}", _milliseconds(max(beside)), _milliseconds(max(alone), "alone")
        ),
    ]


def _milliseconds(seconds: float, name: str = "") -> Figure:
    return Figure(1000 * seconds, "ms", name)


async def _one(book_it: Book, requests: Sequence[Request], number: int) -> None:
    await book_it(requests[number])


async def _beside_series(store: Store) -> tuple[list[float], list[float]]:
    """Return the seconds of bookings alone, then beside series of the same days."""
    coordinator = Coordinator(store, SECONDS, _jitter())
    bookings = _bookings("stream")
    alone = [await _booked(coordinator, next(bookings)) for _ in range(BOOKINGS)]
    slots = count()
    stop = asyncio.Event()
    stream = [asyncio.create_task(_stream(coordinator, slots, stop)) for _ in range(AT_ONCE)]
    beside = [await _booked(coordinator, next(bookings)) for _ in range(BOOKINGS)]
    stop.set()
    await asyncio.gather(*stream)
    return alone, beside


async def _stream(coordinator: Coordinator, slots: Iterator[int], stop: asyncio.Event) -> None:
    """Book one series after the other, each a day later than the last one, of some client."""
    while not stop.is_set():
        number = next(slots)
        shifted = FIRST_DAY + timedelta(days=number % 7)
        request = _series("stream", number % 200, DAYS, 1, shifted)
        # Once all times of its days are taken, a series is refused, which costs no less.
        await coordinator.run(request.command)


async def _booked(coordinator: Coordinator, command: Command) -> float:
    """Book, and return how many seconds it took."""
    started = perf_counter()
    outcome = await coordinator.run(command)
    if not isinstance(outcome, Accepted | BookedSeries):
        raise SystemExit(f"refused: {outcome}")
    return perf_counter() - started


# Ways of booking a series


async def _book_series(coordinator: Coordinator, request: Request) -> None:
    await _booked(coordinator, request.command)


def _bare_commit(client: AsyncClient) -> Book:
    """Write an entry on each day, in documents that are there or not, in one commit."""

    async def book_it(request: Request) -> None:
        batch = client.batch()
        for key, name, text in request.entries:
            day = client.document("doctors", key.doctor_id, "schedule", key.day.isoformat())
            batch.set(day, {"appointments": {name: text}}, merge=True)
        await batch.commit(retry=None, timeout=SECONDS)

    return book_it


def _bare_inserts(connection: sqlite3.Connection) -> Book:
    """Write a row for each day in one transaction, in the event loop."""
    insert = "INSERT INTO entries (since, doctor_id, day, id, body) VALUES (?, ?, ?, ?, ?)"

    async def book_it(request: Request) -> None:
        rows = [(0, k.doctor_id, k.day.isoformat(), name, t) for k, name, t in request.entries]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(insert, rows)
        connection.execute("COMMIT")

    return book_it


# Requests


def _jitter() -> Random:
    return Random(1)  # noqa: S311 - jitter is no secret


def _doctor(doctor_id: str) -> Doctor:
    week = "mon tue wed thu fri sat sun"
    return builders.doctor((("00:00", "24:00"),), days=week, doctor_id=doctor_id)


def _series(
    doctor_id: str, slot: int, occurrences: int, every: int, first: date = FIRST_DAY
) -> Request:
    """Return the request for a series whose number tells its time of day."""
    doctor = _doctor(doctor_id)
    name = series_id(doctor.id, f"{slot}")
    days = (first + timedelta(days=every * number) for number in range(occurrences))
    bookings = [_booking(doctor, day, slot, name) for day in days]
    occasions = tuple(
        Occasion(b.appointment.interval.start.replace(tzinfo=None), b) for b in bookings
    )
    series = Series(name, doctor.id, "", holder_of(name, None), NOW, ())
    request = SeriesRequest(series, occasions, all_or_nothing=True)
    entries = ((b.home, b.appointment.id, appointment_to_text(b.appointment)) for b in bookings)
    decide = partial(book_series, request=request, now=NOW)
    births = frozenset(ElsewhereKey(doctor.id, b.appointment.id) for b in bookings)
    return Request(Command(request.days, decide, NOW, name, ANYBODY, births), tuple(entries))


def _booking(doctor: Doctor, day: date, slot: int, series: str | None = None) -> Booking:
    start = instant(day) + slot * MINUTES
    appointment = new_appointment(DayKey(doctor.id, day), Interval(start, start + MINUTES), NOW)
    return Booking(doctor, appointment._replace(series_id=series), ANYBODY)


def _bookings(doctor_id: str) -> Iterator[Command]:
    """Yield requests for the last times of the days of the series, day by day."""
    doctor = _doctor(doctor_id)
    for number in count():
        day, slot = FIRST_DAY + timedelta(days=number % DAYS), 287 - number // DAYS
        booking = _booking(doctor, day, slot)
        births = frozenset({ElsewhereKey(doctor.id, booking.appointment.id)})
        decide = partial(book, booking=booking, now=NOW)
        name = booking.appointment.id
        yield Command(frozenset(booking.days), decide, NOW, name, ANYBODY, births)
