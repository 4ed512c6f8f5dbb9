"""How SQLite forgets: the past hour can be read, and nothing that was replaced before it."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial

import pytest

from shared.model.appointment import Appointment
from shared.model.idempotency_record import IdempotencyRecord
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.model.series import Series
from shared.store.port import DayWrite, Keys, PatientWrite, RecordWrite, SnapshotExpired, Writes
from shared.store.sqlite.erasing import (
    _ERASE_HOLDERS,
    _ERASE_RECORDS,
    erase_patient,
    erase_records,
)
from shared.store.sqlite.override_rows import _STARTING
from shared.store.sqlite.patient_rows import _READ_AT
from shared.store.sqlite.pruning import _DELETE_PAST, _DELETE_PAST_PATIENTS, _DELETE_RECORDS
from shared.store.sqlite.rows import _DOCTORS_OFFERING
from shared.store.sqlite.store import SqliteStore
from tests.builders import appointment, at, key, schedule
from tests.functions.api import Clock

MONDAY, ADA = key("2026-11-23"), PatientKey("ada" + 37 * "0")
EARLY = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "early")
LATE = appointment("2026-11-23T16:00Z", "2026-11-23T17:00Z", "late")

NOW = at("2026-11-20T12:00Z")
MICROSECOND, HOUR = timedelta(microseconds=1), timedelta(hours=1)
KEPT = "SELECT id FROM past_entries ORDER BY until, id"


@pytest.fixture
def path(tmp_path: object) -> str:
    return f"{tmp_path}/appointments.db"


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
async def store(path: str, clock: Clock) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(path, now=clock)
    yield opened
    await opened.close()


@pytest.fixture
async def pruner(path: str, clock: Clock) -> AsyncIterator[SqliteStore]:
    """Another instance, which prunes at every round of commits."""
    opened = SqliteStore(path, prune_seconds=0, now=clock)
    yield opened
    await opened.close()


async def put(store: SqliteStore, *appointments: Appointment) -> datetime:
    """Put these on Monday in place of all others; the instant from which on they are there."""
    async with store.snapshot() as snapshot:
        monday = (await snapshot.load(Keys(days=[MONDAY]))).days[MONDAY]
    await store.commit(Writes([DayWrite(monday, schedule("2026-11-23", *appointments))]))
    return await instant_of(store)


async def book(store: SqliteStore, *appointments: Appointment) -> datetime:
    """Let a patient have these and no others; the instant from which on that is so."""
    async with store.snapshot() as snapshot:
        read = (await snapshot.load(Keys(patients=[ADA]))).patients[ADA]
    write = PatientWrite(read, PatientSchedule(ADA, appointments))
    await store.commit(Writes(patients=[write]))
    return await instant_of(store)


async def booked_at(store: SqliteStore, instant: datetime) -> list[str] | None:
    """What the patient had booked at an instant; None if it has expired."""
    try:
        async with store.snapshot(instant) as snapshot:
            state = await snapshot.load(Keys(patients=[ADA]))
    except SnapshotExpired:
        return None
    return [a.id for a in state.patients[ADA].value.appointments]


def record(name: str, expires_at: datetime) -> IdempotencyRecord:
    return IdempotencyRecord(name, "print", "a", expires_at)


async def fill(store: SqliteStore, entries: int, records: int) -> None:
    """Replace so many entries, and leave so many records that expire within the hour."""
    await put(store, *(EARLY._replace(id=str(number)) for number in range(entries)))
    await put(store)
    writes = [RecordWrite(record(str(number), NOW + HOUR), None) for number in range(records)]
    await store.commit(Writes(records=writes))


def rows_in(path: str) -> tuple[object, ...]:
    """How many replaced entries and records there are."""
    counts = "SELECT (SELECT count(*) FROM past_entries), (SELECT count(*) FROM receipts)"
    return query(path, counts)[0]


async def instant_of(store: SqliteStore) -> datetime:
    """The instant of a view of now."""
    async with store.snapshot() as snapshot:
        return await snapshot.instant()


async def ids_at(store: SqliteStore, instant: datetime) -> list[str] | None:
    """What was on Monday at an instant; None if it has expired."""
    try:
        async with store.snapshot(instant) as snapshot:
            days = [day async for day in snapshot.scan("strange", MONDAY.day, MONDAY.day)]
    except SnapshotExpired:
        return None
    return [a.id for day in days for a in day.appointments]


def query(path: str, statement: str, *values: object) -> list[tuple[object, ...]]:
    """What another program would be told."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(statement, values).fetchall()


