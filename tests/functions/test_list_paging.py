"""list_appointments, page by page: each appointment exactly once, whatever happens meanwhile."""

import base64
import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from shared.http.page_tokens import Bookmark, Scope, page_token
from shared.model.interval import Interval
from shared.settings import read_settings
from shared.store.sqlite.store import SqliteStore
from tests.builders import at
from tests.functions.api import (
    ON_BOTH_STORES,
    Api,
    Clock,
    Json,
    calling,
    field_errors,
    prepare,
    problem,
    serving,
    starts,
)
from tests.functions.ended_views import ending_views

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


async def issued(api: Api, instant: datetime) -> str:
    """A token of the first place of Monday, as this deployment would have issued it then."""
    window = Interval(at("2050-11-21T05:00Z"), at("2050-11-22T05:00Z"))
    scope = Scope("list_appointments", ("strange", window, "booked"))
    bookmark = Bookmark((at("2050-11-21T05:00Z"), ""), instant)
    return page_token(bookmark, scope, await api.dependencies.page_token_keys.keys())


async def page_of(api: Api, instant: datetime) -> httpx.Response:
    return await api.page({**MONDAY, "page_token": await issued(api, instant)})


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


async def test_a_token_with_another_instant_does_not_show_what_was_there_then(api: Api) -> None:
    token = (await first_page(api))["next_page_token"]
    content = base64.urlsafe_b64decode(token + "==")
    earlier = re.sub(rb"[0-9T:.-]+Z\"]$", b'2026-01-01T00:00:00Z"]', content)
    assert earlier != content
    forged = [earlier, earlier[32:], json.dumps(["71f178c7ddfcf1f1", 1, 1, "a"]).encode()]
    for made_up in (*map(base64.urlsafe_b64encode, forged), "", "a", "\0", "\u00e9", token[:-1]):
        response = await api.page({**MONDAY, "page_token": made_up})
        assert field_errors(response) == [("page_token", "page_token")]


@ON_BOTH_STORES
async def test_instances_read_the_tokens_of_each_other_and_of_no_other_deployment(
    api: Api,
) -> None:
    token = (await first_page(api))["next_page_token"]
    next_page = {**MONDAY, "page_token": token}
    store, clock = api.dependencies.store, api.clock
    async with calling(store, clock) as other:
        response = await other.page(next_page)
        assert starts(response.json()["appointments"]) == [TEN, NOON]
    own_key = "a key of the operator that is long enough"
    async with calling(store, clock, read_settings({"PAGE_TOKEN_KEYS": own_key})) as other:
        assert field_errors(await other.page(next_page)) == [("page_token", "page_token")]
    both = read_settings({"PAGE_TOKEN_KEYS": f"{own_key},stored"})
    async with calling(store, clock, both) as other:
        assert starts((await other.page(next_page)).json()["appointments"]) == [TEN, NOON]


async def test_a_first_page_whose_view_ends_before_it_is_kept_is_read_once_more(api: Api) -> None:
    await first_page(api)
    asked: dict[str, str | int] = {**MONDAY, "page_size": 1}
    async with calling(ending_views(api.dependencies.store, 1), api.clock) as erasing:
        page = (await erasing.page(asked)).json()
        assert starts(page["appointments"]) == [NINE]
        assert starts(await rest_of(erasing, page)) == [TEN, NOON]
    async with calling(ending_views(api.dependencies.store, 2), api.clock) as erasing:
        problem(await erasing.page(asked), 503, "try_again")
        assert (await erasing.page(asked)).status_code == 200


async def test_a_list_of_one_page_asks_for_no_key(api: Api, tmp_path: Path) -> None:
    await api.book("2050-11-21T14:00")
    await api.page(MONDAY)
    assert keys_in(tmp_path) == 0
    await first_page(api)
    assert keys_in(tmp_path) == 1


def keys_in(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "appointments.db")) as file:
        ((count,),) = file.execute("SELECT count(*) FROM secrets").fetchall()
        return int(count)


@pytest.mark.parametrize(
    "offset",
    [timedelta(days=-8), timedelta(days=-400), timedelta(minutes=5), timedelta(days=400)],
    ids=["a week ago", "a year ago", "soon", "in a year"],
)
@pytest.mark.firestore
@pytest.mark.parametrize("api", ["firestore"], indirect=True)
async def test_a_token_of_a_time_that_firestore_does_not_know_is_refused(
    api: Api, offset: timedelta
) -> None:
    await api.book("2050-11-22T09:00")
    response = await page_of(api, datetime.now(UTC) + offset)
    assert field_errors(response) == [("page_token", "page_token_expired")]


async def test_what_was_cancelled_over_an_hour_ago_is_not_shown_by_a_token_of_before(
    tmp_path: Path,
) -> None:
    # The emulator, unlike Firestore, still knows how it was then.
    machine = Clock(at("2050-11-18T12:00Z"))
    store = SqliteStore(str(prepare(tmp_path)), now=machine)
    async with serving(store) as api:
        page = await first_page(api)
        await api.cancel((await api.listed())[1])
        machine.now += timedelta(minutes=59)
        next_page = {**MONDAY, "page_token": page["next_page_token"]}
        assert starts((await api.page(next_page)).json()["appointments"]) == [TEN, NOON]
        machine.now += timedelta(minutes=2)
        assert field_errors(await api.page(next_page)) == [("page_token", "page_token_expired")]


@ON_BOTH_STORES
async def test_a_token_of_a_while_ago_shows_the_days_as_they_were_then(api: Api) -> None:
    await first_page(api)
    response = await page_of(api, datetime.now(UTC) - timedelta(minutes=55))
    assert response.json() == {"appointments": [], "next_page_token": None}
