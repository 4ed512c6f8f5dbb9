"""What is PostgreSQL's own: the constraint, connections that fail, and a server that takes over."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from random import Random
from typing import Any, cast

import psycopg
import pytest
from psycopg import AsyncConnection

from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.idempotency_record import IdempotencyRecord
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.settings import PostgresqlDatabase
from shared.store.port import (
    DayWrite,
    Keys,
    PatientWrite,
    RecordWrite,
    SnapshotExpired,
    Store,
    Stored,
    StoreRefused,
    StoreUnavailable,
    Version,
    VersionConflict,
    Versions,
    Writes,
)
from shared.store.postgresql.commit_rounds import AT_ONCE, Rounds
from shared.store.postgresql.commits import Commit
from shared.store.postgresql.erasing import erase_records
from shared.store.postgresql.errors import RowLockedError, as_store_error
from shared.store.postgresql.pool import Connections, Query, Row
from shared.store.postgresql.schema import migrate
from shared.store.postgresql.store import PostgresqlStore
from shared.store.postgresql.views import HISTORY, MARGIN, prune
from shared.transactions.coordinator import Coordinator
from tests.builders import appointment, at, doctor, key, schedule
from tests.commands import command, granted
from tests.ports import HOST, free_port
from tests.postgresql_server import PostgresqlServer, opened, server_with_standby
from tests.proof.proxy import Proxy

MONDAY = key("2026-11-23")
DAYS = ("2026-11-23", "2026-11-24", "2026-11-25")
FREE = ("2026-11-27", "2026-11-28", "2026-11-29", "2026-11-30")
FIRST = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "first")
BESIDE = appointment("2026-11-23T09:15Z", "2026-11-23T09:45Z", "beside")
HAND_WRITTEN = """
    INSERT INTO entries (doctor_id, day, id, booked, body)
    VALUES ('strange', '2026-11-23', 'by hand', %s, '{"kind": "appointment"}')
"""

UNAVAILABLE = """
import asyncio, sys
from shared.store.port import StoreUnavailable
from tests.postgresql_server import opened

async def read() -> None:
    store = opened(sys.argv[1], seconds=0.5)
    try:
        await store.clinic()
    except StoreUnavailable:
        print("unavailable")
    await store.close()

