"""list_openings: every time of a few weeks that can be booked."""

import asyncio

import pytest

from tests.builders import at, doctor
from tests.functions.api import ON_BOTH_STORES, Api, Json, field_errors, problem
from tests.functions.described import SCAN, TALK, change_doctor, describe, employ
from tests.turns import turns_of_others

MONDAY: Json = {"start": "2050-11-21", "end": "2050-11-21", "duration_minutes": 30}
STRANGE: Json = {**MONDAY, "doctor_id": "strange"}
WHO: Json = {**MONDAY, "doctor_id": "who"}


async def days(api: Api, query: Json) -> list[Json]:
    response = await api.client.get("/list_openings", params=query)
    assert response.status_code == 200, response.text
    found: list[Json] = response.json()["days"]
    return found


async def starts(api: Api, query: Json) -> list[str]:
    """The starts of one day, on the doctor's clock."""
    (day,) = await days(api, query)
    return [start[11:16] for start in day["starts"]]


def quarters(*hours: int) -> list[str]:
    return [f"{hour:02}:{minute:02}" for hour in hours for minute in (0, 15, 30, 45)]


@ON_BOTH_STORES
async def test_every_start_on_the_grid_that_fits_is_listed_by_day(api: Api) -> None:
    await api.book("2050-11-21T10:00", 60)
    week: Json = {**STRANGE, "end": "2050-11-27", "step_minutes": 60, "duration_minutes": 60}
    found = await days(api, week)
    assert [day["date"] for day in found] == [f"2050-11-{day}" for day in range(21, 26)]
    assert found[0] == {
        "date": "2050-11-21",
        "doctor_id": "strange",
        "time_zone": "America/New_York",
        "starts": [f"2050-11-21T{hour:02}:00:00-05:00" for hour in (9, *range(11, 17))],
    }


async def test_without_a_step_the_grid_is_a_quarter_of_an_hour(api: Api) -> None:
    await api.book("2050-11-21T09:20", 30, "who")
    expected = [*quarters(8), *quarters(10, 11, 12, 13, 14), "15:00", "15:15", "15:30"]
    assert await starts(api, WHO) == expected


async def test_days_come_by_date_then_doctor_each_on_their_own_dates(api: Api) -> None:
    found = await days(api, {**MONDAY, "end": "2050-11-22", "step_minutes": 720})
    assert [(day["date"], day["doctor_id"], day["starts"]) for day in found] == [
        ("2050-11-21", "strange", ["2050-11-21T12:00:00-05:00"]),
        ("2050-11-21", "who", ["2050-11-21T12:00:00Z"]),
        ("2050-11-22", "strange", ["2050-11-22T12:00:00-05:00"]),
        ("2050-11-22", "who", ["2050-11-22T12:00:00Z"]),
    ]


async def test_others_have_their_turn_after_every_thousand_starts(api: Api) -> None:
    always = doctor((("00:00", "24:00"),), "UTC", "mon tue wed thu fri sat sun", "always")
    await api.dependencies.store.put_doctors([always])
    query: Json = {**MONDAY, "doctor_id": "always", "end": "2050-11-25", "step_minutes": 1}
    await days(api, query)  # Now the doctor and the clinic are known.
    async with turns_of_others() as turns:
        await asyncio.sleep(0)
        found = await days(api, query)
    assert sum(len(day["starts"]) for day in found) == 7_171
    assert turns == [7]


async def test_dates_are_each_doctors_own_also_far_apart(api: Api) -> None:
    hours, week = (("00:00", "24:00"),), "mon tue wed thu fri sat sun"
    east = doctor(hours, "Pacific/Auckland", week, "east")
    west = doctor(hours, "Pacific/Honolulu", week, "west")
    await api.dependencies.store.put_doctors([east, west])
    query: Json = {**MONDAY, "doctor_id": ["east", "west"], "step_minutes": 720}
    assert [(day["doctor_id"], day["starts"]) for day in await days(api, query)] == [
        ("east", ["2050-11-21T00:00:00+13:00", "2050-11-21T12:00:00+13:00"]),
        ("west", ["2050-11-21T00:00:00-10:00", "2050-11-21T12:00:00-10:00"]),
    ]


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (["who"], ["12:00", "12:15", "12:30"]),
        # On the clock of the clinic, in Berlin.
        (["who", "strange"], ["11:00", "11:15", "11:30"]),
    ],
    ids=["one", "several"],
)
async def test_times_without_an_offset_are_of_the_doctor_or_else_of_the_clinic(
    api: Api, named: list[str], expected: list[str]
) -> None:
    window: Json = {"start": "2050-11-21T12:00", "end": "2050-11-21T13:00", "doctor_id": named}
    assert await starts(api, {**MONDAY, **window}) == expected


async def test_retired_doctors_are_not_searched_and_not_known(api: Api) -> None:
    await change_doctor(api, "strange", retired=True)
    assert {day["doctor_id"] for day in await days(api, MONDAY)} == {"who"}
    problem(await api.client.get("/list_openings", params=STRANGE), 404, "unknown_doctor")


