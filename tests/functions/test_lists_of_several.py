"""list_appointments of several doctors, of every doctor, and of what did not change."""

import pytest
from msgspec.structs import replace

from tests.builders import appointment, doctor, schedule
from tests.functions.api import ON_BOTH_STORES, Api, Json, calling, field_errors, problem, starts
from tests.functions.callers import CLERK, STEPHEN
from tests.functions.described import change_doctor, employ
from tests.functions.reads import fresh

DAY: Json = {"start": "2050-11-21T00:00Z", "end": "2050-11-22T00:00Z"}
BOTH: Json = {**DAY, "doctor_id": ["who", "strange"]}
EVERY: Json = {**DAY, "doctor_id": "*"}


async def pages(api: Api, query: Json, size: int) -> list[Json]:
    """All appointments of a list, page by page."""
    page = (await api.page({**query, "page_size": size})).json()
    found: list[Json] = page["appointments"]
    while token := page["next_page_token"]:
        assert len(page["appointments"]) == size
        page = (await api.page({**query, "page_size": size, "page_token": token})).json()
        found += page["appointments"]
    return found


async def a_busy_day(api: Api) -> list[Json]:
    """Appointments of two doctors on one day, by start, then id."""
    order = (
        ("who", "2050-11-21T08:00Z"),
        ("who", "2050-11-21T13:30Z"),
        ("who", "2050-11-21T13:45Z"),
        ("strange", "2050-11-21T14:00Z"),
        ("who", "2050-11-21T14:15Z"),
        ("strange", "2050-11-21T14:30Z"),
    )
    return [await api.book(start, 15, name) for name, start in order]


@ON_BOTH_STORES
@pytest.mark.parametrize("size", [1, 2, 3, 100])
async def test_pages_of_several_doctors_are_in_one_order_and_hold_each_once(
    api: Api, size: int
) -> None:
    there = await a_busy_day(api)
    assert await pages(api, BOTH, size) == there
    assert await pages(api, EVERY, size) == there


@ON_BOTH_STORES
async def test_cancelled_ones_are_merged_in_where_all_are_asked_for(api: Api) -> None:
    there = await a_busy_day(api)
    for gone in there[1::2]:
        assert (await api.cancel(gone)).status_code == 200
    found = await pages(api, {**BOTH, "status": "all"}, 2)
    assert [a["id"] for a in found] == [a["id"] for a in there]
    assert [a["id"] for a in await pages(api, BOTH, 2)] == [a["id"] for a in there[::2]]


async def test_later_pages_of_several_doctors_show_the_instant_of_the_first(api: Api) -> None:
    there = await a_busy_day(api)
    page = (await api.page({**BOTH, "page_size": 2})).json()
    await api.cancel(there[3])
    await api.move(there[4], "2050-11-21T08:30", doctor_id="who")
    rest = await api.page({**BOTH, "page_token": page["next_page_token"]})
    assert page["appointments"] + rest.json()["appointments"] == there


