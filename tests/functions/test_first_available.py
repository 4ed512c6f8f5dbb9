"""first_available: the earliest times that can be booked."""

import pytest

from tests.builders import at, doctor
from tests.functions.api import Api, Json, Query, starts

STRANGE: Json = {"doctor_id": "strange"}
MONDAY = "2050-11-21"


async def found(api: Api, query: Query) -> list[str]:
    """When the openings start."""
    response = await api.first(query)
    assert response.status_code == 200, response.text
    return starts(response.json()["openings"])


async def test_without_parameters_it_is_the_first_half_hour_of_any_doctor_from_now_on(
    api: Api,
) -> None:
    response = await api.first()
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "openings": [
            {
                "doctor_id": "who",
                "doctor_name": "Doctor Who",
                "start": "2050-11-18T12:00:00Z",
                "end": "2050-11-18T12:30:00Z",
                "duration_minutes": 30,
                "time_zone": "UTC",
            }
        ],
        "searched_from": "2050-11-18T13:00:00+01:00",
        "searched_until": "2051-02-16T13:00:00+01:00",
        "reason": None,
    }


async def test_with_one_doctor_all_times_are_on_that_doctors_clock(api: Api) -> None:
    body = (await api.first(STRANGE)).json()
    assert starts(body["openings"]) == ["2050-11-18T09:00:00-05:00"]
    assert body["searched_from"] == "2050-11-18T07:00:00-05:00"
    assert body["searched_until"] == "2051-02-16T07:00:00-05:00"


async def test_what_it_names_can_be_booked(api: Api) -> None:
    for _ in range(3):
        (offered,) = (await api.first({**STRANGE, "duration_minutes": 200})).json()["openings"]
        assert (await api.ask(start=offered["start"], duration_minutes=200)).status_code == 201
    assert starts(await api.listed()) == [
        "2050-11-18T09:00:00-05:00",
        "2050-11-18T12:20:00-05:00",
        "2050-11-21T09:00:00-05:00",
    ]


async def test_what_it_names_late_in_a_minute_can_be_booked_and_so_can_that_minute(
    api: Api,
) -> None:
    api.clock.now = at("2050-11-18T14:29:59.9Z")
    (offered,) = (await api.first(STRANGE)).json()["openings"]
    assert offered["start"] == "2050-11-18T09:30:00-05:00"
    await api.book("2050-11-18T09:29", 1)
    api.clock.now = at("2050-11-18T14:30:00.4Z")
    assert (await api.ask(start=offered["start"])).status_code == 201


@pytest.mark.parametrize(
    ("now", "after", "start"),
    [
        ("2050-11-18T12:00Z", f"{MONDAY}T10:00", f"{MONDAY}T10:00"),
        ("2050-11-18T12:00Z", f"{MONDAY}T10:00:00.000001", f"{MONDAY}T10:01"),
        ("2050-11-18T12:00Z", f"{MONDAY}T10:00:59Z", f"{MONDAY}T09:00"),
        ("2050-11-18T12:00Z", f"{MONDAY}T16:30", f"{MONDAY}T16:30"),
        ("2050-11-18T12:00Z", f"{MONDAY}T16:30:01", "2050-11-22T09:00"),
        ("2050-11-18T12:00Z", "2050-11-19T00:00", f"{MONDAY}T09:00"),
        ("2050-11-18T14:59:00.5Z", "2020-01-01T00:00", "2050-11-18T10:00"),
    ],
    ids=["exactly", "up to a minute", "early", "the last", "too late", "weekend", "past"],
)
async def test_an_opening_starts_at_or_after_the_time_asked_for_on_a_whole_minute(
    api: Api, now: str, after: str, start: str
) -> None:
    api.clock.now = at(now)
    assert await found(api, {**STRANGE, "after": after}) == [f"{start}:00-05:00"]


# Parameters