# What can be read


@pytest.mark.parametrize("pruned", [False, True], ids=["rows-still-there", "pruned"])
async def test_what_was_replaced_can_be_read_for_an_hour_and_no_longer(
    store: SqliteStore,
    pruner: SqliteStore,
    clock: Clock,
    pruned: bool,  # noqa: FBT001
) -> None:
    before = await put(store, EARLY)
    clock.now = NOW + timedelta(minutes=10)
    after = await put(store, LATE)
    for since, expected in ((HOUR - MICROSECOND, ["early"]), (HOUR, None), (30 * 24 * HOUR, None)):
        clock.now = after + since
        if pruned:
            await pruner.commit(Writes())
        assert await ids_at(store, before) == expected
        assert await ids_at(store, after - MICROSECOND) == expected
        assert await ids_at(store, after) == ["late"]


async def test_a_view_that_was_current_within_the_hour_can_be_read_however_old_it_is(
    store: SqliteStore, pruner: SqliteStore, clock: Clock
) -> None:
    night = await put(store, EARLY)
    clock.now = NOW + 12 * HOUR
    assert await instant_of(store) == night  # It is that of every view until the morning.
    await put(store, LATE)
    clock.now += timedelta(minutes=59)
    await pruner.commit(Writes())
    assert await ids_at(store, night) == ["early"]
    clock.now += timedelta(minutes=1)
    assert await ids_at(store, night) is None


@pytest.mark.parametrize("pruned", [False, True], ids=["rows-still-there", "pruned"])
async def test_so_is_what_a_patient_had_booked(
    store: SqliteStore,
    pruner: SqliteStore,
    clock: Clock,
    pruned: bool,  # noqa: FBT001
) -> None:
    before, after = await book(store, EARLY), await book(store, LATE)
    for since, expected in ((HOUR - MICROSECOND, ["early"]), (HOUR, None)):
        clock.now = after + since
        if pruned:
            await pruner.commit(Writes())
        assert await booked_at(store, before) == expected
        assert await booked_at(store, after) == ["late"]


async def test_an_instant_that_is_yet_to_come_is_refused(store: SqliteStore, clock: Clock) -> None:
    last = await put(store, EARLY)
    clock.now += HOUR
    assert await ids_at(store, last + MICROSECOND) is None


# Clocks that are wrong


async def test_what_was_dropped_stays_so_when_the_clock_of_the_machine_is_put_back(
    store: SqliteStore, pruner: SqliteStore, clock: Clock
) -> None:
    before = await put(store, EARLY)
    after = await put(store, LATE)
    clock.now = NOW + 2 * HOUR
    await pruner.commit(Writes())
    clock.now = NOW
    assert await ids_at(store, before) is None
    assert await ids_at(store, after) == ["late"]


async def test_a_clock_that_was_put_back_forgets_by_that_of_the_file(
    store: SqliteStore, pruner: SqliteStore, clock: Clock, path: str
) -> None:
    first = await put(store, EARLY)
    second = await put(store, LATE)
    clock.now = NOW + HOUR - MICROSECOND
    third = await put(store, EARLY)
    clock.now -= HOUR / 2
    assert [await ids_at(store, instant) for instant in (first, second)] == [["early"], ["late"]]
    fourth = await put(pruner, LATE)
    assert fourth == third + MICROSECOND
    last = await put(pruner, EARLY)  # An hour of the file after the second.
    assert await ids_at(store, first) is None
    shown = [await ids_at(store, instant) for instant in (second, third, fourth, last)]
    assert shown == [["late"], ["early"], ["late"], ["early"]]
    await put(pruner, LATE)
    assert query(path, KEPT) == [("late",), ("early",), ("late",), ("early",)]


