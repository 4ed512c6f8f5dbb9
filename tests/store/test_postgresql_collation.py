"""Keys are compared byte by byte, whatever order the database itself has for texts."""

import re
from collections.abc import AsyncIterator

import psycopg
import pytest

from shared.model.appointment import Appointment
from shared.model.elsewhere import ElsewhereKey
from shared.model.patient_key import PatientKey
from shared.settings import PostgresqlDatabase
from shared.store.port import ElsewhereWrite, Snapshot, Store, Writes
from shared.store.positions import Positions
from shared.store.postgresql import page_queries, rows
from shared.store.postgresql.pool import Query
from shared.store.postgresql.schema import prepare
from shared.store.postgresql.store import PostgresqlStore
from tests.builders import appointment, doctor, key, span
from tests.postgresql_server import PostgresqlServer, opened

NAMES = ["B", "Z", "_", "a", "b", "z", "Ä", "ä"]
"""In the order of their bytes: a reader of English has a, ä, b, z, whether large or small."""
OF_READERS = "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' ENCODING UTF8"
STARTS = span("2026-11-23T00:00Z", "2026-11-24T00:00Z")
MONDAY = key("2026-11-23")
DAY = (MONDAY.day, MONDAY.day)
SEEN = "10:20:"
"""Some snapshot."""


@pytest.fixture
async def store(postgresql: PostgresqlServer) -> AsyncIterator[PostgresqlStore]:
    """A store in a database whose order of texts is that of readers."""
    address = postgresql.new_database(template="template0", options=OF_READERS)
    await prepare(PostgresqlDatabase(address))
    store = opened(address)
    yield store
    await store.close()


async def test_pages_hold_each_once_where_texts_have_another_order(store: Store) -> None:
    await store.put_doctors([doctor(doctor_id=name) for name in NAMES])
    ended = [ElsewhereWrite(ElsewhereKey("strange", a.id), a, None) for a in map(cancelled, NAMES)]
    await store.commit(Writes(elsewhere=ended))
    async with store.snapshot() as snapshot:
        assert await names_of(snapshot) == NAMES
        instant = await snapshot.instant()
    async with store.snapshot(instant) as snapshot:
        assert await names_of(snapshot) == NAMES
    pages = [await store.list_doctors(3, after) for after in ("", "_", "z")]
    assert [each.id for page in pages for each in page] == NAMES


def cancelled(name: str) -> Appointment:
    return appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", name, cancelled=True)


async def names_of(snapshot: Snapshot) -> list[str]:
    """The ids of what has ended, read in many small pages."""
    return [each.id async for each in snapshot.scan_ended("strange", STARTS, at_once=1)]


@pytest.mark.parametrize(
    ("query", "found_by"),
    [
        (rows.days_query([MONDAY], SEEN), "doctor_id"),
        (rows.days_between_query("strange", *DAY, 10, SEEN), "doctor_id"),
        (rows.patients_query([PatientKey("0" * 40)], SEEN), "digits"),
        (rows.history_query(PatientKey("0" * 40), *DAY, SEEN), "digits"),
        (page_queries.ended_query(Positions.within("strange", STARTS), 10, SEEN), "doctor_id"),
    ],
)
def test_views_of_earlier_instants_find_rows_by_an_index(
    postgresql: PostgresqlServer, query: Query, found_by: str
) -> None:
    with psycopg.connect(postgresql.new_database()) as connection:
        connection.execute("SET enable_seqscan = off")
        plan = connection.execute(f"EXPLAIN {query.statement}".encode(), query.values).fetchall()
    told = "\n".join(line for (line,) in plan)
    assert "Seq Scan" not in told, told
    for condition in re.findall("Index Cond: .*", told):
        assert f"{found_by} = " in condition, told
