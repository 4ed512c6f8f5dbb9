"""list_appointments, page by page: each appointment exactly once."""

from collections.abc import Awaitable, Callable, Sequence

import pytest

from tests.functions.api import ON_BOTH_STORES, Api, Json, calling, starts

pytestmark = ON_BOTH_STORES

MONDAY = {"doctor_id": "strange", "start": "2050-11-21T00:00", "end": "2050-11-22T00:00"}
NINE, TEN, ELEVEN, NOON = (f"2050-11-21T{hour}:00:00-05:00" for hour in ("09", "10", "11", "12"))


async def first_page(api: Api, **changes: str) -> Json:
    """The first of several pages with one appointment each."""
    for start in ("2050-11-21T10:00", "2050-11-21T09:00", "2050-11-21T12:00"):
        await api.book(start)
    page: Json = (await api.page({**MONDAY, "page_size": 1, **changes})).json()
    return page


async def test_pages_together_hold_each_appointment_once(api: Api) -> None:
    page = await first_page(api)
    found = starts(page["appointments"])
    while token := page["next_page_token"]:
        page = (await api.page({**MONDAY, "page_size": 1, "page_token": token})).json()
        found += starts(page["appointments"])
    assert found == [NINE, TEN, NOON]


async def test_a_page_that_holds_all_the_rest_is_the_last(api: Api) -> None:
    page = await first_page(api)
    rest = await api.page({**MONDAY, "page_size": 2, "page_token": page["next_page_token"]})
    assert starts(rest.json()["appointments"]) == [TEN, NOON]
    assert rest.json()["next_page_token"] is None


async def rest_of(api: Api, page: Json, **changes: str) -> list[Json]:
    """All that the pages after this one hold."""
    found: list[Json] = []
    while token := page["next_page_token"]:
        page = (await api.page({**MONDAY, "page_size": 1, **changes, "page_token": token})).json()
        found += page["appointments"]
    return found


# What happens between two pages


Change = Callable[[Api, list[Json]], Awaitable[object]]

CHANGES: dict[str, Change] = {
    "booked earlier": lambda api, _: api.book("2050-11-21T09:30"),
    "booked later": lambda api, _: api.book("2050-11-21T16:00"),
    "a later one moved before the page": lambda api, them: api.move(them[2], "2050-11-21T09:30"),
    "the next one moved to the end": lambda api, them: api.move(them[1], "2050-11-21T16:00"),
    "the one of the page moved to the end": lambda api, them: api.move(them[0], "2050-11-21T16:00"),
    "a later one moved within its place": lambda api, them: api.move(them[2], "2050-11-21T12:15"),
    "a later one made longer": lambda api, them: api.move(
        them[2], "2050-11-21T12:00", duration_minutes=60
    ),
    "a later one moved to another day": lambda api, them: api.move(them[1], "2050-11-22T10:00"),
    "the one of the page moved to another day": lambda api, them: api.move(
        them[0], "2050-11-22T10:00"
    ),
    "a later one moved to another doctor": lambda api, them: api.move(
        them[2], "2050-11-21T14:00", doctor_id="who"
    ),
    "one moved in from another day": lambda api, them: api.move(them[3], "2050-11-21T11:00"),
    "one moved in from another doctor": lambda api, them: api.move(
        them[4], "2050-11-21T13:00", doctor_id="strange"
    ),
    "a later one cancelled": lambda api, them: api.cancel(them[1]),
    "the last one cancelled": lambda api, them: api.cancel(them[2]),
    "the one of the page cancelled": lambda api, them: api.cancel(them[0]),
}


async def changed_between(api: Api, change: Sequence[Change], **changes: str) -> list[Json]:
    """Every page of Monday; whatever changes does so after the first."""
    them = [
        await api.book("2050-11-21T09:00"),
        await api.book("2050-11-21T10:00"),
        await api.book("2050-11-21T12:00"),
        await api.book("2050-11-23T09:00"),
        await api.book("2050-11-21T11:00", doctor_id="who"),
    ]
    page = (await api.page({**MONDAY, "page_size": 1, **changes})).json()
    assert page["appointments"] == them[:1]
    for happens in change:
        await happens(api, them)
    assert await rest_of(api, page, **changes) == them[1:3]
    now: list[Json] = (await api.page(MONDAY)).json()["appointments"]
    return now


@pytest.mark.parametrize("status", ["booked", "all"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_later_pages_show_what_was_there_at_the_first(
    api: Api, change: Change, status: str
) -> None:
    await changed_between(api, [change], status=status)


async def test_later_pages_show_what_was_there_however_much_has_changed(api: Api) -> None:
    changes = [
        CHANGES[name]
        for name in (
            "booked later",
            "a later one moved before the page",
            "a later one moved to another day",
            "one moved in from another day",
            "one moved in from another doctor",
            "the one of the page cancelled",
        )
    ]
    now = await changed_between(api, [*changes, lambda api, them: api.cancel(them[2])])
    assert starts(now)[:1] == [ELEVEN]


async def test_a_new_list_shows_the_days_as_they_are_now(api: Api) -> None:
    now = await changed_between(
        api, [CHANGES["a later one moved before the page"], CHANGES["a later one cancelled"]]
    )
    assert starts(now) == [NINE, "2050-11-21T09:30:00-05:00"]


async def test_what_changes_between_any_two_pages_is_on_neither(api: Api) -> None:
    page = await first_page(api)
    ten, noon = (await api.page({**MONDAY, "page_token": page["next_page_token"]})).json()[
        "appointments"
    ]
    found = page["appointments"]
    for start in ("2050-11-21T15:00", "2050-11-21T09:30", "2050-11-21T16:00"):
        await api.move(noon, start)
        if token := page["next_page_token"]:
            page = (await api.page({**MONDAY, "page_size": 1, "page_token": token})).json()
            found += page["appointments"]
    assert found[1:] == [ten, noon]


async def test_pages_are_exact_over_several_days_and_on_another_instance(api: Api) -> None:
    week = {"doctor_id": "strange", "start": "2050-11-21T00:00", "end": "2050-11-26T00:00"}
    days = ("2050-11-21", "2050-11-22", "2050-11-23", "2050-11-24", "2050-11-25")
    them = [await api.book(f"{day}T{hour}:00") for day in days for hour in ("09", "15")]
    async with calling(api.dependencies.store, api.clock) as other:
        page = (await api.page({**week, "page_size": 3})).json()
        found = page["appointments"]
        await other.move(them[9], "2050-11-21T12:00")
        await other.move(them[0], "2050-11-25T12:00")
        await other.cancel(them[4])
        page = (await other.page({**week, "page_token": page["next_page_token"]})).json()
    assert found + page["appointments"] == them
    assert page["next_page_token"] is None
