"""A SQLite file of release 1.0, which is brought over to doctor-days when it is opened."""

import sqlite3
import threading
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from shared.store.instant_numbers import to_instant
from shared.store.port import Keys, SnapshotExpired, StoreRefused
from shared.store.sqlite.store import SqliteStore
from tests.builders import at, key
from tests.functions.api import Api, Clock, Json, calling
from tests.store.release_1_0 import File

NOW = at("2099-01-01T00:00Z")
SUMMER = {"start": "2099-06-01T00:00Z", "end": "2099-09-01T00:00Z"}

# What holds its time, what does not any more, and what nobody can read, by doctor. In summer, the
# days of Berlin and New York end at one o'clock on the wall clock.
HELD: dict[str, dict[str, str]] = {
    "berlin": {
        "berlin.20990701.first": "2099-06-30T22:00:00Z",
        "berlin.20990701.across": "2099-06-30T22:30:00Z",
        "berlin.20990703.later": "2099-07-05T12:00:00Z",
        "retired.20990703.taken": "2099-07-07T12:00:00Z",
    },
    "york": {
        "york.20990701.across": "2099-07-01T04:30:00Z",
        "berlin.20990703.york": "2099-07-05T12:00:00Z",
    },
    "patan": {"patan.20990701.early": "2099-06-30T18:30:00Z"},
}
ENDED: dict[str, dict[str, str]] = {
    "berlin": {"berlin.20990702.ended": "2099-07-01T22:15:00Z"},
    "york": {"berlin.20990703.ended": "2099-07-06T12:00:00Z"},
    "patan": {},
}
TORN, UNKNOWN = '{"id": "torn"', '{"id": "unknown", "kind": "hold", "schema": 2}'


def fill(file: File) -> None:
    """Put all of that where release 1.0 had it: every one on one local date of its doctor."""
    file.doctor("berlin", "Europe/Berlin")
    file.doctor("york", "America/New_York")
    file.doctor("patan", "Asia/Kathmandu")
    held = {
        "berlin/2099-07-01": ["berlin.20990701.first", "berlin.20990701.across"],
        "berlin/2099-07-05": ["berlin.20990703.later"],
        "berlin/2099-07-07": ["retired.20990703.taken"],
        "york/2099-07-01": ["york.20990701.across"],
        "york/2099-07-05": ["berlin.20990703.york"],
        "patan/2099-07-01": ["patan.20990701.early"],
    }
    for place, names in held.items():
        for name in names:
            start = HELD[place.split("/")[0]][name]
            minutes = 60 if name.endswith("across") else 30
            file.entry(place, name, start, minutes)
    cancelled = {"cancelled_at": "2026-11-20T12:00:00Z", "cancellation_reason": "ill"}
    for place in ("berlin/2099-07-02", "york/2099-07-06"):
        ((name, start),) = ENDED[place.split("/")[0]].items()
        file.entry(place, name, start, 30, **cancelled)
    file.pointer("berlin/2099-07-03", "berlin.20990703.later", "berlin/2099-07-05")
    file.pointer("berlin/2099-07-03", "berlin.20990703.york", "york/2099-07-05")
    file.pointer("berlin/2099-07-03", "berlin.20990703.ended", "york/2099-07-06")
    file.pointer("retired/2099-07-03", "retired.20990703.taken", "berlin/2099-07-07")
    file.body("berlin/2099-07-08", "torn", TORN)
    file.body("berlin/2099-07-08", "unknown", UNKNOWN)
    file.entry("retired/2099-07-04", "retired.20990704.left", "2099-07-04T12:00:00Z", 30)
    times = ["2099-06-30T22:00:00+00:00", "2099-06-30T22:30:00+00:00"]
    booked = ["create_appointment", "berlin", *times, "Ada Lovelace", None, None, None]
    file.record("booked", "berlin.20990701.first", booked)
    moved = ["2099-07-06 12:00:00+00:00", "None", "None"]
    moved = ["reschedule_appointment", "berlin.20990703.ended", "york", *moved]
    file.record("moved", "berlin.20990703.ended", moved)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "appointments.db")


@pytest.fixture(params=[False, True], ids=["of-1.0", "of-the-version-after"])
def file(request: pytest.FixtureRequest, path: str) -> File:
    made = File(path, after_1_0=request.param)
    fill(made)
    return made


@pytest.fixture
async def store(file: File, path: str) -> AsyncIterator[SqliteStore]:
    assert file
    opened = SqliteStore(path)
    yield opened
    await opened.close()


@pytest.fixture
async def api(store: SqliteStore) -> AsyncIterator[Api]:
    async with calling(store, Clock(NOW)) as api:
        yield api


async def listed(api: Api, doctor_id: str, status: str) -> dict[str, datetime]:
    page = await api.page({"doctor_id": doctor_id, "status": status, **SUMMER})
    return starts(page.json()["appointments"])


def starts(appointments: Iterable[Json]) -> dict[str, datetime]:
    return {found["id"]: at(found["start"]) for found in appointments}


def instants(times: dict[str, str]) -> dict[str, datetime]:
    return {name: at(start) for name, start in times.items()}