async def test_after_a_clock_that_was_far_ahead_the_file_does_not_grow_until_it_catches_up(
    store: SqliteStore, pruner: SqliteStore, clock: Clock, path: str
) -> None:
    clock.now = NOW + HOUR + 2 * MICROSECOND
    await put(store, EARLY)
    clock.now = NOW
    before = await put(store, LATE)
    assert await ids_at(store, before) == ["late"]
    after = await put(pruner, EARLY)
    last = await put(pruner, LATE)
    assert [await ids_at(store, instant) for instant in (before, after)] == [None, ["early"]]
    assert await ids_at(store, last) == ["late"]
    assert query(path, KEPT) == [("early",)]


async def test_a_clock_that_runs_ahead_refuses_what_was_replaced_but_never_the_last_commit(
    store: SqliteStore, clock: Clock
) -> None:
    before = await put(store, EARLY)
    after = await put(store, LATE)
    clock.now = at("2100-01-01T00:00Z")
    assert await ids_at(store, before) is None
    assert await ids_at(store, after) == ["late"]
    clock.now = NOW
    assert await ids_at(store, before) == ["early"]


async def test_instants_go_on_when_the_clock_of_the_machine_is_put_back(
    store: SqliteStore, clock: Clock
) -> None:
    clock.now = at("2100-01-01T00:00Z")
    await put(store, EARLY)
    clock.now = NOW
    instants = [await put(store, EARLY, LATE), await put(store, LATE), await put(store)]
    assert instants == [
        at("2100-01-01T00:00:00.000001Z"),
        at("2100-01-01T00:00:00.000002Z"),
        at("2100-01-01T00:00:00.000003Z"),
    ]
    shown = [await ids_at(store, instant) for instant in instants]
    assert shown == [["early", "late"], ["late"], []]


# What is deleted


@pytest.fixture(params=["as-time-goes-by", "at-a-start"])
def prune(request: pytest.FixtureRequest, pruner: SqliteStore) -> Callable[[], Awaitable[object]]:
    """Do what deletes: a commit, or a start."""

    async def start() -> None:
        pruner.prepare([])

    return start if request.param == "at-a-start" else lambda: pruner.commit(Writes())


async def test_what_can_no_longer_be_read_is_deleted(
    store: SqliteStore, clock: Clock, path: str, prune: Callable[[], Awaitable[object]]
) -> None:
    await put(store, EARLY)
    await put(store, LATE)
    clock.now = NOW + timedelta(minutes=1)
    await put(store, EARLY)
    kept = []
    for end in (MICROSECOND, timedelta(minutes=1)):
        clock.now = NOW + end + HOUR - MICROSECOND
        await prune()
        kept.append(query(path, KEPT))
        clock.now += MICROSECOND
        await prune()
        kept.append(query(path, KEPT))
    assert kept == [[("early",), ("late",)], [("late",)], [("late",)], []]


async def test_what_a_patient_had_booked_is_deleted_too(
    store: SqliteStore, clock: Clock, path: str, prune: Callable[[], Awaitable[object]]
) -> None:
    for appointments in ([EARLY], [EARLY, LATE], []):  # Each a microsecond after the one before.
        await book(store, *appointments)
    kept = []
    for microseconds in range(3):
        clock.now = NOW + HOUR + microseconds * MICROSECOND
        await prune()
        kept += query(path, "SELECT count(*) FROM past_patients")
    assert kept == [(2,), (1,), (0,)]


