"""What a booking costs in PostgreSQL: `Coordinator.run`, and what is bound to be done for it.

Without HTTP, as in `bookings`, each way in a database of its own on one server, whose log is synced
at every commit.
"""

import uvloop
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from benchmarks.bookings import (
    CROWD_DAYS,
    CROWDS,
    FLOOR,
    OURS,
    Book,
    Request,
    alone,
    coordinator,
    crowd_rates,
)
from benchmarks.data import ON_DISK, next_monday, working_days
from benchmarks.hot_day import CROWD, RUNS, all_booked_row, each_of, instances, sent, slots
from benchmarks.servers import load_doctors
from benchmarks.table import Row, at_least, at_most, faster, plain
from benchmarks.timing import say
from shared.model.day import DayKey
from tests.postgresql_server import PostgresqlServer, opened, running_server

CONNECTIONS = 8
ROUNDS = 9
SECONDS = 10.0
RIVAL = "SELECT FOR UPDATE"

_TABLES = """
    CREATE TABLE bare_days (
        doctor_id text, day date, version bigint, PRIMARY KEY (doctor_id, day)
    );

    CREATE TABLE bare_entries (
        doctor_id text, day date, id text, first timestamptz, last timestamptz, body text,
        PRIMARY KEY (doctor_id, day, id)
    )
"""
_CREATE = """
    WITH day AS (
        INSERT INTO bare_days VALUES (%(doctor)s, %(day)s, 1) RETURNING version
    )
    INSERT INTO bare_entries (doctor_id, day, id, body)
    SELECT %(doctor)s, %(day)s, %(id)s, %(body)s FROM day RETURNING 1
"""
_ADD = """
    WITH day AS (
        UPDATE bare_days SET version = version + 1
        WHERE doctor_id = %(doctor)s AND day = %(day)s AND version = %(read)s RETURNING version
    )
    INSERT INTO bare_entries (doctor_id, day, id, body)
    SELECT %(doctor)s, %(day)s, %(id)s, %(body)s FROM day RETURNING 1
"""
_LOCK = "SELECT 1 FROM bare_days WHERE doctor_id = %(doctor)s AND day = %(day)s FOR UPDATE"
_NEW_DAY = "INSERT INTO bare_days VALUES (%(doctor)s, %(day)s, 1) ON CONFLICT DO NOTHING"
_OVERLAP = """
    SELECT 1 FROM bare_entries
    WHERE doctor_id = %(doctor)s AND day = %(day)s AND first < %(end)s AND %(start)s < last
"""
_INSERT = """
    INSERT INTO bare_entries VALUES (%(doctor)s, %(day)s, %(id)s, %(start)s, %(end)s, %(body)s)
"""

Pool = AsyncConnectionPool[AsyncConnection]


def rows() -> list[Row]:
    """Measure one client, then many at once."""
    with running_server(ON_DISK, fsync="on") as server:
        return [*uvloop.run(_rows(server)), *_hot_day(server)]


def _hot_day(server: PostgresqlServer) -> list[Row]:
    """Let a crowd book the free slots of one day, as in `hot_day`."""
    settings = {"STORE": server.new_database()}
    load_doctors(settings)
    with instances(settings) as urls:
        days = working_days(next_monday(), RUNS)
        crowds = [sent(urls, slots(day), "free slots of one day, PostgreSQL") for day in days]
    what = f"{CROWD} on PostgreSQL"
    booked = all_booked_row(f"{what}, each wants another slot", crowds)
    return [booked, plain(f"{what}, one booking", each_of(crowds))]


async def _rows(server: PostgresqlServer) -> list[Row]:
    store = opened(server.new_database(), SECONDS, CONNECTIONS)
    async with _pool(server) as bare, _pool(server) as locking:
        books = {
            OURS: coordinator(store),
            FLOOR: await _bare_commits(bare),
            RIVAL: await _locking_transactions(locking),
        }
        one = await alone(books)
        what = "create on PostgreSQL, one client, warm day, store part"
        table = [at_most(what, one[OURS], one[FLOOR], 1.15)]
        table.append(faster(what, one[OURS], one[RIVAL], 1))
        for crowd in CROWDS:
            say(f"bookings on PostgreSQL, {crowd} clients")
            rates = await crowd_rates(books, crowd, ROUNDS)
            what = f"create on PostgreSQL, {crowd} clients over {CROWD_DAYS} days"
            table.append(at_least(f"{what}, store part", rates[OURS], rates[FLOOR], 0.85))
            table.append(plain(what, rates[OURS], rates[RIVAL]))
        await store.close()
    return table


def _pool(server: PostgresqlServer) -> Pool:
    options = {"autocommit": True, "prepare_threshold": None}
    address = server.new_database()
    return AsyncConnectionPool(address, kwargs=options, max_size=CONNECTIONS, open=False)


async def _bare_commits(pool: Pool) -> Book:
    """Book by one statement, on the version that the last one left."""
    await _create_tables(pool)
    known = dict[DayKey, int]()

    async def book_it(request: Request) -> None:
        version = known.get(request.key)
        asked = {**_asked(request), "read": version}
        async with pool.connection() as connection:
            cursor = await connection.execute(_ADD if version else _CREATE, asked)
            if not await cursor.fetchall():
                raise SystemExit(f"{request.key} was not as it was left")
        known[request.key] = (version or 0) + 1

    return book_it


async def _locking_transactions(pool: Pool) -> Book:
    """Book as textbooks do: lock the day, look for an overlap, insert."""
    await _create_tables(pool)

    async def book_it(request: Request) -> None:
        asked = _asked(request)
        async with pool.connection() as connection, connection.transaction():
            cursor = await connection.execute(_LOCK, asked)
            if not await cursor.fetchall():
                await connection.execute(_NEW_DAY, asked)
                await connection.execute(_LOCK, asked)
            cursor = await connection.execute(_OVERLAP, asked)
            if await cursor.fetchall():
                raise SystemExit(f"{request.key} was not free")
            await connection.execute(_INSERT, asked)

    return book_it


async def _create_tables(pool: Pool) -> None:
    async with pool.connection() as connection:
        await connection.execute(_TABLES)


def _asked(request: Request) -> dict[str, object]:
    start, end = request.appointment.interval
    key = request.key
    return {
        "doctor": key.doctor_id,
        "day": key.day,
        "start": start,
        "end": end,
        "id": request.appointment.id,
        "body": request.text,
    }