def query(path: str, statement: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


@pytest.mark.parametrize("doctor_id", HELD)
async def test_every_appointment_is_listed_by_its_doctor_and_found_by_its_id(
    api: Api, doctor_id: str
) -> None:
    held, ended = HELD[doctor_id], ENDED[doctor_id]
    assert await listed(api, doctor_id, "booked") == instants(held)
    assert await listed(api, doctor_id, "all") == instants(held | ended)
    found = [await api.found({"id": name}) for name in held | ended]
    assert starts(found) == instants(held | ended)
    assert {a["doctor_id"] for a in found} == {doctor_id}
    assert [a["status"] for a in found] == ["booked"] * len(held) + ["cancelled"] * len(ended)


@pytest.mark.parametrize("doctor_id", HELD)
async def test_what_holds_its_time_is_not_booked_again_and_the_time_of_what_has_ended_is_free(
    api: Api, doctor_id: str
) -> None:
    async def asked_again(times: dict[str, str]) -> dict[str, int]:
        answers = {name: await api.ask(doctor_id=doctor_id, start=times[name]) for name in times}
        return {name: answer.status_code for name, answer in answers.items()}

    assert await asked_again(HELD[doctor_id]) == dict.fromkeys(HELD[doctor_id], 409)
    assert await asked_again(ENDED[doctor_id]) == dict.fromkeys(ENDED[doctor_id], 201)


async def test_what_crosses_the_end_of_a_doctor_day_stands_whole_in_both(
    store: SqliteStore,
) -> None:
    days = [key("2099-06-30", "berlin"), key("2099-07-01", "berlin")]
    async with store.snapshot() as snapshot:
        found = (await snapshot.load(Keys(days=days))).days
    before, after = (found[day].value.find("berlin.20990701.across") for day in days)
    assert before is not None
    assert before == after
    assert before.told_start == datetime(2099, 7, 1, 0, 30)  # noqa: DTZ001 - in Berlin


async def test_every_appointment_can_still_be_moved_and_cancelled(api: Api) -> None:
    names = [name for held in HELD.values() for name in held]
    for hour, name in enumerate(names):
        await api.move({"id": name}, f"2099-08-01T{hour:02}:00Z", doctor_id="patan")
    assert list(await listed(api, "patan", "booked")) == names
    answers = [await api.cancel({"id": name}) for name in names]
    assert [answer.status_code for answer in answers] == [200] * len(names)
    assert list(await listed(api, "patan", "all")) == names
    assert [await listed(api, doctor_id, "booked") for doctor_id in HELD] == [{}, {}, {}]


async def test_requests_of_before_are_replayed(api: Api) -> None:
    booked = await api.ask("booked", doctor_id="berlin", start="2099-07-01T00:00")
    moved = await api.reschedule(
        {"id": "berlin.20990703.ended"}, "2099-07-06T12:00Z", "moved", doctor_id="york"
    )
    answers = [(a.headers.get("Idempotent-Replayed"), a.json()["id"]) for a in (booked, moved)]
    assert answers == [("true", "berlin.20990701.first"), ("true", "berlin.20990703.ended")]


async def test_what_nobody_can_read_is_left_behind_with_the_reason(
    store: SqliteStore, path: str
) -> None:
    await store.list_doctors(10)
    left = query(path, "SELECT doctor_id, day, id, why FROM left_behind ORDER BY id")
    assert [(*place, why.partition(":")[0]) for *place, why in left] == [
        ("retired", "2099-07-04", "retired.20990704.left", "KeyError"),
        ("berlin", "2099-07-08", "torn", "DecodeError"),
        ("berlin", "2099-07-08", "unknown", "StoreRefused"),
    ]
    bodies = query(path, "SELECT body FROM left_behind WHERE doctor_id = 'berlin' ORDER BY id")
    assert bodies == [(TORN,), (UNKNOWN,)]


def test_an_appointment_that_stood_on_two_days_is_brought_over_once(file: File, path: str) -> None:
    place, name = "patan/2099-07-02", "patan.20990701.early"
    file.entry(place, name, "2099-06-30T18:00:00Z", 30)  # Across midnight there.
    SqliteStore(path).prepare([])
    days = "SELECT day FROM entries WHERE doctor_id = 'patan'"
    assert query(path, days) == [("2099-07-01",)]
    assert query(path, days.replace("entries", "left_behind")) == [("2099-07-02",)]


async def test_an_instant_of_before_is_too_old(store: SqliteStore, path: str) -> None:
    ((before,),) = query(path, "SELECT instant FROM clock")
    async with store.snapshot(to_instant(before)) as snapshot:
        with pytest.raises(SnapshotExpired, match="too long ago"):
            await snapshot.load(Keys())


def test_of_many_who_open_the_file_at_once_one_brings_it_over(file: File, path: str) -> None:
    assert file
    together = threading.Barrier(6)

    def prepare(_: int) -> None:
        together.wait()
        SqliteStore(path).prepare([])

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(prepare, range(6)))
    entries = query(path, "SELECT DISTINCT doctor_id, id FROM entries")
    assert sorted(entries) == sorted((of, name) for of, held in HELD.items() for name in held)
    assert query(path, "SELECT count(*) FROM left_behind") == [(3,)]


def test_an_old_program_that_has_the_file_open_fails_instead_of_booking(
    file: File, path: str
) -> None:
    assert file
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        book = "UPDATE days SET version = version + 1 WHERE doctor_id = 'berlin'"
        assert old.execute(book).rowcount > 0
        SqliteStore(path).prepare([])
        for statement in ("SELECT body FROM appointments", book):
            with pytest.raises(sqlite3.OperationalError, match="no such table"):
                old.execute(statement)


def test_a_file_that_cannot_be_brought_over_whole_stays_as_it_was(file: File, path: str) -> None:
    file.run("CREATE TABLE left_behind (in_the_way)")  # It is written last.
    before = file.dump()
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        SqliteStore(path).prepare([])
    assert file.dump() == before


async def test_a_file_with_a_doctor_whom_nobody_can_read_stays_as_it_was(
    file: File, store: SqliteStore
) -> None:
    file.doctor("mars", "Mars/Olympus")
    before = file.dump()
    with pytest.raises(StoreRefused, match="the doctor mars is damaged"):
        await store.list_doctors(10)
    assert file.dump() == before
