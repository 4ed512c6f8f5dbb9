"""`python -m shared.runtime.migrate` on PostgreSQL."""

import asyncio
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from shared.model.day import DayKey
from shared.runtime.migrate import main
from shared.settings import PostgresqlDatabase
from shared.store.port import DayWrite, Keys, Store, StoreRefused, VersionConflict, Writes
from shared.store.postgresql import schema
from shared.store.postgresql.schema import migrations, prepare
from tests.builders import appointment, key, schedule
from tests.end_to_end.processes import PATIENCE_SECONDS, PYTHON, environment
from tests.ports import HOST, free_port
from tests.postgresql_server import PostgresqlServer, opened
from tests.postgresql_users import address_of, ask_for_passwords, create_user

AT_ONCE = 8
UP_TO_DATE = "The tables are up to date; steps taken: {}\n"
STEPS = "SELECT done FROM schema_steps ORDER BY done"
OF_COMMITS = """
    ALTER TABLE doctor_days ADD COLUMN note text;
    ALTER TABLE entries ADD COLUMN note text;
    ALTER FUNCTION commit_documents RENAME TO commit_documents_of_before;
    CREATE FUNCTION commit_documents(jsonb, jsonb, jsonb, jsonb, jsonb, jsonb, jsonb)
    RETURNS bigint[] LANGUAGE sql
    RETURN commit_documents_of_before($1, $2, $3, $4, $5, $6, $7);
"""
"""What a next release might do to what every commit uses."""


@pytest.fixture
def empty(postgresql: PostgresqlServer) -> str:
    """The address of a database without tables."""
    return postgresql.new_database(template="template0")


def rows(address: str, query: str) -> list[object]:
    with psycopg.connect(address) as connection:
        return [value for (value,) in connection.execute(query.encode())]


def ended(capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    """Run the command; return its status, or why it failed, and what it printed."""
    with pytest.raises(SystemExit) as exit_:
        main()
    said = capsys.readouterr()
    assert said.err == ""
    return exit_.value.code, said.out


def test_it_makes_the_tables_and_the_second_time_nothing(
    empty: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STORE", empty)
    assert ended(capsys) == (0, UP_TO_DATE.format(len(migrations())))
    assert ended(capsys) == (0, UP_TO_DATE.format(0))
    assert rows(empty, "SELECT count(*) FROM entries") == [0]


def test_what_it_cannot_use_it_names_without_a_password(
    postgresql: PostgresqlServer,
    empty: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name, user = empty.rpartition("/")[2], f"user_{uuid4().hex}"
    create_user(postgresql, user, "s3cret")
    ask_for_passwords(postgresql, user)
    nobody = f"postgresql://ada:s3cret@{HOST}:{free_port()}/clinic"
    for address, reason in (
        (nobody, "Connection refused"),
        (address_of(postgresql, name, user, "s3cret?"), "password authentication failed"),
        (address_of(postgresql, name, user, "s3cret"), "permission denied for schema public"),
    ):
        monkeypatch.setenv("STORE", address)
        message, printed = ended(capsys)
        assert printed == ""
        assert isinstance(message, str)
        assert message.startswith("STORE: cannot use postgresql://")
        assert reason in message
        assert "s3cret" not in message
    assert rows(empty, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [0]


@contextmanager
def migrating(address: str, folder: Path) -> Iterator[list["subprocess.Popen[str]"]]:
    """Start several commands, and kill what is left of them."""
    command = [PYTHON, "-m", "shared.runtime.migrate"]
    variables = environment(folder, {"STORE": address})
    processes = [
        subprocess.Popen(  # noqa: S603 - our own command
            command,
            cwd=folder,
            env=variables,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for _ in range(AT_ONCE)
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_of_many_who_migrate_at_once_one_does_and_the_others_wait(
    empty: str, tmp_path: Path
) -> None:
    with psycopg.connect(empty) as first, migrating(empty, tmp_path) as processes:
        first.execute("SELECT pg_advisory_xact_lock(%s)", [schema._LOCK])  # noqa: SLF001
        wait_for_waiting(empty)
        first.rollback()
        said = sorted(process.communicate(timeout=PATIENCE_SECONDS)[0] for process in processes)
    done = UP_TO_DATE.format(len(migrations()))
    assert said == [UP_TO_DATE.format(0)] * (AT_ONCE - 1) + [done]
    assert rows(empty, STEPS) == list(range(1, len(migrations()) + 1))


def wait_for_waiting(address: str) -> None:
    """Return when all of them wait for the lock at the same time."""
    query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while rows(address, query) != [AT_ONCE]:
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


async def book(store: Store, day: DayKey, name: str, minute: int) -> bool:
    """Write another appointment into a day, unless somebody else was first."""
    start = f"{9 + minute // 60:02}:{minute % 60:02}"
    made = appointment(f"{day.day}T{start}Z", f"{day.day}T{start}:30Z", name)
    async with store.snapshot() as snapshot:
        read = (await snapshot.load(Keys(days=[day]))).days[day]
    entries = [*read.value.entries.values(), made]
    try:
        await store.commit(Writes([DayWrite(read, schedule(str(day.day), *entries))]))  # type: ignore[arg-type]
    except VersionConflict:
        return False
    return True


async def test_a_step_is_taken_under_instances_at_work(
    postgresql: PostgresqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of them stops: neither while the tables change, nor with those of the next release."""
    address = postgresql.new_database()
    store, day, booked = opened(address), key("2026-11-23"), list[str]()
    enough = asyncio.Event()

    async def book_on() -> None:
        for minute in range(400):
            name = f"a{minute}"
            while not await book(store, day, name, minute):
                pass
            booked.append(name)
            if enough.is_set():
                return

    working = asyncio.create_task(book_on())
    await until(lambda: len(booked) > 5, working)
    monkeypatch.setattr(schema, "migrations", lambda: [*migrations(), OF_COMMITS])
    assert await prepare(PostgresqlDatabase(address)) == 1
    at_step = len(booked)
    await until(lambda: len(booked) > at_step + 5, working)
    enough.set()
    await working
    async with store.snapshot() as snapshot:
        assert set((await snapshot.load(Keys(days=[day]))).days[day].value.entries) == set(booked)
    await store.close()
    assert rows(address, STEPS) == list(range(1, len(migrations()) + 2))
    # The release before finds a schema that is newer, and leaves it.
    monkeypatch.undo()
    assert await prepare(PostgresqlDatabase(address)) == 0


async def until(holds: Callable[[], bool], working: "asyncio.Task[None]") -> None:
    while not holds():
        assert not working.done(), working.exception()
        await asyncio.sleep(0.01)


async def test_a_database_that_cannot_hold_every_name_is_refused(
    postgresql: PostgresqlServer,
) -> None:
    address = postgresql.new_database(template="template0", options="ENCODING LATIN1 LOCALE 'C'")
    with pytest.raises(StoreRefused, match=r"LATIN1.* TEMPLATE template0 ENCODING 'UTF8'"):
        await prepare(PostgresqlDatabase(address))
    assert rows(address, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [0]


async def test_a_step_that_fails_changes_nothing(
    postgresql: PostgresqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = postgresql.new_database()
    failing = "ALTER TABLE entries ADD COLUMN note text; SELECT 1 / 0"
    monkeypatch.setattr(schema, "migrations", lambda: [*migrations(), failing])
    with pytest.raises(StoreRefused, match="division by zero"):
        await prepare(PostgresqlDatabase(address))
    store = opened(address)
    assert await book(store, key("2026-11-23"), "a", 0)
    await store.close()
    assert rows(address, STEPS) == list(range(1, len(migrations()) + 1))
