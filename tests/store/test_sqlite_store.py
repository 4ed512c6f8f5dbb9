"""What is SQLite's own: the file, other processes, and the event loop."""

import asyncio
import json
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.elsewhere import ElsewhereKey, Pointer
from shared.model.idempotency_record import IdempotencyRecord
from shared.store.port import (
    DayWrite,
    ElsewhereWrite,
    Keys,
    RecordWrite,
    Stored,
    StoreRefused,
    StoreUnavailable,
    Writes,
)
from shared.store.sqlite.store import MOST_SNAPSHOTS, SqliteStore
from tests.builders import appointment, at, doctor, key, schedule

MONDAY, TUESDAY, WEDNESDAY = key("2026-11-23"), key("2026-11-24"), key("2026-11-25")
WRITE = DayWrite(Stored(DaySchedule(MONDAY), None), schedule("2026-11-23"))
WRITE_TUESDAY = DayWrite(Stored(DaySchedule(TUESDAY), None), schedule("2026-11-24"))
EARLY = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "early")
LATE = appointment("2026-11-23T16:00Z", "2026-11-23T17:00Z", "late")
NEW = appointment("2026-11-24T09:00Z", "2026-11-24T10:00Z", "new")

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
    INSERT INTO doctors VALUES (
        'strange',
        '{"id":"strange","name":"Doctor Strange","time_zone":"UTC","working_hours":[{"days":\
["mon","tue","wed","thu","fri"],"opens":"09:00","closes":"17:00"}]}'
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


def create_file_of_version_1(path: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1)


async def load(store: SqliteStore) -> Stored[DaySchedule]:
    """Monday."""
    async with store.snapshot() as snapshot:
        return (await snapshot.load(Keys(days=[MONDAY]))).days[MONDAY]


async def put(store: SqliteStore, *appointments: Appointment) -> datetime:
    """Put these on Monday in place of all others; the instant from which on they are there."""
    await store.commit(Writes([DayWrite(await load(store), schedule("2026-11-23", *appointments))]))
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


def locked(path: str) -> "closing[sqlite3.Connection]":
    """The file, as another process holds it that is in the middle of writing."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN EXCLUSIVE")
    return closing(connection)


@contextmanager
def disk_is_busy(store: SqliteStore) -> Iterator[None]:
    """Keep the thread that writes from all else until this ends."""
    disk_is_free = threading.Event()
    store._writer._thread.submit(disk_is_free.wait)  # noqa: SLF001 - the only way to hold it up
    yield
    disk_is_free.set()


async def exist(store: SqliteStore, *days: DayKey) -> list[bool]:
    """Tell which days have a document."""
    async with store.snapshot() as snapshot:
        state = await snapshot.load(Keys(days=days))
    return [state.days[day].version is not None for day in days]


async def test_a_new_file_gets_the_doctors_and_another_keeps_its_own(store: SqliteStore) -> None:
    store.prepare([doctor()])
    assert await store.list_doctors(10) == [doctor()]
    store.prepare([doctor(zone="Europe/Berlin"), doctor(doctor_id="who")])
    assert await store.list_doctors(10) == [doctor()]


def test_a_new_file_has_no_tables_of_earlier_releases(store: SqliteStore, path: str) -> None:
    store.prepare([])
    tables = {name for (name,) in query(path, "SELECT name FROM sqlite_master")}
    assert "entries" in tables
    assert tables.isdisjoint({"days", "appointments", "past_appointments"})


async def test_commits_outlive_the_process_and_the_power(store: SqliteStore, path: str) -> None:
    await store.commit(Writes([WRITE]))
    assert query(path, "PRAGMA journal_mode") == [("wal",)]
    connections = [store._writer._connection]  # noqa: SLF001 - the setting shows nowhere else
    assert [c and c.execute("PRAGMA synchronous").fetchone() for c in connections] == [(2,)]


async def test_a_file_that_another_process_holds_too_long_is_unavailable_new_or_not(
    store: SqliteStore, path: str
) -> None:
    for write in (WRITE, WRITE_TUESDAY):
        with locked(path), pytest.raises(StoreUnavailable):
            await store.commit(Writes([write]))
        await store.commit(Writes([write]))


async def test_waiting_for_another_process_does_not_hold_up_the_event_loop(path: str) -> None:
    patient = SqliteStore(path, busy_seconds=30)
    patient.prepare([])
    with locked(path) as rival:
        commit = asyncio.create_task(patient.commit(Writes([WRITE])))
        assert ((await load(patient)).version, commit.done()) == (None, False)
        rival.execute("COMMIT")
        assert (await commit).keys() == {MONDAY}
    await patient.close()


def test_a_start_waits_for_another_process_that_brings_the_file_over(
    store: SqliteStore, path: str
) -> None:
    store.prepare([])
    with ThreadPoolExecutor(1) as threads:
        with locked(path) as rival:
            start = threads.submit(store.prepare, [doctor()])
            # Far longer than the store waits for anything else.
            assert not wait([start], timeout=0.2).done
            rival.execute("COMMIT")
        start.result()
    assert query(path, "SELECT id FROM doctors") == [("strange",)]


async def test_a_file_of_a_newer_version_is_refused(store: SqliteStore, path: str) -> None:
    query(path, "PRAGMA user_version = 11")
    with pytest.raises(StoreRefused, match="schema is version 11, this program knows up to 10"):
        await store.commit(Writes([WRITE]))


async def test_a_commit_that_fails_half_way_leaves_nothing_behind(
    store: SqliteStore, path: str
) -> None:
    await store.commit(Writes())
    query(path, "DROP TABLE doctor_days")
    record = IdempotencyRecord("key", "print", "a", at("2099-01-01T00:00Z"))
    with pytest.raises(StoreRefused):
        await store.commit(Writes([WRITE], [RecordWrite(record, None)]))
    assert query(path, "SELECT key FROM receipts") == []


async def test_a_commit_that_a_bug_ends_takes_no_acknowledged_one_with_it(
    store: SqliteStore,
) -> None:
    unwritable = NEW._replace(reason=object())  # type: ignore[arg-type]
    bug = replace(WRITE_TUESDAY, day=DaySchedule(TUESDAY, (unwritable,)))
    good = DayWrite(Stored(DaySchedule(WEDNESDAY), None), DaySchedule(WEDNESDAY))
    with disk_is_busy(store):  # So that the three go together.
        commits = asyncio.gather(
            *(store.commit(Writes([write])) for write in (WRITE, good, bug)), return_exceptions=True
        )
        await asyncio.sleep(0)
    acknowledged = [isinstance(result, dict) for result in await commits]
    assert acknowledged == await exist(store, MONDAY, WEDNESDAY, TUESDAY)
    assert not acknowledged[2]


async def test_a_commit_that_was_given_up_before_it_began_is_never_written(
    store: SqliteStore,
) -> None:
    with disk_is_busy(store):  # So that it cannot begin.
        commit = asyncio.create_task(store.commit(Writes([WRITE])))
        await asyncio.sleep(0)
        commit.cancel()
        await asyncio.wait([commit])
    await store.commit(Writes([WRITE_TUESDAY]))
    assert await exist(store, MONDAY, TUESDAY) == [False, True]


def move(source: Path, target: Path) -> None:
    """Move the file with its log to another folder, as `mv appointments.db* target` does."""
    for file in source.glob("appointments.db*"):
        file.rename(target / file.name)


def is_there(path: str) -> bool:
    return Path(path).exists()


@pytest.mark.parametrize("replaced", ["gone", "replaced"])
@pytest.mark.parametrize("opened", ["at the start", "by a read", "by a commit"])
async def test_a_file_that_is_no_longer_there_is_refused_and_none_is_made_in_its_place(
    store: SqliteStore, tmp_path: Path, path: str, opened: str, replaced: str
) -> None:
    if opened == "at the start":
        store.prepare([])
    else:
        await (load(store) if opened == "by a read" else store.commit(Writes([WRITE])))
    away, trash = tmp_path / "away", tmp_path / "trash"
    away.mkdir()
    trash.mkdir()
    move(tmp_path, away)
    if replaced == "replaced":
        SqliteStore(path).prepare([doctor()])
    for _ in range(2):
        with pytest.raises(StoreRefused, match="moved, deleted or replaced"):
            await store.commit(Writes([WRITE_TUESDAY]))
        with pytest.raises(StoreRefused, match="moved, deleted or replaced"):
            await load(store)
    assert is_there(path) == (replaced == "replaced")
    move(tmp_path, trash)
    move(away, tmp_path)
    assert await exist(store, MONDAY, TUESDAY) == [opened == "by a commit", False]
    assert (await store.commit(Writes([WRITE_TUESDAY]))).keys() == {TUESDAY}


async def test_a_snapshot_opens_the_file_when_it_reads() -> None:
    nowhere = SqliteStore("/no/such/folder/appointments.db")
    async with nowhere.snapshot() as snapshot:
        with pytest.raises(StoreRefused, match="unable to open"):
            await snapshot.load(Keys(days=[MONDAY]))
    await nowhere.close()


async def test_a_view_within_another_waits_for_nobody(store: SqliteStore) -> None:
    all_have_one = asyncio.Barrier(MOST_SNAPSHOTS)

    async def look_twice() -> DaySchedule:
        async with store.snapshot():
            await all_have_one.wait()
            async with store.snapshot() as inner:
                return (await inner.load(Keys(days=[MONDAY]))).days[MONDAY].value

    async with asyncio.timeout(60):
        found = await asyncio.gather(*(look_twice() for _ in range(MOST_SNAPSHOTS)))
    assert found == [DaySchedule(MONDAY)] * MOST_SNAPSHOTS


async def test_many_snapshots_at_once_share_a_few_connections(store: SqliteStore) -> None:
    async def read() -> None:
        async with store.snapshot() as snapshot:
            await snapshot.load(Keys(days=[MONDAY]))
            await asyncio.sleep(0)
            await snapshot.load(Keys(days=[MONDAY]))

    await asyncio.gather(*(read() for _ in range(200)))
    assert len(store._connections._idle) == 16  # noqa: SLF001


# A file of an earlier version


@pytest.mark.parametrize("old", [False, True], ids=["new", "of-version-1"])
async def test_many_who_prepare_the_same_file_at_once_all_succeed(
    path: str,
    old: bool,  # noqa: FBT001
) -> None:
    if old:
        create_file_of_version_1(path)
    together = threading.Barrier(12)

    def prepare(_: int) -> None:
        together.wait()
        SqliteStore(path).prepare([doctor()])

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(prepare, range(12)))
    assert query(path, "SELECT id FROM entries") == [("early",)] * old


async def test_a_file_of_version_1_is_upgraded_with_all_that_it_holds_or_left_as_it_was(
    store: SqliteStore, path: str
) -> None:
    create_file_of_version_1(path)
    query(path, "CREATE TABLE past_entries (in_the_way)")
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        store.prepare([])
    assert query(path, "PRAGMA user_version") == [(1,)]
    query(path, "DROP TABLE past_entries")
    store.prepare([])
    assert query(path, "PRAGMA user_version") == [(10,)]
    told = EARLY._replace(told_start=datetime(2026, 11, 23, 9))  # noqa: DTZ001 - the doctor's
    assert await load(store) == Stored(schedule("2026-11-23", told), 1)
    assert await store.list_doctors(10) == [doctor()]
    before, after = await put(store, EARLY, LATE), await put(store, LATE)
    assert [await ids_at(store, instant) for instant in (before, after)] == [
        ["early", "late"],
        ["late"],
    ]


async def test_whereabouts_that_were_replaced_over_an_hour_ago_are_dropped_at_the_next_start(
    store: SqliteStore, path: str
) -> None:
    name, version = ElsewhereKey("strange", "early"), None
    for day in (MONDAY, TUESDAY, WEDNESDAY):
        await store.commit(Writes(elsewhere=[ElsewhereWrite(name, Pointer(day), version)]))
        async with store.snapshot() as snapshot:
            version = (await snapshot.load(Keys(elsewhere=[name]))).elsewhere[name].version
    old = "UPDATE past_elsewhere SET until = until - ? WHERE body LIKE '%2026-11-23%'"
    query(path, old, 7_200_000_000)  # Microseconds: two hours.
    store.prepare([])
    kept = [body for (body,) in query(path, "SELECT body FROM past_elsewhere")]
    assert [json.loads(str(body))["day"] for body in kept] == ["2026-11-24"]


# The end


async def test_what_waits_for_the_disk_is_written_before_the_file_is_closed(path: str) -> None:
    store = SqliteStore(path)
    days = ("2026-11-23", "2026-11-24", "2026-11-25")
    writes = [DayWrite(Stored(DaySchedule(key(day)), None), schedule(day)) for day in days]
    # The first is being written while the others wait for their turn.
    commits = [asyncio.create_task(store.commit(Writes([write]))) for write in writes]
    await asyncio.sleep(0)
    await store.close()
    assert [list(await commit) for commit in commits] == [[key(day)] for day in days]
    assert query(path, "SELECT day FROM doctor_days ORDER BY day") == [(day,) for day in days]


async def test_commits_of_one_turn_of_the_loop_share_an_instant(store: SqliteStore) -> None:
    commits = await asyncio.gather(*(store.commit(Writes([w])) for w in (WRITE, WRITE_TUESDAY)))
    assert len({version for versions in commits for version in versions.values()}) == 1


async def test_where_sqlite_rolls_a_round_back_nothing_of_it_is_written(
    store: SqliteStore, path: str
) -> None:
    await store.commit(Writes())
    rolls_back = """
        CREATE TRIGGER rolls_back BEFORE INSERT ON entries WHEN NEW.id = 'late'
        BEGIN SELECT RAISE(ROLLBACK, 'rolled back'); END
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(rolls_back)
    days = [schedule("2026-11-24", EARLY), schedule("2026-11-25", LATE)]
    writes = [DayWrite(Stored(DaySchedule(day.key), None), day) for day in days]
    # Both arrive in one turn of the loop, so they share a round.
    commits = [store.commit(Writes([write])) for write in writes]
    results = await asyncio.gather(*commits, return_exceptions=True)
    assert [type(result) for result in results] == [StoreRefused, StoreRefused]
    assert query(path, "SELECT day FROM doctor_days") == []
