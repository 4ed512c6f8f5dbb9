"""SQLite files of versions before this one: all in them stays, and more can be kept."""

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from shared.model.elsewhere import ElsewhereKey, Pointer
from shared.model.idempotency_record import IdempotencyRecord
from shared.model.override import Override
from shared.model.patient_history import PastAppointment
from shared.model.patient_key import patient_key
from shared.model.patient_schedule import PatientSchedule
from shared.model.series import Series
from shared.store.instant_numbers import to_instant
from shared.store.port import DayWrite, Keys, OverrideWrite, PatientWrite, StoreRefused, Writes
from shared.store.sqlite.store import SqliteStore
from tests.builders import appointment, at, doctor, key, schedule, span

VERSION_4 = """
    CREATE TABLE doctors (id TEXT PRIMARY KEY, body TEXT NOT NULL);
    CREATE TABLE receipts (key TEXT PRIMARY KEY, expires_at TEXT NOT NULL, body TEXT NOT NULL);
    CREATE TABLE clock (instant INTEGER NOT NULL, kept_from INTEGER NOT NULL);
    CREATE TABLE doctor_days (
        doctor_id TEXT, day TEXT, version INTEGER NOT NULL,
        schema INTEGER NOT NULL, derived TEXT,
        PRIMARY KEY (doctor_id, day)
    ) WITHOUT ROWID;
    CREATE TABLE entries (
        doctor_id TEXT, day TEXT, id TEXT, since INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (doctor_id, day, id)
    ) WITHOUT ROWID;
    CREATE TABLE past_entries (
        doctor_id TEXT, day TEXT, id TEXT, until INTEGER,
        since INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (doctor_id, day, id, until)
    ) WITHOUT ROWID;
    CREATE TABLE elsewhere (
        doctor_id TEXT, id TEXT, since INTEGER NOT NULL, start INTEGER, body TEXT NOT NULL,
        PRIMARY KEY (doctor_id, id)
    ) WITHOUT ROWID;
    CREATE INDEX ended ON elsewhere (doctor_id, start, id) WHERE start IS NOT NULL;
    CREATE TABLE past_elsewhere (
        doctor_id TEXT, id TEXT, until INTEGER, since INTEGER NOT NULL,
        start INTEGER, body TEXT NOT NULL,
        PRIMARY KEY (doctor_id, id, until)
    ) WITHOUT ROWID;
    CREATE TABLE secrets (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
    CREATE INDEX receipts_by_expiry ON receipts (expires_at);
    CREATE INDEX past_entries_by_end ON past_entries (until);
    CREATE INDEX past_elsewhere_by_end ON past_elsewhere (until);

    INSERT INTO clock VALUES (2000, 0);
    INSERT INTO doctors VALUES (
        'strange',
        '{"kind":"doctor","schema":3,"id":"strange","name":"Doctor Strange","time_zone":"UTC",\
"day_shift_minutes":0,"working_hours":[{"days":["mon","tue","wed","thu","fri"],\
"opens":"09:00","closes":"17:00"}]}'
    );
    INSERT INTO doctor_days VALUES ('strange', '2026-11-23', 7, 3, NULL);
    INSERT INTO entries VALUES (
        'strange', '2026-11-23', 'a', 2000,
        '{"id":"a","start":"2026-11-23T10:00:00Z","end":"2026-11-23T10:30:00Z",\
"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","kind":"appointment",\
"schema":3,"patient":{"name":"Ada Lovelace"}}'
    );
    INSERT INTO past_entries VALUES (
        'strange', '2026-11-23', 'a', 2000, 1000,
        '{"id":"a","start":"2026-11-23T09:00:00Z","end":"2026-11-23T09:30:00Z",\
"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","kind":"appointment",\
"schema":3,"patient":{"name":"Ada Lovelace"}}'
    );
    INSERT INTO elsewhere VALUES (
        'strange', 'b', 1000, NULL,
        '{"kind":"pointer","schema":3,"doctor_id":"who","day":"2026-11-24"}'
    );
    INSERT INTO receipts VALUES (
        'key', '2099-01-01T00:00:00Z',
        '{"kind":"idempotency_record","schema":3,"fingerprint":"print","appointment_id":"a",\
"expires_at":"2099-01-01T00:00:00Z","request_id":"request"}'
    );
    INSERT INTO secrets VALUES ('name', '{"kind":"secret","schema":3,"value":"known"}');
    PRAGMA user_version = 4
"""
"""A file with a doctor, a moved appointment, a pointer, an idempotency record and a secret."""