asyncio.run(read())
"""
"""A program without a log that asks a server for something."""


@pytest.fixture
def address(postgresql: PostgresqlServer) -> str:
    """The address of a database that nobody has used."""
    return postgresql.new_database()


@pytest.fixture
async def store(address: str) -> AsyncIterator[PostgresqlStore]:
    store = opened(address)
    yield store
    await store.close()


async def put(store: Store, day: DaySchedule, read: DaySchedule | None = None) -> Versions:
    """Write a day where none was, or over what was read."""
    async with store.snapshot() as snapshot:
        found = (await snapshot.load(Keys(days=[day.key]))).days[day.key]
    known = found if read is None else Stored(read, found.version)
    return await store.commit(Writes([DayWrite(known, day)]))


async def there(store: Store, day: DayKey = MONDAY, instant: datetime | None = None) -> set[str]:
    async with store.snapshot(instant) as snapshot:
        return set((await snapshot.load(Keys(days=[day]))).days[day].value.entries)


async def kept_instant(store: Store) -> datetime:
    """Keep what is there now."""
    async with store.snapshot() as snapshot:
        await snapshot.load(Keys(days=[MONDAY]))
        return await snapshot.instant()


# What it costs


async def test_a_booking_is_two_round_trips_on_a_day_not_known_yet_and_then_one(
    store: PostgresqlStore,
) -> None:
    round_trips: list[str] = []
    connections = store._connections  # noqa: SLF001 - the only way to see what is called
    start = connections.start

    def counting(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        round_trips.append(cast("Any", work).__qualname__)
        return start(work)

    connections.start = counting  # type: ignore[method-assign]
    await store.put_doctors([doctor()])
    coordinator, costs = Coordinator(store, 10, Random(0)), []  # noqa: S311 - jitter
    for number, hour in enumerate(("09", "10", "11")):
        name = f"strange.20261130.{number:024}"
        round_trips.clear()
        granted(await coordinator.run(command(f"2026-11-30T{hour}:00Z", name)))
        costs.append([name for name in round_trips if not name.endswith("._end")])
    assert costs == [["Session._run", "Connections._execute"], *[["Connections._execute"]] * 2]
    assert await store.left_behind() == 0


# The constraint


async def test_an_insert_by_hand_cannot_book_a_doctor_twice(
    store: PostgresqlStore, address: str
) -> None:
    await put(store, schedule("2026-11-23", FIRST))
    with psycopg.connect(address, autocommit=True) as connection:
        (booked,) = connection.execute("SELECT booked FROM entries").fetchone() or (None,)
        with pytest.raises(psycopg.errors.ExclusionViolation, match="never_booked_twice"):
            connection.execute(HAND_WRITTEN, [booked])
        with pytest.raises(psycopg.errors.CheckViolation, match="appointments_are_booked"):
            connection.execute(HAND_WRITTEN, [None])
    assert await there(store) == {"first"}


async def test_a_write_that_overlooks_an_appointment_is_refused_and_nothing_of_it_is_written(
    store: PostgresqlStore,
) -> None:
    await put(store, schedule("2026-11-23", FIRST))
    with pytest.raises(StoreRefused, match="never_booked_twice"):
        await put(store, schedule("2026-11-23", BESIDE), read=schedule("2026-11-23"))
    assert await there(store) == {"first"}


async def test_a_time_may_pass_from_one_appointment_to_another_in_one_commit(
    store: PostgresqlStore,
) -> None:
    await put(store, schedule("2026-11-23", FIRST))
    await put(store, schedule("2026-11-23", BESIDE))
    assert await there(store) == {"beside"}


# Connections


async def test_a_commit_that_nobody_waits_for_any_more_is_not_sent(
    postgresql: PostgresqlServer, store: PostgresqlStore, address: str
) -> None:
    days = [key(f"2026-11-{number}") for number in range(23, 24 + AT_ONCE)]
    empty = [DayWrite(Stored(DaySchedule(day), None), DaySchedule(day)) for day in days]
    await asyncio.gather(*(there(store) for _ in range(8)))  # Connections are open.
    postgresql.freeze()
    try:
        commits = [asyncio.create_task(store.commit(Writes([write]))) for write in empty]
        await asyncio.sleep(0)
        commits[-1].cancel()
        await asyncio.wait([commits[-1]])
    finally:
        postgresql.thaw()
    await asyncio.gather(*commits[:-1])
    await store.close()
    other = opened(address)
    async with other.snapshot() as snapshot:
        found = await snapshot.versions(days)
    assert [day for day, version in found.items() if version is None] == [days[-1]]
    await other.close()


async def test_commits_of_one_round_are_written_or_not_by_themselves(
    store: PostgresqlStore,
) -> None:
    await put(store, schedule("2026-11-23"))
    days = [key(f"2026-11-{number}") for number in range(10, 30)]
    empty = [DayWrite(Stored(DaySchedule(day), None), DaySchedule(day)) for day in days]
    both = schedule("2026-11-30", *overlapping("2026-11-30"))
    writes = [*empty, DayWrite(Stored(DaySchedule(both.key), None), both)]
    results = await asyncio.gather(
        *(store.commit(Writes([write])) for write in writes), return_exceptions=True
    )
    told = zip(writes, results, strict=True)
    wrong = {write.day.key: type(what) for write, what in told if isinstance(what, Exception)}
    assert wrong == {MONDAY: VersionConflict, both.key: StoreRefused}


class Server:
    """Takes the calls of rounds, and answers all of them alike; some connection leads to it."""

    def __init__(self, answer: object) -> None:
        self.days: list[list[str]] = []
        self.drained = 0
        self._answer = answer

    async def execute(self, query: Query) -> list[tuple[object]]:
        """Note on which days the commits of a call are."""
        (*_, last) = query.values
        commits = json.loads(str(last))
        if query.statement == _OF_ROUND:
            self.days.append([day["day"] for commit in commits for day in commit[-1]])
            return [([self._answer for _ in commits],)]
        await asyncio.sleep(0)
        return [([1, 2],)]

    async def drain(self) -> None:
        self.drained += 1


_OF_ROUND = "SELECT commit_round(%s)"


async def at_once(server: Server, *days: str) -> Sequence[object]:
    """Commit on each of these days, behind as many as go by themselves."""
    rounds = Rounds(cast("Connections", server))
    names = [*(f"2026-10-0{number}" for number in range(1, AT_ONCE + 1)), *days]
    writes = [DayWrite(Stored(schedule(name), None), schedule(name)) for name in names]
    commits = [
        asyncio.create_task(rounds.commit(Commit(Writes([write])), 1), name=name)
        for name, write in zip(names, writes, strict=True)
    ]
    results = await asyncio.gather(*commits, return_exceptions=True)
    return results[AT_ONCE:]


async def test_commits_go_together_in_the_order_of_their_days() -> None:
    server = Server([1])
    await at_once(server, *reversed(DAYS))
    assert server.days == [[*DAYS]]


class SlowServer(Server):
    """Answers a round when it is told to."""

    def __init__(self) -> None:
        super().__init__([1])
        self.asked, self.may_answer = asyncio.Event(), asyncio.Event()

    async def execute(self, query: Query) -> list[tuple[object]]:
        if query.statement == _OF_ROUND:
            self.asked.set()
            await self.may_answer.wait()
        return await super().execute(query)


async def test_who_gives_up_while_a_round_is_on_its_way_keeps_no_answer_from_the_others() -> None:
    server = SlowServer()
    committing = asyncio.create_task(at_once(server, *DAYS))
    await server.asked.wait()
    (first,) = (t for t in asyncio.all_tasks() if t.get_name() == DAYS[0])
    first.cancel()
    server.may_answer.set()
    async with asyncio.timeout(10):
        given_up, *others = await committing
    assert isinstance(given_up, asyncio.CancelledError)
    assert others == [{key(day): 1} for day in DAYS[1:]]


async def test_a_commit_of_two_days_goes_by_itself() -> None:
    server = Server([1])
    rounds = Rounds(cast("Connections", server))
    both = [DayWrite(Stored(schedule(day), None), schedule(day)) for day in DAYS[:2]]
    commits = (rounds.commit(Commit(Writes(both)), 2) for _ in range(AT_ONCE + 2))
    assert len(await asyncio.gather(*commits)) == AT_ONCE + 2
    assert server.days == []


async def test_a_server_that_only_reads_is_left_also_if_a_round_finds_out() -> None:
    server = Server({"code": "25006", "message": "it only reads"})
    results = await at_once(server, *DAYS)
    assert [type(result) for result in results] == [StoreUnavailable] * len(DAYS)
    assert server.drained == 1


async def test_a_round_waits_for_one_locked_row_and_all_others_go_by_themselves(
    store: PostgresqlStore, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    execute = Connections.execute

    async def noted(self: Connections, query: Query) -> list[Row]:
        calls.append(query.statement)
        return await execute(self, query)

    known = {day: await put(store, schedule(day)) for day in DAYS}
    locked = [
        DayWrite(Stored(schedule(day), known[day][key(day)]), schedule(day)) for day in DAYS[:2]
    ]
    free = [DayWrite(Stored(schedule(day), None), schedule(day)) for day in FREE]
    monkeypatch.setattr(Connections, "execute", noted)
    async with await AsyncConnection.connect(address) as stuck:
        await stuck.execute("UPDATE doctor_days SET schema = schema")
        # As many as are sent at once, then one round.
        *_, first, second, third = await asyncio.gather(
            *(store.commit(Writes([write])) for write in (*free[:AT_ONCE], *locked, free[AT_ONCE])),
            return_exceptions=True,
        )
        of_locked_day = asyncio.create_task(store.commit(Writes([locked[0]])))
        await asyncio.sleep(0)
        await stuck.rollback()
    await of_locked_day
    assert [type(first), type(second)] == [RowLockedError] * 2
    assert list(cast("Versions", third)) == [free[AT_ONCE].day.key]
    alone = "SELECT commit_documents(%s, %s, %s, %s, %s, %s, %s)"
    assert calls == [*[alone] * AT_ONCE, _OF_ROUND, *[alone] * 3]


async def test_nobody_waits_for_long_for_a_row_that_a_stuck_session_keeps(
    store: PostgresqlStore, address: str
) -> None:
    await put(store, schedule("2026-11-23"))
    async with await AsyncConnection.connect(address) as stuck:
        await stuck.execute("UPDATE doctor_days SET schema = schema")
        with pytest.raises(StoreUnavailable, match="lock timeout"):
            await put(store, schedule("2026-11-23"))
        await stuck.rollback()
    await put(store, schedule("2026-11-23"))


STUCK = """
    UPDATE cluster SET id = id; UPDATE clinic SET id = id; UPDATE blocked SET digits = digits;
    UPDATE doctors SET id = id; UPDATE records SET key = key; UPDATE patients SET digits = digits;
    UPDATE calendar_links SET doctor_id = doctor_id; INSERT INTO secrets VALUES ('name', '{}')
