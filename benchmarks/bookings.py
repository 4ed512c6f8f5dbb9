"""What a booking costs in the store: `Coordinator.run`, and bare programs that do the same.

All of it runs in one process, without HTTP. All requests are made before the clock starts. Each
doctor-day is booked once as a warm-up, so every way of booking knows its days.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import uvloop
from google.cloud.firestore import AsyncClient, AsyncDocumentReference
from google.cloud.firestore_v1.field_path import FieldPath

from benchmarks.data import ON_DISK, close_client, instant, new_appointment, store_days, working_day
from benchmarks.rivals.main import book as book_in_transaction
from benchmarks.servers import new_project
from benchmarks.table import Figure, Row, at_least, at_most, faster, plain
from benchmarks.timing import Way, medians, say
from shared.access.caller import ANYBODY
from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.elsewhere import ElsewhereKey
from shared.model.interval import Interval
from shared.rules.availability import Booking
from shared.rules.booking import book
from shared.rules.outcomes import Accepted
from shared.store.appointment_documents import appointment_to_text
from shared.store.port import Store
from shared.store.sqlite.database import open_file
from shared.store.sqlite.store import SqliteStore
from shared.transactions.command import Command
from shared.transactions.coordinator import Coordinator
from tests import builders
from tests.firestore_emulator import emulated_store

ALONE_DAYS = 20
CROWDS = (16, 64)
CROWD_DAYS = 448
"""Doctor-days of a whole crowd: fewer than the document cache holds, as many for each client."""
SLOTS = 16
"""Bookings of half an hour on a day, from nine to five."""
FIRESTORE_ROUNDS = 9
SQLITE_ROUNDS = 5
SECONDS = 10.0

FEW, MANY = 15, 190
"""Appointments of five minutes that a day has already."""
FILLED_DAYS = 40

OURS, FLOOR, RIVAL = "", "bare commit", "async_transactional"
FIRST_DAY = date(2099, 1, 5)
HALF_HOUR, FIVE_MINUTES = timedelta(minutes=30), timedelta(minutes=5)
AROUND_THE_CLOCK = (("00:00", "24:00"),)
NOW = datetime(2098, 12, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Request:
    """A request to book, in the form that each way of booking needs."""

    command: Command
    key: DayKey
    appointment: Appointment
    text: str


Book = Callable[[Request], Awaitable[object]]


def rows() -> list[Row]:
    """Measure one client, then many at once; on Firestore, then on SQLite."""
    return [*uvloop.run(_on_firestore()), *uvloop.run(_on_sqlite())]


async def _on_firestore() -> list[Row]:
    """Measure three ways, each in a database of its own."""
    store = emulated_store(new_project(), SECONDS)
    clients = [AsyncClient(project=new_project()) for _ in range(2)]
    books = {
        OURS: coordinator(store),
        FLOOR: _bare_commits(clients[0]),
        RIVAL: _locking_transactions(clients[1]),
    }
    one = await alone(books)
    what = "create on Firestore, one client, warm day, store part"
    table = [at_most(what, one[OURS], one[FLOOR], 1.15)]
    table.append(faster(what, one[OURS], one[RIVAL], 2))
    for crowd in CROWDS:
        say(f"bookings on Firestore, {crowd} clients")
        rates = await crowd_rates(books, crowd, FIRESTORE_ROUNDS)
        what = f"create on Firestore, {crowd} clients over {CROWD_DAYS} days"
        table.append(at_least(f"{what}, store part", rates[OURS], rates[FLOOR], 0.85))
        table.append(plain(what, rates[OURS], rates[RIVAL]))
    await store.close()
    for client in clients:
        await close_client(client)
    return table


async def _on_sqlite() -> list[Row]:
    """Measure two files on the same disk; both sync their log at every commit."""
    with TemporaryDirectory(dir=ON_DISK) as folder:
        store = SqliteStore(str(Path(folder, "ours.db")))
        with closing(open_file(str(Path(folder, "bare.db")), SECONDS)) as connection:
            books = {OURS: coordinator(store), FLOOR: _bare_inserts(connection)}
            one = await alone(books)
            what = "create on SQLite, one client, store part"
            table = [plain(what, one[OURS], one[FLOOR])]
            for crowd in CROWDS:
                say(f"bookings on SQLite, {crowd} clients")
                rates = await crowd_rates(books, crowd, SQLITE_ROUNDS)
                what = f"create on SQLite, {crowd} clients over {CROWD_DAYS} days, store part"
                table.append(at_least(what, rates[OURS], rates[FLOOR], 0.85))
            table.append(await _full_days(store))
        await store.close()
    return table


# Measuring


async def _full_days(store: Store) -> Row:
    """Compare bookings on days that have many appointments and on days that have few."""
    say("bookings on full days")
    booking, ways = coordinator(store), dict[str, Way]()
    for there in (FEW, MANY):
        filled = [_filled_day(f"with{there}", number, there) for number in range(FILLED_DAYS)]
        await store_days(store, filled, FILLED_DAYS)
        # The first booking of a day is the warm-up: it reads the day.
        slots = [(there + turn, number) for turn in range(2) for number in range(FILLED_DAYS)]
        requests = [_five_minutes(f"with{there}", number, slot) for slot, number in slots]
        ways[str(there)] = partial(_book_one, booking, requests)
    seconds = await medians(ways, FILLED_DAYS, warm_up=FILLED_DAYS)
    few, many = (Figure(1000 * seconds[str(n)], "ms", f"{n} there") for n in (FEW, MANY))
    return at_most(f"create on SQLite, a day with {MANY} appointments", many, few, 1.5)


async def alone(books: Mapping[str, Book]) -> dict[str, Figure]:
    """Return the milliseconds of one booking, by one client who goes from day to day."""
    say("bookings, one client")
    days = [requests_of("alone", number) for number in range(ALONE_DAYS)]
    in_turn = [request for same_time in zip(*days, strict=True) for request in same_time]
    ways = {name: partial(_book_one, book, in_turn) for name, book in books.items()}
    seconds = await medians(ways, len(in_turn) - ALONE_DAYS, warm_up=ALONE_DAYS)
    return {name: Figure(1000 * taken, "ms", name) for name, taken in seconds.items()}


async def _book_one(book: Book, requests: Sequence[Request], number: int) -> None:
    await book(requests[number])


async def crowd_rates(books: Mapping[str, Book], crowd: int, rounds: int) -> dict[str, Figure]:
    """Return the bookings per second of a crowd that books once on each day in every round.

    Each client has days of its own, and waits for each response before the next request.
    """
    days = range(CROWD_DAYS // crowd)
    clients = [[requests_of(f"crowd{crowd}-{n}", day) for day in days] for n in range(crowd)]
    ways = {name: _crowd(book, clients) for name, book in books.items()}
    seconds = await medians(ways, rounds, warm_up=1)
    return {name: Figure(CROWD_DAYS / taken, "/s", name) for name, taken in seconds.items()}


def _crowd(book: Book, clients: Sequence[Sequence[Sequence[Request]]]) -> Way:
    async def client(days: Sequence[Sequence[Request]], number: int) -> None:
        for requests in days:
            await book(requests[number])

    async def round_of_all(number: int) -> None:
        await asyncio.gather(*(client(days, number) for days in clients))

    return round_of_all


# Ways of booking


def coordinator(store: Store) -> Book:
    """Book as a function does, between reading its request and rendering its response."""
    transactions = Coordinator(store, SECONDS, Random(1))  # noqa: S311 - jitter

    async def book_it(request: Request) -> None:
        outcome = await transactions.run(request.command)
        if not isinstance(outcome, Accepted):
            raise SystemExit(f"refused: {outcome}")

    return book_it


def _bare_commits(client: AsyncClient) -> Book:
    """Book by one commit of one entry, on the update time that the last commit returned."""
    known: dict[DayKey, tuple[AsyncDocumentReference, datetime]] = {}

    async def book_it(request: Request) -> None:
        batch = client.batch()
        if request.key in known:
            day, version = known[request.key]
            field = FieldPath("appointments", request.appointment.id).to_api_repr()
            option = client.write_option(last_update_time=version)
            batch.update(day, {field: request.text}, option=option)
        else:
            day = _reference(client, request.key)
            batch.create(day, {"appointments": {request.appointment.id: request.text}})
        (result,) = await batch.commit(retry=None, timeout=SECONDS)
        known[request.key] = day, result.update_time

    return book_it


def _locking_transactions(client: AsyncClient) -> Book:
    """Book in a transaction of the library: read the day, look for an overlap, write it back."""

    async def book_it(request: Request) -> None:
        start, end = request.appointment.interval
        fields = {"start": start, "end": end, "patient": {"name": request.appointment.patient.name}}
        day = _reference(client, request.key)
        if conflicts := await book_in_transaction(client.transaction(), day, fields):
            raise SystemExit(f"refused: {conflicts}")

    return book_it


def _bare_inserts(connection: sqlite3.Connection) -> Book:
    """Book by one row in a transaction of its own, written in the event loop."""
    insert = "INSERT INTO entries (since, doctor_id, day, id, body) VALUES (?, ?, ?, ?, ?)"

    async def book_it(request: Request) -> None:
        key = request.key
        row = (0, key.doctor_id, key.day.isoformat(), request.appointment.id, request.text)
        connection.execute(insert, row)

    return book_it


def _reference(client: AsyncClient, key: DayKey) -> AsyncDocumentReference:
    return client.document("doctors", key.doctor_id, "schedule", key.day.isoformat())


# Requests


def requests_of(doctor_id: str, number: int) -> list[Request]:
    """Return requests for all times of a working day, in order; FIRST_DAY is number 0."""
    return [request_of(doctor_id, number, slot) for slot in range(SLOTS)]


def request_of(doctor_id: str, number: int, slot: int) -> Request:
    """Return the request for one of these times."""
    start = instant(working_day(FIRST_DAY, number), 9) + slot * HALF_HOUR
    return _request(_doctor(doctor_id), Interval(start, start + HALF_HOUR))


def _five_minutes(doctor_id: str, number: int, slot: int) -> Request:
    start = instant(working_day(FIRST_DAY, number)) + slot * FIVE_MINUTES
    return _request(_doctor(doctor_id, AROUND_THE_CLOCK), Interval(start, start + FIVE_MINUTES))


def _filled_day(doctor_id: str, number: int, there: int) -> DaySchedule:
    requests = [_five_minutes(doctor_id, number, slot) for slot in range(there)]
    return DaySchedule(requests[0].key, tuple(request.appointment for request in requests))


def _request(doctor: Doctor, interval: Interval) -> Request:
    key = DayKey(doctor.id, interval.start.date())
    appointment = new_appointment(key, interval, NOW)
    decide = partial(book, booking=Booking(doctor, appointment, ANYBODY), now=NOW)
    births = frozenset({ElsewhereKey(doctor.id, appointment.id)})
    command = Command(frozenset({key}), decide, NOW, appointment.id, ANYBODY, births)
    return Request(command, key, appointment, appointment_to_text(appointment))


@cache
def _doctor(doctor_id: str, hours: builders.Hours = builders.NINE_TO_FIVE) -> Doctor:
    return builders.doctor(hours, doctor_id=doctor_id)