ADA = patient_key("https://issuer", "ada")
MONDAY, TOLD = key("2026-11-23"), ElsewhereKey("strange", "b")
BEFORE = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z")
AFTER = appointment("2026-11-23T10:00Z", "2026-11-23T10:30Z")
HOLIDAY = Override(
    id="strange.override.1",
    doctor_id="strange",
    kind="time_off",
    interval=span("2026-11-23T12:00Z", "2026-11-24T12:00Z"),
    created_at=at("2026-01-01T00:00Z"),
)
SERIES = Series(
    id="strange.series.1",
    doctor_id="strange",
    rule="FREQ=DAILY;COUNT=1",
    holder="ada",
    created_at=at("2026-01-01T00:00Z"),
    appointment_ids=("a",),
)
RECORD = IdempotencyRecord("key", "print", "a", at("2099-01-01T00:00Z"), "request")

BEFORE_HISTORIES_TOLD_STARTS = """
    ALTER TABLE patient_history DROP COLUMN start;
    DROP TABLE clinic;
    DROP TABLE offers;
    DROP TABLE overrides;
    DROP TABLE series;
    DROP TABLE outbox;
    DROP TABLE calendar_links;
    PRAGMA user_version = 5
"""
"""Makes a file of this version one of that version."""

BEFORE_SERIES = """
    DROP TABLE series;
    DROP TABLE outbox;
    DROP TABLE calendar_links;
    PRAGMA user_version = 7
"""
"""The same, of a later one."""
SINCE_SERIES = (
    "CREATE TABLE series ",
    "CREATE TABLE outbox ",
    "CREATE INDEX outbox_",
    "CREATE TABLE calendar_links ",
)


@pytest.fixture
def path(tmp_path: Path) -> str:
    path = str(tmp_path / "appointments.db")
    run(path, VERSION_4)
    return path


@pytest.fixture
async def store(path: str) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(path, now=lambda: to_instant(3000))
    yield opened
    await opened.close()


