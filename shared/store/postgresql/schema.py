"""The tables, and how they are made and brought up to date."""

from importlib.resources import files

from psycopg import AsyncConnection

from shared.settings import PostgresqlDatabase
from shared.store.port import StoreRefused
from shared.store.postgresql.errors import translated_errors
from shared.store.postgresql.log_in import connect

_LOCK = 4_711_001
"""Names the lock that those who migrate take, in the database."""


def migrations() -> list[str]:
    """Return the steps, in order: each takes the schema from its place in this list to the next.

    A step must leave the functions that the release before it calls, since during a deployment
    instances of both are at work.
    """
    folder = files("shared.store.postgresql") / "migrations"
    return [file.read_text() for file in sorted(folder.iterdir(), key=lambda file: file.name)]


async def prepare(database: PostgresqlDatabase) -> int:
    """Make or upgrade the tables of a database; return how many steps that took.

    Raises StoreError if that is not possible; then nothing has changed.
    """
    with translated_errors():
        async with await connect(database) as connection:
            return await migrate(connection)


async def migrate(connection: AsyncConnection) -> int:
    """Take all steps that are missing, in one transaction; return how many those were.

    Whoever does the same at that moment waits, and then finds nothing left to do. A schema that is
    newer than this release stays as it is. Raises StoreRefused for an encoding that lacks letters.
    """
    _check_encoding(connection)
    steps = migrations()
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        await connection.execute("CREATE TABLE IF NOT EXISTS schema_steps (done integer NOT NULL)")
        cursor = await connection.execute("SELECT coalesce(max(done), 0) FROM schema_steps")
        (done,) = await cursor.fetchone() or (0,)
        for number, step in enumerate(steps[done:], done + 1):
            await connection.execute(step.encode())
            await connection.execute("INSERT INTO schema_steps VALUES (%s)", [number])
        await connection.execute("SELECT adopt_cluster()")
    return max(len(steps) - int(done), 0)


def _check_encoding(connection: AsyncConnection) -> None:
    found = connection.info.parameter_status("server_encoding")
    if found != "UTF8":
        advice = "create one with CREATE DATABASE ... TEMPLATE template0 ENCODING 'UTF8'"
        raise StoreRefused(f"the encoding of the database is {found}, not UTF8: {advice}")
