"""What is SQLite's own: the file, other processes, and the event loop."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shared.model.appointment import Appointment
from shared.model.day import DaySchedule
from shared.store.port import DayWrite, SnapshotExpired, Stored, StoreRefused, StoreUnavailable
from shared.store.sqlite.store import SqliteStore
from tests.builders import appointment, at, doctor, key, schedule

MONDAY = key("2026-11-23")
WRITE = DayWrite(Stored(DaySchedule(MONDAY), None), schedule("2026-11-23"))
EARLY = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "early")
LATE = appointment("2026-11-23T16:00Z", "2026-11-23T17:00Z", "late")
TWO_HOURS = 2 * 60 * 60 * 1_000_000
"""In microseconds, in which the file counts."""

VERSION_1 = """
    CREATE TABLE doctors (id TEXT PRIMARY KEY, body TEXT NOT NULL);
    CREATE TABLE days (
        doctor_id TEXT, day TEXT, version INTEGER NOT NULL,
        PRIMARY KEY (doctor_id, day)
    ) WITHOUT ROWID;
    CREATE TABLE appointments (
        doctor_id TEXT, day TEXT, id TEXT, body TEXT NOT NULL,
        PRIMARY KEY (doctor_id, day, id)
    ) WITHOUT ROWID;
    CREATE TABLE receipts (
        key TEXT PRIMARY KEY, expires_at TEXT NOT NULL, body TEXT NOT NULL
    );
    INSERT INTO days VALUES ('strange', '2026-11-23', 7);
    INSERT INTO appointments VALUES (
        'strange', '2026-11-23', 'early',
        '{"id":"early","start":"2026-11-23T09:00:00Z","end":"2026-11-23T09:30:00Z",\
"patient":{"name":"Ada Lovelace"},"created_at":"2026-01-01T00:00:00Z",\
"updated_at":"2026-01-01T00:00:00Z"}'
    );
    PRAGMA user_version = 1
"""
"""A file as the first release left it, with `EARLY`."""


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


@pytest.fixture
def file_of_version_1(path: str) -> str:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1)
    return path


async def load(store: SqliteStore) -> Stored[DaySchedule]:
    """Monday."""
    async with store.snapshot() as snapshot:
        return (await snapshot.load([MONDAY], [])).days[MONDAY]


async def put(store: SqliteStore, *appointments: Appointment) -> datetime:
    """Put these on Monday in place of all others; the instant from which on they are there."""
    await store.commit([DayWrite(await load(store), schedule("2026-11-23", *appointments))], [])
    return await instant_of(store)


async def instant_of(store: SqliteStore) -> datetime:
    """The instant of a view of now."""
    async with store.snapshot() as snapshot:
        return await snapshot.instant()


async def ids_at(store: SqliteStore, instant: datetime) -> list[str]:
    """What was on Monday at an instant."""
    async with store.snapshot(instant) as snapshot:
        days = [day async for day in snapshot.scan("strange", MONDAY.day, MONDAY.day)]
    return [a.id for day in days for a in day.appointments]


def query(path: str, statement: str, *values: object) -> list[tuple[object, ...]]:
    """What another program would be told."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(statement, values).fetchall()


def all_at_once(prepare: Callable[[], None], times: int = 12) -> list[sqlite3.Error]:
    """The errors of as many threads that prepare a file in the same moment."""
    errors: list[sqlite3.Error] = []
    together = threading.Barrier(times)

    def run() -> None:
        together.wait()
        try:
            prepare()
        except sqlite3.Error as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


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
    with locked(path), pytest.raises(StoreUnavailable):
        await store.commit([WRITE], [])
    await store.commit([WRITE], [])


async def test_a_new_file_that_another_process_holds_is_unavailable(
    store: SqliteStore, path: str
) -> None:
    with locked(path), pytest.raises(StoreUnavailable):
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
    with pytest.raises(StoreRefused):
        await store.doctors()