async def test_what_is_past_or_closed_is_not_listed(api: Api) -> None:
    lunch = {"start": "2050-11-21T12:00Z", "end": "2050-11-21T15:00Z", "name": "Lunch"}
    await describe(
        api, closed=[lunch, {"start": "2050-11-22", "end": "2050-11-23", "name": "Works"}]
    )
    api.clock.now = at("2050-11-21T10:31Z")
    week: Json = {**WHO, "start": "2050-11-14", "end": "2050-11-24"}
    assert [(day["date"], day["starts"][0][11:16]) for day in await days(api, week)] == [
        ("2050-11-21", "10:45"),
        ("2050-11-24", "08:00"),
    ]
    assert await starts(api, {**WHO, "end": "2050-11-22"}) == [
        "10:45",
        "11:00",
        "11:15",
        "11:30",
        "15:00",
        "15:15",
        "15:30",
    ]


async def test_notice_and_horizon_cut_what_is_listed(api: Api) -> None:
    await describe(api, policy={"notice_minutes": 61, "horizon_days": 2})
    api.clock.now = at("2050-11-21T09:30:20Z")
    query: Json = {**WHO, "end": "2050-11-27", "step_minutes": 30, "duration_minutes": 60}
    found = [start for day in await days(api, query) for start in day["starts"]]
    assert found[0] == "2050-11-21T11:00:00Z"
    assert found[-1] == "2050-11-23T09:30:00Z"
    assert await days(api, {**query, "end": "2050-11-20", "start": "2050-11-18"}) == []


async def test_a_service_has_its_length_its_buffers_and_its_doctors(api: Api) -> None:
    await describe(api, services=[SCAN, TALK])
    await change_doctor(api, "strange", services=frozenset({"talk"}))
    await api.book("2050-11-21T09:00", 30, "who")
    scan: Json = {"start": "2050-11-21T08:00Z", "end": "2050-11-21T10:10Z", "service_id": "scan"}
    (day,) = await days(api, scan)
    assert day["doctor_id"] == "who"
    # 20 minutes, and 10 to the next one.
    assert [start[11:16] for start in day["starts"]] == [
        "08:00",
        "08:15",
        "08:30",
        "09:30",
        "09:45",
    ]
    strange: Json = {**scan, "doctor_id": "strange"}
    problem(await api.client.get("/list_openings", params=strange), 404, "unknown_service")


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"service_id": "scan"}, [("duration_minutes", "length_of_service")]),
        ({"service_id": "talk", "duration_minutes": None}, [("duration_minutes", "missing")]),
        ({"duration_minutes": 61}, [("duration_minutes", "too_long")]),
    ],
    ids=["length-of-service", "no-length", "too-long"],
)
async def test_there_is_exactly_one_length(
    api: Api, changes: Json, errors: list[tuple[str, str]]
) -> None:
    await describe(api, services=[SCAN, TALK], policy={"longest_minutes": 60})
    query: Json = {
        name: value for name, value in {**MONDAY, **changes}.items() if value is not None
    }
    response = await api.client.get("/list_openings", params=query)
    assert field_errors(response) == errors
    assert (await starts(api, {**WHO, "service_id": "talk"}))[:2] == ["08:00", "08:15"]


async def test_a_clinic_that_books_services_only_must_be_asked_for_one(api: Api) -> None:
    await describe(api, services=[SCAN], policy={"service_required": True})
    response = await api.client.get("/list_openings", params=MONDAY)
    assert field_errors(response) == [("service_id", "missing")]


async def test_an_unknown_service_is_none_whether_doctors_are_named_or_not(api: Api) -> None:
    for query in (MONDAY, WHO):
        response = await api.client.get("/list_openings", params={**query, "service_id": "gone"})
        problem(response, 404, "unknown_service")


@pytest.mark.parametrize(
    ("doctors", "end", "step", "status"),
    [
        (1, "2051-01-01", 15, 200),
        (1, "2051-01-01", 1, 200),
        (23, "2051-01-01", 15, 200),
        (24, "2051-01-01", 15, 400),
        (200, "2050-11-25", 15, 200),
        (200, "2050-11-26", 15, 400),
        (66, "2050-11-21", 1, 200),
        (67, "2050-11-21", 1, 400),
        (24, "2051-01-01", 60, 400),
    ],
)
async def test_doctors_times_days_are_limited_and_more_so_on_a_fine_grid(
    api: Api, doctors: int, end: str, step: int, status: int
) -> None:
    await employ(api, doctors, week=((),) * 7)
    named = [f"d{number:03}" for number in range(doctors)]
    query: Json = {**MONDAY, "doctor_id": named, "end": end, "step_minutes": step}
    response = await api.client.get("/list_openings", params=query)
    assert response.status_code == status
    if status == 400:
        assert field_errors(response) == [("end", "too_many")]
        assert "or fewer doctors be named" in response.json()["detail"]


async def test_what_it_lists_is_what_first_available_names(api: Api) -> None:
    await api.book("2050-11-21T13:10", 25, "who")
    window: Json = {"after": "2050-11-21", "until": "2050-11-21", "step_minutes": 15, "count": 50}
    first = (await api.first({**window, "doctor_id": "who"})).json()["openings"]
    assert [start[:16] for day in await days(api, WHO) for start in day["starts"]] == [
        opening["start"][:16] for opening in first
    ]