async def test_retired_doctors_are_listed_by_name_and_among_all(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    await change_doctor(api, "strange", retired=True)
    async with calling(api.dependencies.store, api.clock) as instance:
        for query in (EVERY, {**DAY, "doctor_id": "strange"}):
            assert (await instance.page(query)).json()["appointments"] == [booked]


async def test_all_but_cancelled_ones_are_listed_whatever_became_of_them(api: Api) -> None:
    came, gone = (
        appointment(f"2050-11-21T{hour}:00Z", f"2050-11-21T{hour}:30Z", f"strange.20501121.{hour}")
        for hour in (15, 16)
    )
    await api.put(
        schedule("2050-11-21", came._replace(mark="fulfilled"), gone._replace(mark="no_show"))
    )
    found = (await api.page(EVERY)).json()["appointments"]
    assert [a["status"] for a in found] == ["fulfilled", "no_show"]


async def test_a_named_doctor_who_is_none_is_404_among_others_too(api: Api) -> None:
    problem(await api.page({**DAY, "doctor_id": ["who", "doom"]}), 404, "unknown_doctor")


async def test_a_clinic_of_more_than_two_hundred_doctors_must_name_them(api: Api) -> None:
    await employ(api, 199, retired=True)
    assert field_errors(await api.page(EVERY)) == [("doctor_id", "too_many")]
    named: Json = {**DAY, "doctor_id": [f"d{number:03}" for number in range(199)]}
    assert (await api.page(named)).json() == {"appointments": [], "next_page_token": None}


@pytest.mark.parametrize(
    ("doctors", "expected"),
    [
        # The hour is that of New York, or else that of Berlin.
        ("strange", ["2050-11-21T09:00:00-05:00"]),
        (["strange", "strange"], ["2050-11-21T09:00:00-05:00"]),
        (["strange", "who"], ["2050-11-21T08:00:00Z"]),
        ("*", ["2050-11-21T08:00:00Z"]),
    ],
)
async def test_times_without_an_offset_are_of_the_one_doctor_or_else_of_the_clinic(
    api: Api, doctors: str | list[str], expected: list[str]
) -> None:
    await a_busy_day(api)
    window: Json = {"start": "2050-11-21T09:00", "end": "2050-11-21T09:30", "doctor_id": doctors}
    assert starts((await api.page(window)).json()["appointments"]) == expected


@pytest.mark.parametrize(
    "other", [{"doctor_id": "who"}, {"doctor_id": ["who", "strange", "doom"]}, {"doctor_id": "*"}]
)
async def test_a_token_of_several_doctors_is_good_for_these_only(api: Api, other: Json) -> None:
    await a_busy_day(api)
    await api.dependencies.store.put_doctors([doctor(doctor_id="doom")])
    token = (await api.page({**BOTH, "page_size": 1})).json()["next_page_token"]
    response = await api.page({**DAY, **other, "page_token": token})
    assert field_errors(response) == [("page_token", "page_token")]
    turned: Json = {**DAY, "doctor_id": ["strange", "who", "who"], "page_token": token}
    assert len((await api.page(turned)).json()["appointments"]) == 5


async def test_a_token_that_says_every_doctor_does_not_make_a_doctor_staff(api: Api) -> None:
    claims_all = api.by(replace(STEPHEN, doctor_ids=frozenset({"*", "strange"})))
    problem(await claims_all.page(EVERY), 403, "forbidden")
    assert (await claims_all.page({**DAY, "doctor_id": "strange"})).status_code == 200
    assert (await api.by(CLERK).page(EVERY)).status_code == 200


# What did not change

MONDAY: Json = {"doctor_id": "strange", "start": "2050-11-21", "end": "2050-11-21"}


async def test_a_first_page_that_did_not_change_is_not_sent_again(api: Api) -> None:
    booked = await api.book("2050-11-21T09:00")
    first = await api.page(MONDAY)
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    for held in (tag, f'"other", {tag}', "*", tag.removeprefix("W/")):
        again = await api.client.get(
            "/list_appointments", params=MONDAY, headers={"If-None-Match": held}
        )
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers["cache-control"] == "no-store"
    await api.cancel(booked)
    changed = await api.client.get(
        "/list_appointments", params=MONDAY, headers={"If-None-Match": tag}
    )
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_the_tag_is_of_what_is_listed_and_of_whether_there_is_more(api: Api) -> None:
    await api.book("2050-11-21T09:00")
    one: Json = {**MONDAY, "page_size": 1}
    alone = (await api.page(one)).headers["etag"]
    assert (await api.page(MONDAY)).headers["etag"] == alone
    await api.book("2050-11-21T10:00")
    with_more = await api.page(one)
    assert with_more.headers["etag"] != alone
    await api.book("2050-11-21T11:00")
    again = await api.page(one)
    assert again.headers["etag"] == with_more.headers["etag"]
    token = again.json()["next_page_token"]
    assert token != with_more.json()["next_page_token"]
    assert "etag" not in (await api.page({**one, "page_token": token})).headers


async def test_a_doctors_day_that_did_not_change_costs_two_reads(api: Api) -> None:
    await api.book("2050-11-21T09:00")
    tag = (await api.page(MONDAY)).headers["etag"]
    reads: list[int] = []
    async with fresh(api, CLERK, reads) as instance:
        for _ in range(2):
            await instance.client.get(
                "/list_appointments", params=MONDAY, headers={"If-None-Match": tag}
            )
    assert reads[0] <= 3  # The doctor, too.
    assert reads[1] <= 2
