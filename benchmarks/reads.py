"""What reading costs in the store: lists and openings, and bare queries of the library.

All of it runs in one process, without HTTP, on Firestore. A bare query asks for a range of days of
a doctor, no more than the result depends on, and lets the library decode the documents.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import uvloop
from google.cloud.firestore import AsyncClient
from msgspec.structs import replace

from benchmarks.data import close_client, instant, new_appointment, store_days, working_days
from benchmarks.servers import new_project
from benchmarks.table import Figure, Row, at_most, plain
from benchmarks.timing import Way, medians, say
from shared.http.schemas.fields import LONGEST_DAYS
from shared.http.schemas.list_appointments import ListAppointments
from shared.http.schemas.list_openings import LONGEST_CALENDAR
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.queries.appointments import ListQuery, list_window
from shared.queries.openings import all_openings, first_openings
from shared.rules.openings import OpeningSearch
from shared.store.firestore.store import FirestoreStore
from tests import builders
from tests.firestore_emulator import emulated_store
from tests.store.contract.test_firestore_cost import Counting

OFTEN, SELDOM = 50, 12
"""How many times fast and slow reads are measured."""
WARM_UP = 5
DAYS_A_COMMIT = 50
SECONDS = 10.0

FIRST_DAY = date(2099, 1, 5)
MADE_AT = datetime(2098, 12, 1, 12, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
PER_DAY = 20  # Half an hour each: they fill the day from eight to six.
EIGHT_TO_SIX = (("08:00", "18:00"),)
WEEKDAYS = "mon tue wed thu fri"

LISTED_DAYS = working_days(FIRST_DAY, 52 * 5)
"""The working days of a year, which hold 5,200 appointments."""
YEAR = 52 * 7
DEFAULT_SIZE = ListAppointments.model_fields["page_size"].default
LARGEST_SIZE = 1000

BUSY = 18
"""Appointments of a busy day: the last hour is free."""
SIX_WEEKS = working_days(FIRST_DAY, LONGEST_CALENDAR // 7 * 5)
STEP = 15
STARTS_A_DAY = 3  # Of half an hour in an hour, on the quarters.

FULL_DAYS = (0, 30, 90, 365)
"""How many full days come before the first opening."""
MOST_READS_A_DAY = 4  # Up to the opening: the cost may only grow with the days.
DOCTORS = (1, 2, 50)
FULL_WEEK = 7


class Database(NamedTuple):
    """One database, through our store and through the library's client."""

    store: FirestoreStore
    client: AsyncClient


def rows() -> list[Row]:
    """Measure lists, all openings, then first openings of one doctor and of several."""
    return uvloop.run(_rows())


async def _rows() -> list[Row]:
    async with _database(["listed"], LISTED_DAYS) as database:
        table = await _lists(database)
    async with _database(["listed"], SIX_WEEKS, BUSY) as database:
        table.append(await _calendar(database))
    async with _database(["one"], _days_from(FIRST_DAY, max(FULL_DAYS))) as database:
        table += await _searches(database)
    busy = [f"busy{n}" for n in range(max(DOCTORS))]
    async with _database(busy, _days_from(FIRST_DAY, FULL_WEEK)) as database:
        table += await _searches_of_many(database, "free", 0)
        table += await _searches_of_many(database, "busy", FULL_WEEK)
    return table


# Lists