async def test_an_erasure_deletes_all_of_the_past_at_once_and_nothing_that_is_current(
    store: SqliteStore, path: str
) -> None:
    await fill(store, 500, 300)
    before = await put(store, EARLY)
    await put(store, LATE)
    for appointments in ([EARLY], [LATE]):
        await book(store, *appointments)
    assert (await ids_at(store, before), rows_in(path)) == (["early"], (501, 300))
    await store.end_views()
    assert (await ids_at(store, before), rows_in(path)) == (None, (0, 300))
    assert query(path, "SELECT count(*) FROM past_patients") == [(0,)]
    last = await instant_of(store)
    assert (await ids_at(store, last), await booked_at(store, last)) == (["late"], ["late"])


async def test_an_erasure_takes_two_hundred_rows_at_a_time(store: SqliteStore, path: str) -> None:
    await fill(store, 0, 500)
    await book(store, *(EARLY._replace(id=str(number)) for number in range(500)))
    await book(store)
    async with store.snapshot() as snapshot:
        read = (await snapshot.load(Keys(patients=[ADA]))).patients[ADA]
    left, more = [], []
    records = partial(erase_records, ids=["a"], most=200)
    rest = partial(erase_patient, read=read, rest=PatientSchedule(ADA), now=NOW, most=200)
    for step in (*[records] * 3, *[rest] * 3):
        more.append(await store._writer.run(step))  # noqa: SLF001 - a transaction
        left += query(
            path,
            """
            SELECT (SELECT count(*) FROM receipts WHERE body NOT LIKE '%erased%'),
            (SELECT count(*) FROM patient_history), (SELECT count(*) FROM patients)
            """,
        )
    assert left == [
        *[(300, 500, 1), (100, 500, 1), (0, 500, 1)],
        *[(0, 300, 1), (0, 100, 1), (0, 0, 0)],
    ]
    assert more == [True, True, False] * 2


async def test_an_erasure_takes_two_hundred_series_at_a_time_after_the_records(
    store: SqliteStore, path: str
) -> None:
    await fill(store, 0, 250)
    many = [Series(f"strange.series.{n}", "strange", "", "ada", NOW, ()) for n in range(450)]
    await store.commit(Writes(series=many))
    step = partial(erase_records, ids=["a", *(each.id for each in many)], most=200)
    counts = """
        SELECT (SELECT count(*) FROM receipts WHERE body NOT LIKE '%erased%'),
        (SELECT count(*) FROM series WHERE body LIKE '%ada%')
    """
    left, more = [], []
    for _ in range(4):
        more.append(await store._writer.run(step))  # noqa: SLF001 - a transaction
        left += query(path, counts)
    assert left == [(50, 450), (0, 250), (0, 50), (0, 0)]
    assert more == [True, True, True, False]


async def test_what_an_erasure_left_that_was_cut_off_is_erased_by_the_next(
    store: SqliteStore, path: str
) -> None:
    await fill(store, 0, 250)
    records = partial(erase_records, ids=["a"], most=200)
    erased = "SELECT count(*) FROM receipts WHERE body LIKE '%erased%'"
    assert await store._writer.run(records)  # noqa: SLF001 - more are left
    assert query(path, erased) == [(200,)]
    await store.erase_records(["a"])
    assert query(path, erased) == [(250,)]


async def test_the_past_that_an_erasure_left_that_was_cut_off_goes_with_the_next_commits(
    store: SqliteStore, path: str
) -> None:
    await fill(store, 300, 0)
    await store.commit(Writes())  # Nothing is due for five minutes.
    writer = store._writer  # noqa: SLF001 - to end them, and leave all of the past
    await writer.run(writer._end_views)  # noqa: SLF001
    left = []
    for _ in range(2):
        await store.commit(Writes())
        left.append(rows_in(path))
    assert left == [(100, 0), (0, 0)]


