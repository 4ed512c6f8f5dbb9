"""What a booking costs in the store: `Transactions.run` beside bare programs that do the same.

All of it is in one process, without HTTP. What a way of booking begins with is made beforehand,
and each doctor-day has been booked once before anything is measured, as every way knows its days.
"""

import asyncio
import os
import secrets
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import uvloop
from google.cloud.firestore import AsyncClient, AsyncDocumentReference
from google.cloud.firestore_v1.field_path import FieldPath

from benchmarks.rivals.main import book as book_in_transaction
from benchmarks.table import Figure, Row, at_least, at_most, faster, plain
from benchmarks.timing import Way, medians, say
from shared.model.appointment import Appointment, Patient
from shared.model.appointment_id import appointment_id
from shared.model.day import DayKey
from shared.model.doctor import Doctor, WorkingHours
from shared.model.interval import Interval
from shared.rules.booking import Booking, book
from shared.rules.outcomes import Accepted
from shared.store.documents import entry_to_text
from shared.store.port import Store
from shared.store.sqlite.database import open_file
from shared.store.sqlite.store import SqliteStore
from shared.transactions.command import Command
from shared.transactions.coordinator import Coordinator
from tests.firestore_emulator import emulated_store

ALONE_DAYS = 20
CROWDS = (16, 64)
CROWD_DAYS = 448
"""Doctor-days of a whole crowd: fewer than an instance remembers, the same for each client."""
SLOTS = 16
"""Bookings of a day, half an hour each, from nine to five."""
FIRESTORE_ROUNDS = 9
SQLITE_ROUNDS = 5
SECONDS = 10.0

OURS, FLOOR, RIVAL = "", "bare commit", "async_transactional"
ON_DISK = "/var/tmp"  # noqa: S108 - where /tmp may be memory, which has nothing to sync
FIRST_DAY = date(2099, 1, 5)
NOW = datetime(2098, 12, 1, 12, tzinfo=UTC)
NINE_TO_FIVE = (WorkingHours(9 * 60, 17 * 60),)


@dataclass(frozen=True, slots=True)
class Wish:
    """One booking, in the form that each way begins with."""

    command: Command
    key: DayKey
    appointment: Appointment
    text: str


Book = Callable[[Wish], Awaitable[object]]


def rows(emulator: str) -> list[Row]:
    """One client, then many at once; on Firestore, then on SQLite."""
    os.environ["FIRESTORE_EMULATOR_HOST"] = emulator
    return [*uvloop.run(_on_firestore()), *uvloop.run(_on_sqlite())]


async def _on_firestore() -> list[Row]:
    """The three ways, each in a database of its own."""
    store = emulated_store(_new_project(), SECONDS)
    clients = [AsyncClient(project=_new_project()) for _ in range(2)]
    books = {
        OURS: _transactions(store),
        FLOOR: _bare_commits(clients[0]),
        RIVAL: _locking_transactions(clients[1]),
    }
    alone = await _alone(books)
    what = "create on Firestore, one client, warm day, store part"
    table = [at_most(what, alone[OURS], alone[FLOOR], 1.15)]
    table.append(faster(what, alone[OURS], alone[RIVAL], 2))
    for crowd in CROWDS:
        say(f"bookings on Firestore, {crowd} clients")
        rates = await _crowd_rates(books, crowd, FIRESTORE_ROUNDS)
        what = f"create on Firestore, {crowd} clients over {CROWD_DAYS} days"
        table.append(at_least(f"{what}, store part", rates[OURS], rates[FLOOR], 0.85))
        table.append(plain(what, rates[OURS], rates[RIVAL]))
    await store.close()
    for client in clients:
        await client._firestore_api.transport.close()  # noqa: SLF001 - no public way
    return table


async def _on_sqlite() -> list[Row]:
    """Two files on the same disk, both with a log that is synced at every commit."""
    with TemporaryDirectory(dir=ON_DISK) as folder:
        store = SqliteStore(str(Path(folder, "ours.db")))
        with closing(open_file(str(Path(folder, "bare.db")), SECONDS)) as connection:
            books = {OURS: _transactions(store), FLOOR: _bare_inserts(connection)}
            alone = await _alone(books)
            what = "create on SQLite, one client, store part"
            table = [plain(what, alone[OURS], alone[FLOOR])]
            for crowd in CROWDS:
                say(f"bookings on SQLite, {crowd} clients")
                rates = await _crowd_rates(books, crowd, SQLITE_ROUNDS)
                what = f"create on SQLite, {crowd} clients over {CROWD_DAYS} days, store part"
                table.append(at_least(what, rates[OURS], rates[FLOOR], 0.85))
        await store.close()
    return table


# Measuring


async def _alone(books: Mapping[str, Book]) -> dict[str, Figure]:
    """Milliseconds of one booking, by one client who goes from day to day."""
    say("bookings, one client")
    days = [_wishes("alone", number) for number in range(ALONE_DAYS)]
    plan = [wish for same_time in zip(*days, strict=True) for wish in same_time]
    ways = {name: partial(_book_one, book, plan) for name, book in books.items()}
    seconds = await medians(ways, len(plan) - ALONE_DAYS, warm_up=ALONE_DAYS)
    return {name: Figure(1000 * taken, "ms", name) for name, taken in seconds.items()}


