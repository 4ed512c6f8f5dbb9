"""What is SQLite's own: the file, other processes, and the event loop."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from shared.models import DaySchedule
from shared.sqlite_store import SqliteStore
from shared.store import DayWrite, Failed, Stored, Unavailable
from tests.builders import appointment, doctor, key, schedule

MONDAY = key("2026-11-23")
WRITE = DayWrite(Stored(DaySchedule(MONDAY), None), schedule("2026-11-23"))


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "appointments.db")


@pytest.fixture
async def store(path: str) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(path, busy_seconds=0.01)
    yield opened
    await opened.close()


@pytest.fixture
def letter(path: str) -> str:
    """A file of another kind where the database should be."""
    Path(path).write_text("to the clinic: a letter long enough to be no SQLite header\n" * 20)
    return path


def locked(path: str) -> "closing[sqlite3.Connection]":
    """The file, as another process holds it that is in the middle of writing."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN EXCLUSIVE")
    return closing(connection)


async def test_a_new_file_gets_the_doctors(store: SqliteStore) -> None:
    store.prepare([doctor()])
    assert await store.doctors() == [doctor()]


async def test_a_file_that_has_doctors_keeps_them(store: SqliteStore) -> None:
    store.prepare([doctor()])
    store.prepare([doctor(zone="Europe/Berlin"), doctor(doctor_id="who")])
    assert await store.doctors() == [doctor()]


async def test_commits_outlive_the_process_and_the_power(store: SqliteStore, path: str) -> None:
    await store.commit([WRITE], [])
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connections = [store._write_connection]  # noqa: SLF001 - the setting shows nowhere else
    assert [c and c.execute("PRAGMA synchronous").fetchone() for c in connections] == [(2,)]


async def test_a_file_that_another_process_holds_too_long_is_unavailable(
    store: SqliteStore, path: str
) -> None:
    await store.commit([], [])
    with locked(path), pytest.raises(Unavailable):
        await store.commit([WRITE], [])
    await store.commit([WRITE], [])


async def test_a_new_file_that_another_process_holds_is_unavailable(
    store: SqliteStore, path: str
) -> None:
    with locked(path), pytest.raises(Unavailable):
        await store.commit([WRITE], [])


async def test_waiting_for_another_process_does_not_hold_up_the_event_loop(path: str) -> None:
    patient = SqliteStore(path, busy_seconds=30)
    patient.prepare([])
    with locked(path) as rival:
        commit = asyncio.create_task(patient.commit([WRITE], []))
        async with patient.snapshot() as snapshot:
            state = await snapshot.load([MONDAY], [])
        assert (state.days[MONDAY].version, commit.done()) == (None, False)
        rival.execute("COMMIT")
        assert await commit == {MONDAY: 1}
    await patient.close()


@pytest.mark.usefixtures("letter")
async def test_a_file_that_is_no_database_fails(store: SqliteStore) -> None:
    with pytest.raises(Failed):
        await store.doctors()


async def test_a_file_of_a_newer_version_fails(store: SqliteStore, path: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(Failed, match="schema is version 2"):
        await store.commit([WRITE], [])


async def test_a_commit_that_fails_half_way_leaves_nothing_behind(
    store: SqliteStore, path: str
) -> None:
    await store.commit([], [])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TABLE days")
    with pytest.raises(Failed):
        await store.commit([WRITE], [])


async def test_a_commit_that_a_bug_ends_takes_no_acknowledged_one_with_it(
    store: SqliteStore,
) -> None:
    made = appointment("2026-11-24T09:00Z", "2026-11-24T10:00Z")
    unwritable = replace(made, reason=b"not a text")  # type: ignore[arg-type]
    tuesday, wednesday = key("2026-11-24"), key("2026-11-25")
    bug = DayWrite(Stored(DaySchedule(tuesday), None), DaySchedule(tuesday, (unwritable,)))
    good = DayWrite(Stored(DaySchedule(wednesday), None), DaySchedule(wednesday))
    disk_is_free = threading.Event()
    store._writing.submit(disk_is_free.wait)  # noqa: SLF001 - so that the three go together
    commits = asyncio.gather(
        *(store.commit([write], []) for write in (WRITE, good, bug)), return_exceptions=True
    )
    await asyncio.sleep(0)
    disk_is_free.set()
    results = await commits
    async with store.snapshot() as snapshot:
        state = await snapshot.load([MONDAY, tuesday, wednesday], [])
    acknowledged = [isinstance(result, dict) for result in results]
    stored = [state.days[day].version is not None for day in (MONDAY, wednesday, tuesday)]
    assert acknowledged == stored
    assert not stored[2]


async def test_a_commit_that_was_given_up_before_it_began_is_never_made(
    store: SqliteStore,
) -> None:
    disk_is_free = threading.Event()
    store._writing.submit(disk_is_free.wait)  # noqa: SLF001 - so that it cannot begin
    commit = asyncio.create_task(store.commit([WRITE], []))
    await asyncio.sleep(0)
    commit.cancel()
    await asyncio.wait([commit])
    disk_is_free.set()
    tuesday = key("2026-11-24")
    await store.commit([DayWrite(Stored(DaySchedule(tuesday), None), DaySchedule(tuesday))], [])
    async with store.snapshot() as snapshot:
        state = await snapshot.load([MONDAY, tuesday], [])
    assert [state.days[day].version for day in (MONDAY, tuesday)] == [None, 1]


async def test_a_snapshot_that_reads_nothing_costs_nothing(store: SqliteStore) -> None:
    async with store.snapshot():
        pass
    assert await store.read(lambda: list(store._idle)) == []  # noqa: SLF001 - nothing was opened


async def test_many_snapshots_at_once_share_a_few_connections(store: SqliteStore) -> None:
    async def read() -> None:
        async with store.snapshot() as snapshot:
            await snapshot.load([MONDAY], [])
            await snapshot.load([MONDAY], [])

    await asyncio.gather(*(read() for _ in range(200)))
    assert await store.read(lambda: len(store._idle)) == 16  # noqa: SLF001


async def test_expired_receipts_are_dropped_at_the_next_start(
    store: SqliteStore, path: str
) -> None:
    await store.commit([], [])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        rows = [("old", "2020-01-01T00:00:00Z", "{}"), ("new", "2999-01-01T00:00:00Z", "{}")]
        connection.executemany("INSERT INTO receipts VALUES (?, ?, ?)", rows)
        store.prepare([])
        assert connection.execute("SELECT key FROM receipts").fetchall() == [("new",)]


def test_many_who_make_the_same_new_file_at_once_all_succeed(path: str) -> None:
    errors: list[sqlite3.Error] = []
    together = threading.Barrier(12)

    def prepare() -> None:
        together.wait()
        try:
            SqliteStore(path).prepare([doctor()])
        except sqlite3.Error as error:
            errors.append(error)

    threads = [threading.Thread(target=prepare) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