async def test_expired_records_are_deleted(
    store: SqliteStore, clock: Clock, path: str, prune: Callable[[], Awaitable[object]]
) -> None:
    writes = [RecordWrite(record(name, NOW + HOUR), None) for name in ("a", "b")]
    await store.commit(Writes(records=[*writes, RecordWrite(record("c", NOW + 2 * HOUR), None)]))
    clock.now = NOW + HOUR
    await prune()
    assert rows_in(path) == (0, 3)
    clock.now = NOW + HOUR + timedelta(minutes=5)
    await prune()
    assert query(path, "SELECT key FROM receipts") == [("c",)]


@pytest.mark.parametrize(("entries", "records"), [(1, 0), (0, 1), (1, 1)])
async def test_a_commit_deletes_two_hundred_of_each_at_most_and_the_next_ones_the_rest(
    store: SqliteStore, clock: Clock, path: str, entries: int, records: int
) -> None:
    await fill(store, entries * 500, records * 500)
    clock.now += HOUR + timedelta(seconds=1)
    left = []
    for _ in range(4):
        await store.commit(Writes())
        left.append(rows_in(path))
    assert left == [(entries * n, records * n) for n in (300, 100, 0, 0)]


@pytest.mark.parametrize("direction", [1, -1], ids=["on", "put-back"])
async def test_it_is_looked_for_every_five_minutes_by_a_clock_that_may_be_put_back(
    store: SqliteStore, clock: Clock, path: str, direction: int
) -> None:
    await store.commit(Writes(records=[RecordWrite(record("a", at("2026-11-19T12:00Z")), None)]))
    clock.now += direction * timedelta(seconds=299)
    await store.commit(Writes())
    assert rows_in(path) == (0, 1)
    clock.now += direction * timedelta(seconds=1)
    await store.commit(Writes())
    assert rows_in(path) == (0, 0)


async def test_a_start_deletes_all_of_it(store: SqliteStore, clock: Clock, path: str) -> None:
    await fill(store, 2500, 12_500)
    clock.now += HOUR + timedelta(seconds=1)
    store.prepare([])
    assert rows_in(path) == (0, 0)


def assert_nothing_is_scanned(
    path: str, statement: str, values: Sequence[object] | Mapping[str, object], but: str = "-"
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
    plan = [str(row[-1]) for row in rows]
    assert not [step for step in plan if step.startswith("SCAN") and but not in step], plan


async def test_what_is_to_be_deleted_is_found_without_reading_all_the_rest(
    store: SqliteStore, path: str
) -> None:
    store.prepare([])
    for statement, values in (
        (_DELETE_PAST, (1, 2)),
        (_DELETE_PAST_PATIENTS, (1, 2)),
        (_DELETE_RECORDS, ("2", 2)),
        ("SELECT max(until) FROM past_entries WHERE until <= ?", (1,)),
        ("SELECT max(until) FROM past_elsewhere WHERE until <= ?", (1,)),
        ("SELECT max(until) FROM past_patients WHERE until <= ?", (1,)),
    ):
        assert_nothing_is_scanned(path, statement, values)


async def test_what_is_to_be_erased_or_was_replaced_is_found_without_reading_all_the_rest(
    store: SqliteStore, path: str
) -> None:
    store.prepare([])
    asked = {"ids": '["a"]', "erased": "erased", "most": 2}
    assert_nothing_is_scanned(path, _ERASE_RECORDS, asked, but="json_each")
    assert_nothing_is_scanned(path, _ERASE_HOLDERS, {"ids": '["a"]', "most": 2}, but="json_each")
    assert_nothing_is_scanned(path, _READ_AT, {"digits": "ada", "past": 1})


async def test_doctors_of_a_service_and_overrides_are_found_without_reading_all_the_rest(
    store: SqliteStore, path: str
) -> None:
    store.prepare([])
    page = {"service": "x-ray", "after": "strange", "limit": 2}
    assert_nothing_is_scanned(path, _DOCTORS_OFFERING, page)
    starting = {"doctor": "strange", "after": 1, "after_id": "", "end": 2, "limit": 2}
    assert_nothing_is_scanned(path, _STARTING, starting)