async def _book_one(book: Book, plan: Sequence[Wish], number: int) -> None:
    await book(plan[number])


async def _crowd_rates(books: Mapping[str, Book], crowd: int, rounds: int) -> dict[str, Figure]:
    """Bookings per second of a crowd that books once on each of its days in every round.

    Each client has days of its own, and books on the next when the last is answered.
    """
    days = range(CROWD_DAYS // crowd)
    clients = [[_wishes(f"crowd{crowd}-{n}", day) for day in days] for n in range(crowd)]
    ways = {name: _crowd(book, clients) for name, book in books.items()}
    seconds = await medians(ways, rounds, warm_up=1)
    return {name: Figure(CROWD_DAYS / taken, "/s", name) for name, taken in seconds.items()}


def _crowd(book: Book, clients: Sequence[Sequence[Sequence[Wish]]]) -> Way:
    async def client(days: Sequence[Sequence[Wish]], number: int) -> None:
        for wishes in days:
            await book(wishes[number])

    async def round_of_all(number: int) -> None:
        await asyncio.gather(*(client(days, number) for days in clients))

    return round_of_all


# Ways of booking


def _transactions(store: Store) -> Book:
    """What a function does between reading a request and answering it."""
    transactions = Coordinator(store, SECONDS, Random(1))  # noqa: S311 - jitter

    async def book_it(wish: Wish) -> None:
        outcome = await transactions.run(wish.command)
        if not isinstance(outcome, Accepted):
            raise SystemExit(f"refused: {outcome}")

    return book_it


def _bare_commits(client: AsyncClient) -> Book:
    """One `Commit` of one entry, on the update time that the last one returned."""
    known: dict[DayKey, tuple[AsyncDocumentReference, datetime]] = {}

    async def book_it(wish: Wish) -> None:
        batch = client.batch()
        if wish.key in known:
            day, version = known[wish.key]
            field = FieldPath("appointments", wish.appointment.id).to_api_repr()
            option = client.write_option(last_update_time=version)
            batch.update(day, {field: wish.text}, option=option)
        else:
            day = _reference(client, wish.key)
            batch.create(day, {"appointments": {wish.appointment.id: wish.text}})
        (result,) = await batch.commit(retry=None, timeout=SECONDS)
        known[wish.key] = day, result.update_time

    return book_it


def _locking_transactions(client: AsyncClient) -> Book:
    """Read the day in a transaction of the library, look for an overlap, write it back."""

    async def book_it(wish: Wish) -> None:
        start, end = wish.appointment.interval
        fields = {"start": start, "end": end, "patient": {"name": wish.appointment.patient.name}}
        day = _reference(client, wish.key)
        if conflicts := await book_in_transaction(client.transaction(), day, fields):
            raise SystemExit(f"refused: {conflicts}")

    return book_it


def _bare_inserts(connection: sqlite3.Connection) -> Book:
    """One row in a transaction of its own, written without leaving the event loop."""
    insert = "INSERT INTO appointments (since, doctor_id, day, id, body) VALUES (?, ?, ?, ?, ?)"

    async def book_it(wish: Wish) -> None:
        key = wish.key
        row = (0, key.doctor_id, key.day.isoformat(), wish.appointment.id, wish.text)
        connection.execute(insert, row)

    return book_it


def _reference(client: AsyncClient, key: DayKey) -> AsyncDocumentReference:
    return client.document("doctors", key.doctor_id, "days", key.day.isoformat())


# What is booked


def _wishes(doctor_id: str, day: int) -> list[Wish]:
    """All bookings of one working day, counted from the first, in order of time."""
    working_day = FIRST_DAY + timedelta(weeks=day // 5, days=day % 5)
    nine = datetime.combine(working_day, time(9), UTC)
    return [_wish(_doctor(doctor_id), nine + slot * timedelta(minutes=30)) for slot in range(SLOTS)]


def _wish(doctor: Doctor, start: datetime) -> Wish:
    key = DayKey(doctor.id, start.date())
    name = appointment_id(key, secrets.token_hex(12))
    interval = Interval(start, start + timedelta(minutes=30))
    appointment = Appointment(name, doctor.id, interval, Patient("Ada Lovelace"), NOW, NOW)
    decide = partial(book, booking=Booking(doctor, appointment), now=NOW)
    command = Command(frozenset({key}), decide, NOW, name)
    return Wish(command, key, appointment, entry_to_text(name, appointment))


@cache
def _doctor(doctor_id: str) -> Doctor:
    return Doctor(doctor_id, "Doctor Strange", ZoneInfo("UTC"), (*[NINE_TO_FIVE] * 5, (), ()))


def _new_project() -> str:
    """In the emulator, each project has a database of its own."""
    return f"demo-{secrets.token_hex(6)}"