async def test_a_file_of_a_newer_version_fails(store: SqliteStore, path: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 4")
    with pytest.raises(StoreRefused, match="schema is version 4, this program knows up to 3"):
        await store.commit([WRITE], [])


async def test_a_commit_that_fails_half_way_leaves_nothing_behind(
    store: SqliteStore, path: str
) -> None:
    await store.commit([], [])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TABLE days")
    with pytest.raises(StoreRefused):
        await store.commit([WRITE], [])


async def test_a_commit_that_a_bug_ends_takes_no_acknowledged_one_with_it(
    store: SqliteStore,
) -> None:
    made = appointment("2026-11-24T09:00Z", "2026-11-24T10:00Z")
    unwritable = made._replace(reason=object())  # type: ignore[arg-type]
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
    assert store._connections._idle == []  # noqa: SLF001 - nothing was opened


async def test_many_snapshots_at_once_share_a_few_connections(store: SqliteStore) -> None:
    async def read() -> None:
        async with store.snapshot() as snapshot:
            await snapshot.load([MONDAY], [])
            await asyncio.sleep(0)
            await snapshot.load([MONDAY], [])

    await asyncio.gather(*(read() for _ in range(200)))
    assert len(store._connections._idle) == 16  # noqa: SLF001


async def test_expired_records_are_dropped_at_the_next_start(store: SqliteStore, path: str) -> None:
    await store.commit([], [])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        rows = [("old", "2020-01-01T00:00:00Z", "{}"), ("new", "2999-01-01T00:00:00Z", "{}")]
        connection.executemany("INSERT INTO receipts VALUES (?, ?, ?)", rows)
        store.prepare([])
        assert connection.execute("SELECT key FROM receipts").fetchall() == [("new",)]


def test_many_who_make_the_same_new_file_at_once_all_succeed(path: str) -> None:
    assert all_at_once(lambda: SqliteStore(path).prepare([doctor()])) == []


# A file of an earlier version


async def test_a_file_of_version_1_is_upgraded_with_all_that_it_holds(
    store: SqliteStore, file_of_version_1: str
) -> None:
    store.prepare([])
    assert query(file_of_version_1, "PRAGMA user_version") == [(3,)]
    assert await load(store) == Stored(schedule("2026-11-23", EARLY), 7)
    assert query(file_of_version_1, "SELECT * FROM doctors") == []


@pytest.mark.usefixtures("file_of_version_1")
async def test_an_upgraded_file_is_written_on_and_keeps_its_past_from_then_on(
    store: SqliteStore,
) -> None:
    before = await put(store, EARLY, LATE)
    after = await put(store, LATE)
    assert (await load(store)).version == 9
    assert [await ids_at(store, instant) for instant in (before, after)] == [
        ["early", "late"],
        ["late"],
    ]


async def test_many_who_upgrade_the_same_file_at_once_all_succeed(
    store: SqliteStore, file_of_version_1: str
) -> None:
    assert all_at_once(lambda: SqliteStore(file_of_version_1).prepare([])) == []
    assert await load(store) == Stored(schedule("2026-11-23", EARLY), 7)


async def test_two_stores_that_open_a_file_of_version_1_at_once_both_work(
    store: SqliteStore, file_of_version_1: str
) -> None:
    rival = SqliteStore(file_of_version_1)
    days = await asyncio.gather(load(store), load(rival))
    assert list(days) == [Stored(schedule("2026-11-23", EARLY), 7)] * 2
    await rival.close()


async def test_an_upgrade_that_fails_leaves_the_file_as_it_was(
    store: SqliteStore, file_of_version_1: str
) -> None:
    query(file_of_version_1, "CREATE TABLE past_appointments (in_the_way)")
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        store.prepare([])
    assert query(file_of_version_1, "PRAGMA user_version") == [(1,)]
    query(file_of_version_1, "DROP TABLE past_appointments")
    assert await load(store) == Stored(schedule("2026-11-23", EARLY), 7)


# The past


async def test_what_was_replaced_over_an_hour_ago_is_dropped_at_the_next_start(
    store: SqliteStore, path: str
) -> None:
    await put(store, EARLY)
    await put(store, LATE)
    old = "UPDATE past_appointments SET since = since - ?1, until = until - ?1"
    query(path, old, TWO_HOURS)
    before = await put(store, EARLY)
    kept = "SELECT id FROM past_appointments ORDER BY until"
    assert query(path, kept) == [("early",), ("late",)]
    store.prepare([])
    assert query(path, kept) == [("late",)]
    await put(store)
    assert await ids_at(store, before) == ["early"]


async def test_an_instant_is_forgotten_once_what_was_replaced_before_an_hour_ago_is_dropped(
    store: SqliteStore,
) -> None:
    now = await put(store, EARLY)
    store.prepare([])
    assert await ids_at(store, now) == ["early"]
    assert await ids_at(store, now - timedelta(minutes=59)) == []
    with pytest.raises(SnapshotExpired, match="too long ago"):
        await ids_at(store, now - timedelta(minutes=61))


async def test_the_last_commit_is_never_forgotten_however_long_ago_it_was(
    store: SqliteStore, path: str
) -> None:
    await put(store, EARLY)
    query(path, "UPDATE clock SET instant = instant - ?", TWO_HOURS)
    query(path, "UPDATE appointments SET since = since - ?", TWO_HOURS)
    long_ago = await instant_of(store)
    store.prepare([])
    assert await ids_at(store, long_ago) == ["early"]
    await put(store, LATE)
    assert await ids_at(store, long_ago) == ["early"]
    with pytest.raises(SnapshotExpired):
        await ids_at(store, long_ago - timedelta(microseconds=1))


async def test_what_was_dropped_stays_forgotten_when_the_clock_of_the_machine_is_put_back(
    store: SqliteStore, path: str
) -> None:
    now = await put(store, EARLY)
    query(path, "UPDATE clock SET instant = instant + ?1, kept_from = instant + ?1", TWO_HOURS)
    store.prepare([])
    with pytest.raises(SnapshotExpired):
        await ids_at(store, now + timedelta(hours=1))


@pytest.mark.usefixtures("file_of_version_1")
async def test_an_upgraded_file_that_was_not_written_yet_has_an_instant_too(
    store: SqliteStore,
) -> None:
    instant = await instant_of(store)
    store.prepare([])
    await put(store, EARLY, LATE)
    assert await ids_at(store, instant) == ["early"]


async def test_instants_go_on_when_the_clock_of_the_machine_is_put_back(
    store: SqliteStore, path: str
) -> None:
    await put(store, EARLY)
    in_2100 = "UPDATE clock SET instant = 4102444800000000"
    query(path, in_2100)
    instants = [await put(store, EARLY, LATE), await put(store, LATE), await put(store)]
    assert instants == [
        at("2100-01-01T00:00:00.000001Z"),
        at("2100-01-01T00:00:00.000002Z"),
        at("2100-01-01T00:00:00.000003Z"),
    ]
    shown = [await ids_at(store, instant) for instant in instants]
    assert shown == [["early", "late"], ["late"], []]


# The end


async def test_what_waits_for_the_disk_is_written_before_the_file_is_closed(path: str) -> None:
    store = SqliteStore(path)
    days = ("2026-11-23", "2026-11-24", "2026-11-25")
    writes = [DayWrite(Stored(DaySchedule(key(day)), None), schedule(day)) for day in days]
    # The first is being written while the others wait for their turn.
    commits = [asyncio.create_task(store.commit([write], [])) for write in writes]
    await asyncio.sleep(0)
    await store.close()
    assert [list(await commit) for commit in commits] == [[key(day)] for day in days]
    assert query(path, "SELECT day FROM days ORDER BY day") == [(day,) for day in days]


async def test_expired_records_are_deleted_as_time_goes_by(path: str) -> None:
    store = SqliteStore(path, prune_seconds=0)
    await store.commit([], [])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        rows = [("old", "2020-01-01T00:00:00Z", "{}"), ("new", "2999-01-01T00:00:00Z", "{}")]
        connection.executemany("INSERT INTO receipts VALUES (?, ?, ?)", rows)
    await store.commit([], [])
    assert query(path, "SELECT key FROM receipts") == [("new",)]
    await store.close()