async def _lists(database: Database) -> list[Row]:
    table = []
    for name, days, size, found in (
        ("a day", 1, DEFAULT_SIZE, PER_DAY),
        ("a week", 7, DEFAULT_SIZE, 5 * PER_DAY),
        (f"a year, first page of {DEFAULT_SIZE}", YEAR, DEFAULT_SIZE, DEFAULT_SIZE),
        (f"a year, first page of {LARGEST_SIZE:,}", YEAR, LARGEST_SIZE, LARGEST_SIZE),
        (f"a year, all pages of {LARGEST_SIZE:,}", YEAR, LARGEST_SIZE, PER_DAY * len(LISTED_DAYS)),
    ):
        say(f"list: {name}")
        there = [day for day in LISTED_DAYS if day < FIRST_DAY + timedelta(days=days)]
        # A list reads one day more than it shows, to know whether another page follows.
        bare = _bare_queries(database, ["listed"], there[: found // PER_DAY + 1])
        times = OFTEN if found <= size else SELDOM
        pair = await _pair(_list(database.store, days, size, found), bare, times)
        table.append(at_most(f"list: {name}", *pair, 1.2))
    a_year = _list(database.store, YEAR, DEFAULT_SIZE, DEFAULT_SIZE)
    a_day = _list(database.store, 1, DEFAULT_SIZE, PER_DAY)
    pages = await _pair(a_year, a_day, OFTEN, "a day")
    return [*table, at_most("list: a year's first page against that of a day", *pages, 3)]


def _list(store: FirestoreStore, days: int, size: int, expected: int) -> Way:
    """Read pages at one instant until all appointments are found, each in its own snapshot."""
    window = Interval(instant(FIRST_DAY), instant(FIRST_DAY) + timedelta(days=days))
    query = ListQuery(_doctor("listed", WEEKDAYS), window, with_cancelled=False, size=size)

    async def read(_: int) -> None:
        found, position, read_at = 0, None, None
        while found < expected:
            async with store.snapshot(read_at) as snapshot:
                page = await list_window(snapshot, replace(query, after=position))
                read_at = await snapshot.instant()
            found, position = found + len(page.entries), page.next_position
        if found != expected:
            raise SystemExit(f"{found} appointments instead of {expected}")

    return read


# All openings


async def _calendar(database: Database) -> Row:
    """Measure six weeks of a doctor who is busy on every working day, on the usual grid."""
    name = f"list_openings: {LONGEST_CALENDAR} days, {BUSY} of {PER_DAY} half hours booked"
    say(name)
    window = Interval(instant(FIRST_DAY), instant(FIRST_DAY) + timedelta(days=LONGEST_CALENDAR))
    search = OpeningSearch(window, HALF_HOUR, window.start, STEP)
    asked = [_doctor("listed", WEEKDAYS)]

    async def read(_: int) -> None:
        async with database.store.snapshot() as snapshot:
            found = await all_openings(snapshot, asked, search)
        if len(found) != STARTS_A_DAY * len(SIX_WEEKS):
            raise SystemExit(f"{len(found)} openings instead of {STARTS_A_DAY} a day")

    bare = _bare_queries(database, ["listed"], SIX_WEEKS)
    return at_most(name, *await _pair(read, bare, OFTEN), 1.2)


# First openings


async def _searches(database: Database) -> list[Row]:
    """Measure one doctor; each search starts some full days before the first opening."""
    table = []
    for full in FULL_DAYS:
        name = f"first opening after {full} full days"
        say(name)
        days = _days_from(FIRST_DAY + timedelta(days=max(FULL_DAYS) - full), full + 1)
        ours = _first_opening(database.store, ["one"], days)
        pair = await _pair(ours, _bare_queries(database, ["one"], days), 2 * SELDOM)
        table.append(at_most(name, *pair, 2) if full == max(FULL_DAYS) else plain(name, *pair))
        if full:
            read = Figure(await _reads(database.store, ours), "documents read")
            table.append(at_most(name, read, Figure(len(days), "days"), MOST_READS_A_DAY))
    return table


async def _searches_of_many(database: Database, kind: str, full: int) -> list[Row]:
    """Measure several doctors at once, all with some full days before the first opening."""
    days = _days_from(FIRST_DAY, full + 1)
    one = _first_opening(database.store, [f"{kind}0"], days)
    table = []
    for count in DOCTORS:
        name = f"first opening after {full} full days, doctors: {count}"
        say(name)
        ids = [f"{kind}{n}" for n in range(count)]
        ours = _first_opening(database.store, ids, days)
        table.append(plain(name, *await _pair(ours, _bare_queries(database, ids, days), SELDOM)))
    return [*table, at_most(name, *await _pair(ours, one, SELDOM, "one doctor"), 3)]


def _first_opening(store: FirestoreStore, doctors: Sequence[str], days: Sequence[date]) -> Way:
    """Search for half an hour from the first of these days on; it must be on the last of them."""
    start = instant(days[0])
    search = OpeningSearch(Interval(start, start + timedelta(days=LONGEST_DAYS)), HALF_HOUR, start)
    asked = [_doctor(doctor_id) for doctor_id in doctors]

    async def read(_: int) -> None:
        async with store.snapshot() as snapshot:
            found = await first_openings(snapshot, asked, search, 1)
        (opening,) = found.openings
        if opening.interval.start.date() != days[-1]:
            raise SystemExit(f"{opening} instead of one on {days[-1]}")

    return read


async def _reads(store: FirestoreStore, way: Way) -> int:
    """Count the documents that are looked up, existing or not, or found by a query."""
    calls = store._calls()  # noqa: SLF001 - the only way to count calls
    counting = Counting(calls)
    store._connected = counting  # type: ignore[assignment] # noqa: SLF001
    await way(0)
    store._connected = calls  # noqa: SLF001
    return counting.cost.reads


# Two ways


def _bare_queries(database: Database, doctors: Sequence[str], days: Sequence[date]) -> Way:
    """Run one range query for each doctor, all at once."""

    async def query(doctor_id: str) -> None:
        collection = database.client.collection("doctors", doctor_id, "schedule")
        first, last = (collection.document(day.isoformat()) for day in (days[0], days[-1]))
        in_order = collection.order_by("__name__")
        asked = in_order.start_at({"__name__": first}).end_at({"__name__": last})
        async for document in asked.stream(retry=None, timeout=SECONDS):
            document.to_dict()

    async def query_all(_: int) -> None:
        await asyncio.gather(*map(query, doctors))

    return query_all


async def _pair(
    ours: Way, other: Way, times: int, name: str = "bare query"
) -> tuple[Figure, Figure]:
    seconds = await medians({"ours": ours, "other": other}, times, WARM_UP)
    return Figure(1000 * seconds["ours"], "ms"), Figure(1000 * seconds["other"], "ms", name)


# Full days


@asynccontextmanager
async def _database(
    doctors: Sequence[str], days: Sequence[date], count: int = PER_DAY
) -> AsyncIterator[Database]:
    """Open a new database in which these doctors have so many appointments on all these days."""
    project = new_project()
    store, client = emulated_store(project, SECONDS), AsyncClient(project=project)
    full = (_full_day(DayKey(doctor_id, day), count) for doctor_id in doctors for day in days)
    await store_days(store, full, DAYS_A_COMMIT)
    yield Database(store, client)
    await store.close()
    await close_client(client)


def _full_day(key: DayKey, count: int = PER_DAY) -> DaySchedule:
    starts = (instant(key.day, 8) + number * HALF_HOUR for number in range(count))
    times = (Interval(start, start + HALF_HOUR) for start in starts)
    return DaySchedule(key, tuple(new_appointment(key, time, MADE_AT) for time in times))


def _doctor(doctor_id: str, days: str = f"{WEEKDAYS} sat sun") -> Doctor:
    return builders.doctor(EIGHT_TO_SIX, days=days, doctor_id=doctor_id)


def _days_from(first: date, count: int) -> list[date]:
    return [first + timedelta(days=number) for number in range(count)]