def run(path: str, script: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def dump(path: str) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        return [*connection.iterdump(), str(version)]


async def test_all_that_a_file_held_is_there_and_patients_can_be_kept_beside_it(
    store: SqliteStore,
) -> None:
    async with store.snapshot() as snapshot:
        state = await snapshot.load(
            Keys(days=[MONDAY], records=["key"], elsewhere=[TOLD], patients=[ADA])
        )
    assert state.days[MONDAY].value == schedule("2026-11-23", AFTER)
    assert state.days[MONDAY].version == 7
    assert state.records["key"].value == RECORD
    assert state.elsewhere[TOLD].value == Pointer(key("2026-11-24", "who"))
    assert await store.secret("name", "other") == "known"
    booked = PatientSchedule(ADA, (AFTER,))
    await store.commit(Writes(patients=[PatientWrite(state.patients[ADA], booked)]))
    async with store.snapshot() as snapshot:
        found = (await snapshot.load(Keys(patients=[ADA]))).patients[ADA]
    assert found.value == booked


async def test_doctors_of_a_file_offer_every_service_until_they_are_put_again(
    store: SqliteStore,
) -> None:
    assert await store.list_doctors(10) == [doctor()]
    assert await store.list_doctors(10, service_id="x-ray") == [doctor()]
    check_ups = replace(doctor(), services=frozenset({"check-up"}))
    await store.put_doctors([check_ups])
    assert await store.list_doctors(10, service_id="x-ray") == []
    assert await store.list_doctors(10, service_id="check-up") == [check_ups]


async def test_overrides_and_the_clinic_can_be_kept_beside_what_a_file_held(
    store: SqliteStore,
) -> None:
    async with store.snapshot() as snapshot:
        read = (await snapshot.load(Keys(days=[MONDAY]))).days[MONDAY]
    away = DayWrite(read, read.value.with_override(HOLIDAY.entry))
    await store.commit(Writes([away], overrides=[OverrideWrite(HOLIDAY, None)]))
    async with store.snapshot() as snapshot:
        state = await snapshot.load(Keys(days=[MONDAY], overrides=[HOLIDAY.key]))
    assert state.days[MONDAY].value == schedule("2026-11-23", AFTER).with_override(HOLIDAY.entry)
    assert state.overrides[HOLIDAY.key].value == HOLIDAY
    assert await store.clinic() == {}
    await store.put_clinic({"services": []})
    assert await store.clinic() == {"services": []}


async def test_the_past_of_a_file_can_still_be_read(store: SqliteStore) -> None:
    async with store.snapshot(to_instant(1500)) as snapshot:
        state = await snapshot.load(Keys(days=[MONDAY], patients=[ADA]))
    assert state.days[MONDAY].value == schedule("2026-11-23", BEFORE)
    assert state.patients[ADA].value == PatientSchedule(ADA)


async def test_records_of_before_can_be_erased(store: SqliteStore, path: str) -> None:
    await store.erase_records(["a"])
    with closing(sqlite3.connect(path)) as connection:
        ((body,),) = connection.execute("SELECT body FROM receipts").fetchall()
    fields = json.loads(body)
    assert (fields["fingerprint"], fields["request_id"]) == ("erased", "request")


async def test_a_history_without_starts_is_kept_and_goes_on_with_them(tmp_path: Path) -> None:
    path = str(tmp_path / "other.db")
    store = SqliteStore(path)
    store.prepare([])
    run(path, BEFORE_HISTORIES_TOLD_STARTS)
    with closing(sqlite3.connect(path)) as connection, connection:
        row = (ADA.digits, "2026-11", "old", 0)
        connection.execute("INSERT INTO patient_history VALUES (?, ?, ?, ?)", row)
    booked, ended = PatientSchedule(ADA, (BEFORE,)), PatientSchedule(ADA)
    for schedule_ in (booked, ended):
        async with store.snapshot() as snapshot:
            read = (await snapshot.load(Keys(patients=[ADA]))).patients[ADA]
        await store.commit(Writes(patients=[PatientWrite(read, schedule_)]))
    async with store.snapshot() as snapshot:
        assert await snapshot.history(ADA, MONDAY.day, MONDAY.day) == [
            PastAppointment("a", "2026-11", at("2026-11-23T09:00Z")),
            PastAppointment("old", "2026-11", None),
        ]
    await store.close()


async def test_series_can_be_kept_beside_what_a_file_without_them_held(
    store: SqliteStore, path: str
) -> None:
    async with store.snapshot() as snapshot:
        read = (await snapshot.load(Keys(days=[MONDAY]))).days[MONDAY]
    away = DayWrite(read, read.value.with_override(HOLIDAY.entry))
    await store.commit(Writes([away], overrides=[OverrideWrite(HOLIDAY, None)]))
    await store.close()
    run(path, BEFORE_SERIES)
    before = dump(path)
    opened = SqliteStore(path)
    async with opened.snapshot() as snapshot:
        state = await snapshot.load(
            Keys(days=[MONDAY], records=["key"], elsewhere=[TOLD], series=[SERIES.id])
        )
    assert state.series == {SERIES.id: None}
    assert state.days[MONDAY].value == away.day
    assert state.records["key"].value == RECORD
    *statements, version = dump(path)
    assert [s for s in statements if not s.startswith(SINCE_SERIES)] == before[:-1]
    assert (before[-1], version) == ("7", "10")
    await opened.commit(Writes(series=[SERIES]))
    async with opened.snapshot() as snapshot:
        assert (await snapshot.load(Keys(series=[SERIES.id]))).series == {SERIES.id: SERIES}
    await opened.close()


async def test_a_file_that_cannot_be_upgraded_whole_stays_as_it_was(
    store: SqliteStore, path: str
) -> None:
    run(path, "CREATE TABLE blocked (in_the_way)")
    before = dump(path)
    with pytest.raises(StoreRefused, match="already exists"):
        await store.blocked()
    assert dump(path) == before
