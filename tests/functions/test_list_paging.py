"""list_appointments, page by page: each appointment exactly once, whatever happens meanwhile."""

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
    calling,
    field_errors,
    opened,
    prepare,
    starts,
)

MONDAY = {"doctor_id": "strange", "start": "2050-11-21T00:00", "end": "2050-11-22T00:00"}
NINE, TEN, NOON = (f"2050-11-21T{hour}:00:00-05:00" for hour in ("09", "10", "12"))


async def first_page(api: Api) -> Json:
    """The first of several pages with one appointment each."""
    for start in ("2050-11-21T10:00", "2050-11-21T09:00", "2050-11-21T12:00"):
        await api.book(start)
    page: Json = (await api.page({**MONDAY, "page_size": 1})).json()
    return page


async def rest_of(api: Api, page: Json, **changes: str) -> list[Json]:
    """All that the pages after this one hold."""
    found: list[Json] = []
    while token := page["next_page_token"]:
        page = (await api.page({**MONDAY, "page_size": 1, **changes, "page_token": token})).json()
        assert len(page["appointments"]) == 1
        found += page["appointments"]
    return found


@ON_BOTH_STORES
async def test_pages_together_hold_each_appointment_once(api: Api) -> None:
    page = await first_page(api)
    assert starts(page["appointments"]) == [NINE]
    assert starts(await rest_of(api, page)) == [TEN, NOON]
    rest = await api.page({**MONDAY, "page_size": 2, "page_token": page["next_page_token"]})
    assert starts(rest.json()["appointments"]) == [TEN, NOON]
    assert rest.json()["next_page_token"] is None


@ON_BOTH_STORES
async def test_later_pages_show_what_was_there_at_the_first_on_another_instance_too(
    api: Api,
) -> None:
    week = {"doctor_id": "strange", "start": "2050-11-21T00:00", "end": "2050-11-26T00:00"}
    days = ("2050-11-21", "2050-11-22", "2050-11-23", "2050-11-24", "2050-11-25")
    them = [await api.book(f"{day}T{hour}:00") for day in days for hour in ("09", "15")]
    async with calling(api.dependencies.store, api.clock) as other:
        page = (await api.page({**week, "page_size": 3})).json()
        found = page["appointments"]
        moved = await other.move(them[9], "2050-11-21T12:00")
        await other.move(them[0], "2050-11-25T12:00", doctor_id="who")
        await other.cancel(them[4])
        page = (await other.page({**week, "page_token": page["next_page_token"]})).json()
        now = (await other.page(week)).json()["appointments"]
    assert found + page["appointments"] == them
    assert page["next_page_token"] is None
    assert now == [moved, them[1], *them[2:4], *them[5:9]]


# Tokens


def encoded(content: object) -> str:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


async def forged(api: Api, place: int, value: object) -> httpx.Response:
    """The page of a token in which the digest, the start, the instant or the id was changed."""
    token = (await first_page(api))["next_page_token"]
    parts: list[Any] = json.loads(base64.urlsafe_b64decode(token + "=="))
    parts[place] = value
    return await api.page({**MONDAY, "page_token": encoded(parts)})


def microseconds(instant: datetime) -> int:
    return int(instant.timestamp()) * 1_000_000


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


async def test_a_token_that_nobody_gave_out_is_refused(api: Api) -> None:
    made_up = [
        *("", "a", "====", "\0", "\u00e9", "W10+/", encoded(b"\xff\xfe"), encoded(None)),
        *(encoded([1, 2, 3]), encoded(b"[" * 300), encoded(b"9" * 300)),
        *(encoded(["71f178c7ddfcf1f1", 1.5, 1, "a"]), encoded(["71f178c7ddfcf1f1", 1, "a"])),
    ]
    for token in made_up:
        response = await api.page({**MONDAY, "page_token": token})
        assert field_errors(response) == [("page_token", "page_token")]


LAST_MICROSECOND_OF_ALL = 253402300799_999999  # of the year 9999, since 1970


@pytest.mark.parametrize("place", [1, 2], ids=["start", "instant"])
@pytest.mark.parametrize(
    "value",
    [10**100, 10**18, LAST_MICROSECOND_OF_ALL + 1, LAST_MICROSECOND_OF_ALL, -1, "1", 1.5, None],
    ids=[
        *("no integer of C", "no time of C", "year 10000", "year 10000 in Tokyo", "negative"),
        *("text", "fraction", "null"),
    ],
)
async def test_a_forged_token_without_a_time_is_refused(
    api: Api, place: int, value: object
) -> None:
    await api.dependencies.store.put_doctors([doctor(zone="Asia/Tokyo")])
    assert field_errors(await forged(api, place, value)) == [("page_token", "page_token")]


@pytest.mark.parametrize(("place", "value"), [(0, "0" * 16), (0, None), (3, 1)])
async def test_a_forged_token_with_another_wrong_part_is_refused(
    api: Api, place: int, value: object
) -> None:
    assert field_errors(await forged(api, place, value)) == [("page_token", "page_token")]


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