@pytest.mark.parametrize(("count", "expected"), [({}, 1), ({"count": 1}, 1), ({"count": 50}, 50)])
async def test_count_is_how_many_openings_are_named_at_most(
    api: Api, count: Json, expected: int
) -> None:
    assert len(await found(api, count)) == expected


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({}, ["09:05", "09:35", "10:05"]),
        ({"step_minutes": 15}, ["09:15", "09:30", "09:45"]),
        ({"step_minutes": 60}, ["10:00", "11:00", "12:00"]),
        ({"step_minutes": 1}, ["09:05", "09:06", "09:07"]),
        ({"step_minutes": 720}, ["12:00"]),
    ],
    ids=["none", "15", "60", "1", "720"],
)
async def test_with_a_step_every_start_on_the_grid_is_an_opening(
    api: Api, step: Json, expected: list[str]
) -> None:
    window: Json = {"after": f"{MONDAY}T09:05", "until": f"{MONDAY}T17:00", "count": 3}
    starts_found = await found(api, {**STRANGE, **window, **step})
    assert starts_found == [f"{MONDAY}T{start}:00-05:00" for start in expected]


async def test_openings_of_several_doctors_are_ordered_by_start_then_doctor(api: Api) -> None:
    window = {"after": f"{MONDAY}T13:30Z", "until": f"{MONDAY}T15:00Z", "count": "50"}
    everybody = (await api.first(window)).json()["openings"]
    assert [(o["start"], o["doctor_id"]) for o in everybody] == [
        ("2050-11-21T13:30:00Z", "who"),
        ("2050-11-21T09:00:00-05:00", "strange"),
        ("2050-11-21T14:00:00Z", "who"),
        ("2050-11-21T09:30:00-05:00", "strange"),
        ("2050-11-21T14:30:00Z", "who"),
    ]
    for named in (["who", "strange"], ["strange", "who", "strange"]):
        response = await api.first({**window, "doctor_id": named})
        assert response.json()["openings"] == everybody


async def test_of_several_doctors_only_those_named_are_searched(api: Api) -> None:
    await api.dependencies.store.put_doctors([doctor(doctor_id="doom")])
    response = await api.first({"doctor_id": ["who", "strange"], "count": "50"})
    assert {o["doctor_id"] for o in response.json()["openings"]} == {"who", "strange"}


async def test_a_wall_clock_time_is_the_clinics_where_no_doctor_is_named(api: Api) -> None:
    window = {"after": f"{MONDAY}T10:00", "until": f"{MONDAY}T18:00"}
    body = (await api.first(window)).json()
    assert starts(body["openings"]) == ["2050-11-21T09:00:00Z"]
    assert body["searched_from"] == "2050-11-21T10:00:00+01:00"
    assert body["searched_until"] == "2050-11-21T18:00:00+01:00"


# None


async def test_where_all_is_booked_the_reason_is_that(api: Api) -> None:
    await api.book(f"{MONDAY}T09:00", 480)
    window = {"after": f"{MONDAY}T00:00", "until": "2050-11-22T00:00"}
    response = await api.first({**STRANGE, **window})
    assert response.status_code == 200
    assert response.json() == {
        "openings": [],
        "searched_from": "2050-11-21T00:00:00-05:00",
        "searched_until": "2050-11-22T00:00:00-05:00",
        "reason": "fully_booked",
    }


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"after": "2050-11-19T00:00", "until": "2050-11-21T00:00"}, "no_working_hours"),
        ({"after": f"{MONDAY}T17:00", "until": "2050-11-22T09:00"}, "no_working_hours"),
        ({"duration_minutes": 481}, "duration_too_long"),
        ({"step_minutes": 1440}, "fully_booked"),
        ({"step_minutes": 1440, "duration_minutes": 481}, "duration_too_long"),
        ({"after": f"{MONDAY}T09:00", "until": f"{MONDAY}T09:29"}, "duration_too_long"),
        ({"after": f"{MONDAY}T09:00", "until": f"{MONDAY}T09:00:30"}, "duration_too_long"),
    ],
    ids=[
        "weekend",
        "night",
        "longer than a day's work",
        "no start on the grid",
        "longer, and off the grid",
        "short window",
        "half a minute",
    ],
)
async def test_where_nobody_could_the_reason_says_why(api: Api, query: Json, reason: str) -> None:
    body = (await api.first({**STRANGE, **query})).json()
    assert (body["openings"], body["reason"]) == ([], reason)


async def test_a_window_within_one_minute_is_empty_and_not_turned_round(api: Api) -> None:
    window = {"after": "2050-11-21T10:00:10-05:00", "until": "2050-11-21T10:00:50-05:00"}
    body = (await api.first({**STRANGE, **window})).json()
    assert body == {
        "openings": [],
        "searched_from": "2050-11-21T10:00:50-05:00",
        "searched_until": "2050-11-21T10:00:50-05:00",
        "reason": "duration_too_long",
    }
