"""list_appointments: where a page token leads, and which ones are refused."""

import base64
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.store.sqlite.store import SqliteStore
from tests.builders import doctor
from tests.functions.api import (
    ON_BOTH_STORES,
    Api,
    Json,
    field_errors,
    opened,
    prepare,
    starts,
)

MONDAY = {"doctor_id": "strange", "start": "2050-11-21T00:00", "end": "2050-11-22T00:00"}
TEN, NOON = "2050-11-21T10:00:00-05:00", "2050-11-21T12:00:00-05:00"


async def first_page(api: Api) -> Json:
    """The first of several pages with one appointment each."""
    for start in ("2050-11-21T10:00", "2050-11-21T09:00", "2050-11-21T12:00"):
        await api.book(start)
    page: Json = (await api.page({**MONDAY, "page_size": 1})).json()
    return page


async def test_a_token_is_of_the_window_however_it_is_spelled(api: Api) -> None:
    token = (await first_page(api))["next_page_token"]
    spelled = {"start": "2050-11-21T05:00Z", "end": "2050-11-22T06:00+01:00", "page_token": token}
    response = await api.page({**MONDAY, **spelled, "status": "booked"})
    assert starts(response.json()["appointments"]) == [TEN, NOON]


@pytest.mark.parametrize(
    "changes",
    [
        {"doctor_id": "who", "start": "2050-11-21T05:00Z", "end": "2050-11-22T05:00Z"},
        {"start": "2050-11-21T00:01"},
        {"end": "2050-11-22T00:01"},
        {"status": "all"},
    ],
    ids=["doctor", "start", "end", "status"],
)
async def test_a_token_of_other_parameters_is_refused(api: Api, changes: Json) -> None:
    token = (await first_page(api))["next_page_token"]
    response = await api.page({**MONDAY, **changes, "page_token": token})
    assert field_errors(response) == [("page_token", "page_token")]


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "====",
        "\0",
        "\u00e9",
        encoded(b"\xff\xfe"),
        encoded(b"null"),
        encoded(b"[1, 2, 3]"),
        encoded(b'["71f178c7ddfcf1f1", 1.5, 1, "a"]'),
        encoded(b'["71f178c7ddfcf1f1", 1, "a"]'),
        encoded(b"[" * 300),
        encoded(b"9" * 300),
    ],
    ids=[
        "empty",
        "short",
        "padding",
        "NUL",
        "é",
        "bytes",
        "null",
        "list",
        "float",
        "old",
        "deep",
        "big",
    ],
)
async def test_a_token_that_nobody_gave_out_is_refused(api: Api, token: str) -> None:
    response = await api.page({**MONDAY, "page_token": token})
    assert field_errors(response) == [("page_token", "page_token")]


async def test_a_token_has_at_most_500_characters(api: Api) -> None:
    response = await api.page({**MONDAY, "page_token": "a" * 501})
    assert field_errors(response) == [("page_token", "string_too_long")]


def content(token: str) -> list[Any]:
    """Digest, start, instant and id of a token."""
    found: list[Any] = json.loads(base64.urlsafe_b64decode(token + "=="))
    return found


async def forged(api: Api, place: int, value: object) -> httpx.Response:
    """The page of a token in which one part was changed."""
    parts = content((await first_page(api))["next_page_token"])
    parts[place] = value
    return await api.page({**MONDAY, "page_token": encoded(json.dumps(parts).encode())})


LAST_MICROSECOND_OF_ALL = 253402300799_999999  # of the year 9999, since 1970


@pytest.mark.parametrize("place", [1, 2], ids=["start", "instant"])
@pytest.mark.parametrize(
    "microseconds",
    [10**100, 10**18, LAST_MICROSECOND_OF_ALL + 1, LAST_MICROSECOND_OF_ALL, -1],
    ids=["no integer of C", "no time of C", "year 10000", "year 10000 in Tokyo", "negative"],
)
async def test_a_forged_token_beyond_the_calendar_is_refused_as_well(
    api: Api, place: int, microseconds: int
) -> None:
    await api.dependencies.store.put_doctors([doctor(zone="Asia/Tokyo")])
    response = await forged(api, place, microseconds)
    assert field_errors(response) == [("page_token", "page_token")]


@pytest.mark.parametrize(
    ("place", "value"),
    [(0, "0" * 16), (0, None), (1, "1"), (1, 1.5), (1, None), (2, "1"), (2, None), (3, 1)],
)
async def test_a_forged_token_with_a_wrong_part_is_refused(
    api: Api, place: int, value: object
) -> None:
    assert field_errors(await forged(api, place, value)) == [("page_token", "page_token")]


def microseconds(instant: datetime) -> int:
    return int(instant.timestamp()) * 1_000_000


@pytest.mark.parametrize(
    "offset",
    [timedelta(days=-8), timedelta(days=-400), timedelta(minutes=5), timedelta(days=400)],
    ids=["a week ago", "a year ago", "soon", "in a year"],
)
@ON_BOTH_STORES
async def test_a_token_of_a_time_that_the_store_does_not_know_is_refused(
    api: Api, offset: timedelta
) -> None:
    await forget_the_past(api)
    response = await forged(api, 2, microseconds(datetime.now(UTC) + offset))
    assert field_errors(response) == [("page_token", "page_token_expired")]
    assert response.json()["errors"][0]["message"] == "is too old; start again without one"


async def test_what_was_over_an_hour_ago_is_forgotten(api: Api) -> None:
    # The emulator, unlike Firestore, still knows how it was then.
    await forget_the_past(api)
    response = await forged(api, 2, microseconds(datetime.now(UTC) - timedelta(minutes=61)))
    assert field_errors(response) == [("page_token", "page_token_expired")]


async def forget_the_past(api: Api) -> None:
    """What each start of a process does to an SQLite file; the last commit is of now."""
    await api.book("2050-11-22T09:00")
    if isinstance(api.dependencies.store, SqliteStore):
        api.dependencies.store.prepare([])


async def test_pages_go_on_where_nothing_was_booked_for_hours(tmp_path: Path) -> None:
    async with opened(prepare(tmp_path)) as api:
        await first_page(api)
    with closing(sqlite3.connect(tmp_path / "appointments.db", isolation_level=None)) as file:
        file.execute("UPDATE appointments SET since = since - 7200000000")
        file.execute("UPDATE clock SET instant = instant - 7200000000")
    async with opened(prepare(tmp_path)) as api:
        page = (await api.page({**MONDAY, "page_size": 1})).json()
        rest = await api.page({**MONDAY, "page_token": page["next_page_token"]})
    assert starts(rest.json()["appointments"]) == [TEN, NOON]


@ON_BOTH_STORES
async def test_a_token_of_a_while_ago_shows_the_days_as_they_were_then(api: Api) -> None:
    response = await forged(api, 2, microseconds(datetime.now(UTC) - timedelta(minutes=55)))
    assert response.json() == {"appointments": [], "next_page_token": None}