"""
PATIENT = PatientSchedule(PatientKey("0" * 40), changed_at=(at("2026-11-23T09:00Z"),))
HERS = IdempotencyRecord("key", "hash", "a", at("2099-01-01T00:00Z"))
VERBS: Mapping[str, Callable[[Store, Version], Coroutine[Any, Any, object]]] = {
    "end_views": lambda store, _: store.end_views(),
    "instant": lambda store, _: kept_instant(store),
    "erase_patient": lambda store, version: store.erase_patient(Stored(PATIENT, version), PATIENT),
    "erase_records": lambda store, _: store.erase_records(["a"]),
    "put_clinic": lambda store, _: store.put_clinic({}),
    "block": lambda store, _: store.block(PATIENT.key, at("2026-11-23T09:00Z")),
    "put_doctors": lambda store, _: store.put_doctors([doctor()]),
    "secret": lambda store, _: store.secret("name", "proposed"),
    "replace_calendar_link": lambda s, _: s.replace_calendar_link("strange", "old", "new"),
}
"""What waits for rows that others keep."""


async def test_no_verb_waits_for_long_for_a_row_that_a_stuck_session_keeps(
    address: str,
) -> None:
    store = opened(address, seconds=60)  # Two wait for one row, the second for both.
    patient = PatientWrite(Stored(PatientSchedule(PATIENT.key), None), PATIENT)
    found = await store.commit(Writes(patients=[patient], records=[RecordWrite(HERS, None)]))
    for verb in ("put_clinic", "block", "put_doctors"):
        await VERBS[verb](store, 0)
    await store.replace_calendar_link("strange", None, "old")
    async with await AsyncConnection.connect(address) as stuck:
        await stuck.execute(STUCK)
        calls = (verb(store, found[PATIENT.key]) for verb in VERBS.values())
        results = await asyncio.gather(*calls, return_exceptions=True)
        await stuck.rollback()
    await store.close()
    said = dict(zip(VERBS, map(str, results), strict=True))
    assert said == dict.fromkeys(VERBS, "canceling statement due to lock timeout")


async def test_views_of_one_instant_have_names_of_their_own(address: str) -> None:
    async with await AsyncConnection.connect(address) as one:
        await one.execute("CREATE SEQUENCE clock START 2")
        await one.execute(
            "CREATE OR REPLACE FUNCTION now_number() RETURNS bigint LANGUAGE sql VOLATILE "
            "RETURN nextval('clock') / 2"
        )
        await one.commit()
        async with await AsyncConnection.connect(address) as other:
            found = [await each.execute("SELECT keep_view()") for each in (one, other)]
            names = [await cursor.fetchone() for cursor in found]
    assert names == [(1,), (2,)]


def overlapping(day: str) -> list[Appointment]:
    """Two appointments that no doctor can have on a day."""
    return [
        appointment(f"{day}T09:00Z", f"{day}T09:30Z", "one"),
        appointment(f"{day}T09:15Z", f"{day}T09:45Z", "other"),
    ]


async def test_who_gives_up_on_a_frozen_server_does_not_wait_and_others_work_when_it_goes_on(
    postgresql: PostgresqlServer, store: PostgresqlStore
) -> None:
    await put(store, schedule("2026-11-23"))
    postgresql.freeze()
    try:
        waiting = [asyncio.create_task(there(store)) for _ in range(20)]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await asyncio.shield(waiting[0])
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    finally:
        postgresql.thaw()
    assert await there(store) == set()


async def test_a_call_that_is_never_answered_is_cut_off(
    postgresql: PostgresqlServer, address: str
) -> None:
    store = opened(address, seconds=0.5, connections=2)
    await put(store, schedule("2026-11-23"))
    postgresql.freeze()
    try:
        with pytest.raises(StoreUnavailable):
            await there(store)
        with pytest.raises(StoreUnavailable):
            await store.doctors(["strange"])
    finally:
        postgresql.thaw()
    async with asyncio.timeout(60):
        while True:
            try:
                assert await there(store) == set()
            except StoreUnavailable:
                continue  # The connection that was cut off is found out.
            break
    await store.close()


async def test_calls_of_one_session_take_turns_and_the_time_of_each_begins_with_its_turn(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited, limit = [0], Connections.limit

    @contextmanager
    def counted(self: Connections, connection: AsyncConnection) -> Iterator[None]:
        limited.append(limited[-1] + 1)
        with limit(self, connection):
            yield
        limited.append(limited[-1] - 1)

    monkeypatch.setattr(Connections, "limit", counted)
    connections = Connections(PostgresqlDatabase(address, connections=2), seconds=60)
    async with connections.lend() as session:
        calls = [session.run([Query("SELECT %s::int", (number,))]) for number in range(3)]
        answers = await asyncio.gather(*calls)
        late = asyncio.create_task(session.run([Query("SELECT 1")]))
        await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable):
        await late
    await connections.close()
    assert answers == [[[(0,)]], [[(1,)]], [[(2,)]]]
    assert max(limited) == 1


async def test_a_commit_whose_answer_is_lost_may_have_happened_and_is_told_as_unknown(
    postgresql: PostgresqlServer, store: PostgresqlStore, address: str
) -> None:
    async with Proxy(postgresql.port) as proxy:
        database = address.rpartition("/")[2]
        behind = opened(postgresql.address(database, proxy.port))
        empty = await put(behind, schedule("2026-11-23"))
        write = DayWrite(Stored(DaySchedule(MONDAY), empty[MONDAY]), schedule("2026-11-23", FIRST))
        with proxy.losing_answers():
            committing = asyncio.create_task(behind.commit(Writes([write])))
            async with asyncio.timeout(60):
                while not await there(store):  # noqa: ASYNC110 - it is the server that waits
                    await asyncio.sleep(0.01)
        with pytest.raises(StoreUnavailable):
            await committing
        await behind.close()


async def test_connections_that_the_server_ended_are_replaced_before_anybody_uses_them(
    postgresql: PostgresqlServer, store: PostgresqlStore
) -> None:
    await asyncio.gather(*(there(store) for _ in range(8)))
    await asyncio.to_thread(postgresql.end_connections)
    for _ in range(8):
        assert await there(store) == set()
        assert await store.clinic() == {}


async def test_every_name_can_be_written_whatever_encoding_clients_usually_get(
    store: PostgresqlStore, address: str
) -> None:
    name = address.rpartition("/")[2]
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET client_encoding = LATIN1".encode())
    await put(store, schedule("2026-11-23", FIRST._replace(reason="Łódź, 東京")))
    async with store.snapshot() as snapshot:
        day = (await snapshot.load(Keys(days=[MONDAY]))).days[MONDAY].value
    assert [each.reason for each in day.appointments] == ["Łódź, 東京"]


async def test_the_machine_itself_notices_that_an_idle_connection_was_cut(
    store: PostgresqlStore,
) -> None:
    async with store._connections.lend() as session:  # noqa: SLF001 - the only way to its socket
        with socket.socket(fileno=os.dup(session.connection.fileno())) as ours:
            assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            names = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
            options = [getattr(socket, name) for name in names]
            found = [ours.getsockopt(socket.IPPROTO_TCP, option) for option in options]
    assert found == [30, 5, 3, 3_000]


async def test_views_within_views_do_not_wait_for_each_other(address: str) -> None:
    store = opened(address, connections=2)
    await put(store, schedule("2026-11-23"))

    async def nested() -> None:
        async with store.snapshot() as outer:
            await outer.load(Keys(days=[MONDAY]))
            await there(store)
            await outer.instant()

    await asyncio.gather(*(nested() for _ in range(10)))
    await store.close()


async def test_nothing_is_left_in_a_session(store: PostgresqlStore, address: str) -> None:
    for _ in range(10):
        await put(store, schedule("2026-11-23", FIRST))
        async with store.snapshot() as snapshot:
            await snapshot.load(Keys(days=[MONDAY]))
            await snapshot.instant()
    await store.close()
    with psycopg.connect(address) as connection:
        left = """
            SELECT state, query FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
        """
        assert connection.execute(left).fetchall() == []
    with pytest.raises(StoreUnavailable, match="closed"):
        await there(store)


# Time


async def test_what_no_view_can_show_any_more_is_deleted(
    store: PostgresqlStore, address: str
) -> None:
    await put(store, schedule("2026-11-23", FIRST))
    await put(store, schedule("2026-11-23"))
    instant = await kept_instant(store)
    connections = store._connections  # noqa: SLF001 - as the store does it, but at once
    with psycopg.connect(address, autocommit=True) as connection:
        await prune(connections)
        assert connection.execute("SELECT count(*) FROM past_entries").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM views").fetchone() == (1,)
        hour, longer = (t // timedelta(microseconds=1) for t in (HISTORY, HISTORY + MARGIN))
        connection.execute("UPDATE views SET instant = instant - %s", [hour])
        connection.execute("UPDATE past_entries SET replaced_at = replaced_at - %s", [longer])
        await prune(connections)
        assert connection.execute("SELECT count(*) FROM past_entries").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM views").fetchone() == (0,)
    async with store.snapshot(instant) as snapshot:
        with pytest.raises(SnapshotExpired):
            await snapshot.load(Keys(days=[MONDAY]))


async def test_commits_prune_now_and_then_and_never_fail_for_it(
    store: PostgresqlStore, address: str
) -> None:
    await put(store, schedule("2026-11-23", FIRST))
    store._prune_at = 0  # noqa: SLF001 - as if minutes had passed
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("INSERT INTO records SELECT n, 1, '{}' FROM generate_series(1, 2500) n")
        await put(store, schedule("2026-11-23"))
        await store.close()
        assert connection.execute("SELECT count(*) FROM records").fetchone() == (0,)
        connection.execute("ALTER TABLE views RENAME TO gone")
        other = opened(address)
        other._prune_at = 0  # noqa: SLF001 - see above
        await put(other, schedule("2026-11-23", FIRST))
        await other.close()


async def test_a_view_that_was_taken_before_views_ended_is_not_kept(
    store: PostgresqlStore,
) -> None:
    await put(store, schedule("2026-11-23", FIRST))
    async with store.snapshot() as snapshot:
        await snapshot.load(Keys(days=[MONDAY]))
        await store.end_views()
        with pytest.raises(SnapshotExpired):
            await snapshot.instant()


async def test_a_view_that_is_kept_while_earlier_ones_end_shows_what_is_replaced_then(
    store: PostgresqlStore, address: str
) -> None:
    """Also if that is written before them, in a commit that ends after them."""
    found = await put(store, schedule("2026-11-23", FIRST))
    read = Stored(schedule("2026-11-23", FIRST), found[MONDAY])
    connections, kept = store._connections, list[datetime]()  # noqa: SLF001 - to come between
    execute = connections.execute
    async with await AsyncConnection.connect(address) as other:
        await other.execute(*Commit(Writes([DayWrite(read, schedule("2026-11-23"))])).query())

        async def interrupted(query: Query) -> list[Row]:
            rows = await execute(query)
            if "end_views" in query.statement:
                kept.append(await kept_instant(store))
                await other.commit()
            return rows

        connections.execute = interrupted  # type: ignore[method-assign]
        await store.end_views()
    assert await there(store) == set()
    assert await there(store, instant=kept[0]) == {"first"}
    connections.execute = execute  # type: ignore[method-assign]
    await store.end_views()
    async with await AsyncConnection.connect(address) as other:
        left = await (await other.execute("SELECT count(*) FROM past_entries")).fetchone()
    assert left == (0,)


async def test_no_view_is_kept_by_a_server_whose_transactions_the_tables_do_not_count(
    store: PostgresqlStore, address: str
) -> None:
    await put(store, schedule("2026-11-23", FIRST))
    async with await AsyncConnection.connect(address, autocommit=True) as connection:
        await connection.execute("UPDATE cluster SET identifier = identifier + 1")
        with pytest.raises(StoreRefused, match=r"another server.*shared\.runtime\.migrate"):
            await kept_instant(store)
        await migrate(connection)
    assert await there(store, instant=await kept_instant(store)) == {"first"}


# A server that takes over


@pytest.mark.usefixtures("postgresql")  # It starts two of its own, but not where there is none.
async def test_nothing_acknowledged_is_lost_when_a_standby_takes_over() -> None:
    """With a standby that confirms commits, as highly available instances of Cloud SQL have one."""
    async with AsyncExitStack() as stack:
        pair = await asyncio.to_thread(stack.enter_context, server_with_standby())
        (primary, standby), name = pair, "clinic"
        await asyncio.to_thread(primary.new_database, name)
        proxy = await stack.enter_async_context(Proxy(primary.port))
        store = opened(primary.address(name, proxy.port), seconds=2)
        acknowledged: dict[DayKey, set[str]] = {key(day): set() for day in DAYS}
        booking = [asyncio.create_task(book(store, each, acknowledged)) for each in acknowledged]
        await until(acknowledged, 3)
        beside = opened(standby.address(name))
        with pytest.raises(StoreUnavailable, match="read-only"):
            await beside.block(PatientKey("0" * 40), at("2026-11-23T09:00Z"))
        await asyncio.to_thread(primary.kill)
        await asyncio.to_thread(standby.promote)
        await beside.block(PatientKey("0" * 40), at("2026-11-23T09:00Z"))
        await beside.close()
        stack.enter_context(proxy.leading_to(standby.port))
        await until(acknowledged, 8)
        for task in booking:
            task.cancel()
        await asyncio.gather(*booking, return_exceptions=True)
        kept = opened(standby.address(name))
        for day, ids in acknowledged.items():
            assert ids <= await there(kept, day)
        await store.close()
        await kept.close()


async def book(store: Store, day: DayKey, acknowledged: Mapping[DayKey, set[str]]) -> None:
    """Book one time after the other, each again until it stands; note what was acknowledged."""
    for number in range(9 * 60, 17 * 60):
        start, end = (f"{day.day}T{n // 60:02}:{n % 60:02}Z" for n in (number, number + 1))
        new = appointment(start, end, str(number))
        while new.id not in acknowledged[day]:
            with suppress(StoreUnavailable, VersionConflict):
                async with store.snapshot() as snapshot:
                    read = (await snapshot.load(Keys(days=[day]))).days[day]
                if new.id not in read.value.entries:
                    await store.commit(Writes([DayWrite(read, read.value.with_appointment(new))]))
                    acknowledged[day].add(new.id)
                    continue
                break  # An earlier try had happened.


async def until(acknowledged: Mapping[DayKey, set[str]], more: int) -> None:
    """Wait until so many more bookings of every day are acknowledged."""
    wanted = {day: len(ids) + more for day, ids in acknowledged.items()}
    async with asyncio.timeout(120):
        for day, number in wanted.items():
            while len(acknowledged[day]) < number:  # noqa: ASYNC110 - of a server, too
                await asyncio.sleep(0.01)


# Errors


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("AP001", VersionConflict),
        ("AP002", StoreRefused),
        ("25P02", StoreUnavailable),
        ("40001", VersionConflict),
        ("40P01", VersionConflict),
        ("57P01", StoreUnavailable),
        ("08006", StoreUnavailable),
        ("25006", StoreUnavailable),
        ("25P03", StoreUnavailable),
        ("53300", StoreUnavailable),
        ("55P03", RowLockedError),
        ("53100", StoreRefused),
        ("42501", StoreRefused),
        ("22P02", StoreRefused),
    ],
)
def test_errors_of_the_server_mean_what_the_port_says(code: str, meaning: type[Exception]) -> None:
    error = psycopg.Error("what is wrong\nDETAIL: of whom")
    error.sqlstate = code
    told = as_store_error(error)
    assert type(told) is meaning
    assert "DETAIL" not in str(told)


async def test_a_database_without_tables_says_how_they_are_made(
    postgresql: PostgresqlServer,
) -> None:
    store = opened(postgresql.new_database(template="template0"))
    with pytest.raises(StoreRefused, match=r"shared\.runtime\.migrate"):
        await store.clinic()
    await store.close()


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    store = opened(f"postgresql://{HOST}:{free_port()}/clinic", seconds=0.5)
    with pytest.raises(StoreUnavailable, match="refused"):
        await store.clinic()
    await store.close()


def test_what_a_pool_warns_of_is_not_printed_where_no_log_is() -> None:
    address = f"postgresql://{HOST}:{free_port()}/clinic"
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", UNAVAILABLE, address], capture_output=True, text=True, check=True
    )
    assert (ended.stdout, ended.stderr) == ("unavailable\n", "")


async def test_who_gets_no_connection_is_told_why(postgresql: PostgresqlServer) -> None:
    address, _, _ = postgresql.new_database().rpartition("/")
    store = opened(f"{address}/nowhere", seconds=0.5)
    with pytest.raises(StoreUnavailable, match=r'database "nowhere" does not exist$'):
        await store.clinic()
    await store.close()


TABLES = ("records", "outbox", "series")


class Pages:
    """Connections whose statements return so many rows, one after the other."""

    def __init__(self, *rows: int) -> None:
        self.asked: list[str] = []
        self._rows = list(rows)

    async def write(self, query: Query) -> list[list[tuple[int]]]:
        self.asked.append(next(t for t in TABLES if f" {t} " in query.statement))
        return [[(1,)] * self._rows.pop(0)]


async def test_what_others_delete_beside_an_erasure_hides_nothing_behind_it() -> None:
    pages = Pages(0, 199, 3, 0, 0)
    assert await erase_records(cast("Connections", pages), ["a"]) == 202
    assert pages.asked == ["records", "outbox", "outbox", "outbox", "series"]
