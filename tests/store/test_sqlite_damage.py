"""Rows of a SQLite file that hold no document, whoever wrote them: a refusal, no other error."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from shared.model.elsewhere import ElsewhereKey
from shared.model.interval import Interval
from shared.model.override import OverrideKey
from shared.model.patient_key import PatientKey
from shared.store.port import Keys, Snapshot, Store, StoreRefused
from shared.store.sqlite.store import SqliteStore
from tests.builders import key

MONDAY = key("2026-11-23")
EVER = Interval(datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
DIGITS = "0" * 40


Read = Callable[[Store], Coroutine[Any, Any, object]]


class Row(NamedTuple):
    """How a row is put into the file, with its body as the last value, and how it is read."""

    insert: str
    reads: tuple[Read, ...]


def loading(**keys: Any) -> Read:  # noqa: ANN401
    async def load(store: Store) -> object:
        async with store.snapshot() as snapshot:
            return await snapshot.load(Keys(**keys))

    return load


def scanning(scan: Callable[[Snapshot], AsyncIterator[object]]) -> Read:
    async def scanned(store: Store) -> object:
        async with store.snapshot() as snapshot:
            return [each async for each in scan(snapshot)]

    return scanned


async def busy(store: Store) -> object:
    async with store.snapshot() as snapshot:
        return await snapshot.busy_days([MONDAY])


WHEREABOUTS = loading(elsewhere=[ElsewhereKey("strange", "a")])

ROWS: Mapping[str, Row] = {
    "busy": Row(
        "doctor_days VALUES ('strange', '2026-11-23', 1, 3, json_object('busy', CAST(? AS TEXT)))",
        (busy,),
    ),
    "ended": Row(
        "elsewhere VALUES ('strange', 'a', 1, 1, ?)",
        (WHEREABOUTS, scanning(lambda snapshot: snapshot.scan_ended("strange", EVER))),
    ),
    "pointer": Row("elsewhere VALUES ('strange', 'a', 1, NULL, ?)", (WHEREABOUTS,)),
    "patient": Row(
        f"patients VALUES ('{DIGITS}', 1, ?)",
        (loading(patients=[PatientKey(DIGITS)]),),
    ),
    "override": Row(
        "overrides VALUES ('strange', 'o', 1, 1, ?)",
        (
            loading(overrides=[OverrideKey("strange", "o")]),
            scanning(lambda snapshot: snapshot.scan_overrides("strange", EVER)),
        ),
    ),
    "series": Row("series VALUES ('s', ?)", (loading(series=["s"]),)),
    "event": Row(
        "outbox VALUES ('e', 'a', 1, 0, 1, ?)", (lambda store: store.due_events(EVER.end, 10),)
    ),
    "doctor": Row(
        "doctors VALUES ('strange', ?)",
        (lambda store: store.doctors(["strange"]), lambda store: store.list_doctors(10)),
    ),
    "clinic": Row("clinic VALUES (1, ?)", (lambda store: store.clinic(),)),
    "blocked": Row(f"blocked VALUES ('{DIGITS}', ?)", (lambda store: store.blocked(),)),
    "secret": Row("secrets VALUES ('name', ?)", (lambda store: store.secret("name", "new"),)),
    "link": Row(
        "calendar_links VALUES ('strange', ?)", (lambda store: store.calendar_link("strange"),)
    ),
}


@pytest.mark.parametrize("body", ["", "null", "[]", b'{"a":"\xff"}'])
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
async def test_a_row_that_holds_no_document_is_refused(
    row: Row, body: str | bytes, tmp_path: Path
) -> None:
    path = str(tmp_path / "damaged.db")
    store = SqliteStore(path)
    store.prepare([])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"INSERT INTO {row.insert}", [body])
    for read in row.reads:
        with pytest.raises(StoreRefused, match=r"damaged|decode"):
            await read(store)
    await store.close()
