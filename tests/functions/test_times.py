"""Times as clients send them: with an offset, or on somebody's wall clock."""

from datetime import timedelta

import pytest

from tests.builders import at, doctor
from tests.functions.api import Api, Json, Query, problem, starts
from tests.functions.bad_requests import REPEATED, SKIPPED


@pytest.mark.parametrize(
    ("doctor_id", "start", "answered"),
    [
        ("strange", "2050-11-21T09:00", "2050-11-21T09:00:00-05:00"),
        ("who", "2050-11-21T09:00", "2050-11-21T09:00:00Z"),
        ("strange", "2050-11-21T15:00Z", "2050-11-21T10:00:00-05:00"),
        ("strange", "2050-11-21t15:00:00z", "2050-11-21T10:00:00-05:00"),
        ("strange", "2050-11-22T00:30+09:00", "2050-11-21T10:30:00-05:00"),
        ("who", "2050-11-21T09:00:00.000-05:00", "2050-11-21T14:00:00Z"),
        ("strange", "2051-06-12T09:00", "2051-06-12T09:00:00-04:00"),
    ],
    ids=["wall clock", "other wall clock", "Z", "z", "offset", "fraction", "summer"],
)
async def test_a_time_means_its_offset_or_the_wall_clock_of_the_doctor(
    api: Api, doctor_id: str, start: str, answered: str
) -> None:
    assert (await api.book(start, doctor_id=doctor_id))["start"] == answered


@pytest.mark.parametrize("offset", ["-04:00", "-05:00"])
async def test_a_repeated_time_with_an_offset_is_understood(api: Api, offset: str) -> None:
    response = await api.ask(start=REPEATED + offset)
    assert f"2051-11-05T01:30:00{offset}" in response.json()["detail"]
    problem(response, 422, "outside_working_hours")


async def test_a_time_that_another_doctors_clock_skips_is_just_a_time(api: Api) -> None:
    problem(await api.ask(doctor_id="who", start=SKIPPED), 422, "outside_working_hours")


@pytest.mark.parametrize(
    "start", ["2050-11-21T15:30%2B01:00", "2050-11-21T15:30+01:00", "2050-11-21T15:30:00.5+01:00"]
)
async def test_a_plus_that_was_not_escaped_in_a_query_string_is_understood(
    api: Api, start: str
) -> None:
    await api.book("2050-11-21T09:00")
    await api.book("2050-11-21T09:30")
    page = (await api.page(f"doctor_id=strange&end=2050-11-22T00:00Z&start={start}")).json()
    assert starts(page["appointments"]) == ["2050-11-21T09:30:00-05:00"]


async def test_a_plus_that_was_not_escaped_is_understood_by_first_available(api: Api) -> None:
    response = await api.first("after=2050-11-21T15:00+01:00&until=2050-11-21T16:00+01:00")
    assert response.json()["searched_from"] == "2050-11-21T15:00:00+01:00"
    assert response.json()["searched_until"] == "2050-11-21T16:00:00+01:00"


# Bounds of windows

MINUTE = timedelta(minutes=1)


def window(start: str, end: str) -> Json:
    return {"start": start, "end": end}


def day(date: str) -> Json:
    return window(date, date)


async def with_doom(api: Api, zone: str, now: str) -> None:
    """Employ a doctor who never sleeps, a while before a window begins."""
    always = doctor((("00:00", "24:00"),), zone, "mon tue wed thu fri sat sun", "doom")
    await api.dependencies.store.put_doctors([always])
    api.clock.now = at(now) - timedelta(days=30)


WINDOWS: dict[str, tuple[str, Json, str, str]] = {
    "a day": ("UTC", day("2027-04-30"), "2027-04-30T00:00:00Z", "2027-05-01T00:00:00Z"),
    "a week": (
        "America/New_York",
        window("2027-03-08", "2027-03-14"),
        "2027-03-08T00:00:00-05:00",
        "2027-03-15T00:00:00-04:00",
    ),
    "a day from a time on": (
        "UTC",
        window("2027-04-30T18:00", "2027-04-30"),
        "2027-04-30T18:00:00Z",
        "2027-05-01T00:00:00Z",
    ),
    "a day from an instant on": (
        "America/New_York",
        window("2027-04-30T18:00Z", "2027-04-30"),
        "2027-04-30T14:00:00-04:00",
        "2027-05-01T00:00:00-04:00",
    ),
    "a day without a midnight": (
        "Africa/Cairo",
        day("2027-04-30"),
        "2027-04-30T01:00:00+03:00",
        "2027-05-01T00:00:00+03:00",
    ),
    "up to a day without a midnight": (
        "Africa/Cairo",
        day("2027-04-29"),
        "2027-04-29T00:00:00+02:00",
        "2027-04-30T01:00:00+03:00",
    ),
    "a midnight that is skipped": (
        "America/Santiago",
        window("2027-09-05T00:00:00", "2027-09-06T00:00:00"),
        "2027-09-05T01:00:00-03:00",
        "2027-09-06T00:00:00-03:00",
    ),
    "a day whose midnight comes twice": (
        "America/Havana",
        day("2027-11-07"),
        "2027-11-07T00:00:00-04:00",
        "2027-11-08T00:00:00-05:00",
    ),
    "up to a day whose midnight comes twice": (
        "America/Havana",
        day("2027-11-06"),
        "2027-11-06T00:00:00-04:00",
        "2027-11-07T00:00:00-04:00",
    ),
    "an hour that comes twice": (
        "America/New_York",
        window("2027-11-07T01:00", "2027-11-07T01:30"),
        "2027-11-07T01:00:00-04:00",
        "2027-11-07T01:30:00-05:00",
    ),
    "one time of an hour that comes twice": (
        "Europe/Berlin",
        window("2030-10-27T02:30", "2030-10-27T02:30"),
        "2030-10-27T02:30:00+02:00",
        "2030-10-27T02:30:00+01:00",
    ),
    "backwards in an hour that comes twice": (
        "Europe/Berlin",
        window("2030-10-27T02:45", "2030-10-27T02:30"),
        "2030-10-27T02:45:00+02:00",
        "2030-10-27T02:30:00+01:00",
    ),
    "into time that is skipped": (
        "America/New_York",
        window("2027-03-14T01:30", "2027-03-14T02:30:00.5"),
        "2027-03-14T01:30:00-05:00",
        "2027-03-14T03:00:00-04:00",
    ),
    "the day before one that was skipped": (
        "Pacific/Apia",
        day("2011-12-29"),
        "2011-12-29T00:00:00-10:00",
        "2011-12-31T00:00:00+14:00",
    ),
    "from a day that was skipped": (
        "Pacific/Apia",
        window("2011-12-30", "2011-12-31"),
        "2011-12-31T00:00:00+14:00",
        "2012-01-01T00:00:00+14:00",
    ),
}
"""A zone, the bounds of a window in it, and the instants that these mean."""


@pytest.mark.parametrize(("zone", "bounds", "start", "end"), WINDOWS.values(), ids=WINDOWS)
async def test_a_search_understands_every_bound(
    api: Api, zone: str, bounds: Json, start: str, end: str
) -> None:
    await with_doom(api, zone, start)
    query = {"doctor_id": "doom", "after": bounds["start"], "until": bounds["end"]}
    found = (await api.first(query)).json()
    assert (found["searched_from"], found["searched_until"]) == (start, end)


@pytest.mark.parametrize(("zone", "bounds", "start", "end"), WINDOWS.values(), ids=WINDOWS)
async def test_a_list_understands_every_bound(
    api: Api, zone: str, bounds: Json, start: str, end: str
) -> None:
    await with_doom(api, zone, start)
    first, last = at(start), at(end)
    for begins_at in (first - MINUTE, first, last - MINUTE, last):
        await api.book(begins_at.isoformat(), 1, "doom")
    page = (await api.page({"doctor_id": "doom", **bounds})).json()
    assert [at(listed) for listed in starts(page["appointments"])] == [first, last - MINUTE]


async def test_a_window_that_the_clock_skips_is_empty(api: Api) -> None:
    await with_doom(api, "Pacific/Apia", "2011-12-30T00:00Z")
    for bounds in (day("2011-12-30"), window("2011-12-30T09:00", "2011-12-30T10:00")):
        response = await api.page({"doctor_id": "doom", **bounds})
        assert response.json() == {"appointments": [], "next_page_token": None}


async def test_a_search_in_what_the_clock_skips_finds_nothing(api: Api) -> None:
    await with_doom(api, "Europe/Berlin", "2030-01-01T00:00Z")
    skipped = {"after": "2030-03-31T02:10", "until": "2030-03-31T02:40"}
    found = await api.client.get("/first_available", params={"doctor_id": "doom", **skipped})
    assert found.json()["openings"] == []
    backwards = {"after": "2030-03-31T02:40", "until": "2030-03-31T02:10", "doctor_id": "doom"}
    refused = await api.client.get("/first_available", params=backwards)
    assert [each["field"] for each in problem(refused, 400, "invalid_request")["errors"]] == [
        "until"
    ]


async def test_openings_and_overrides_may_end_backwards_in_an_hour_that_comes_twice(
    api: Api,
) -> None:
    await with_doom(api, "Europe/Berlin", "2030-10-27T00:45Z")
    bounds = {"doctor_id": "doom", "start": "2030-10-27T02:45", "end": "2030-10-27T02:15"}
    found = await api.client.get("/list_openings", params={**bounds, "duration_minutes": "15"})
    assert found.json()["days"][0]["starts"] == [
        "2030-10-27T02:45:00+02:00",
        "2030-10-27T02:00:00+01:00",
    ]
    made = (await api.post("create_override", {**bounds, "kind": "time_off"})).json()
    assert made["start"] == "2030-10-27T02:45:00+02:00"
    assert made["end"] == "2030-10-27T02:15:00+01:00"
    listed = await api.client.get("/list_overrides", params=bounds)
    assert [each["override_id"] for each in listed.json()["overrides"]] == [made["override_id"]]


async def test_a_bound_is_on_the_clock_of_the_clinic_where_several_doctors_are_named(
    api: Api,
) -> None:
    query: Query = {"doctor_id": ["strange", "who"], "after": "2050-11-21", "until": "2050-11-21"}
    found = (await api.first(query)).json()
    assert found["searched_from"] == "2050-11-21T00:00:00+01:00"
    assert found["searched_until"] == "2050-11-22T00:00:00+01:00"


# Times out


async def test_times_in_answers_have_whole_seconds(api: Api) -> None:
    api.clock.now = at("2050-11-18T12:00:42.987654Z")
    booked = await api.book("2050-11-21T09:00")
    assert booked["created_at"] == booked["updated_at"] == "2050-11-18T07:00:42-05:00"
    assert (await api.cancel(booked)).json()["cancelled_at"] == "2050-11-18T07:00:42-05:00"
    found = (await api.first({"until": "2050-11-21T09:00:00.5Z"})).json()
    assert found["searched_until"] == "2050-11-21T10:00:00+01:00"


async def test_a_sentence_writes_a_time_as_the_rest_of_the_answer_does(api: Api) -> None:
    await api.book("2050-11-21T15:30", doctor_id="who")
    taken = await api.ask(doctor_id="who", start="2050-11-21T15:30")
    assert "from 2050-11-21T15:30:00Z to 2050-11-21T16:00:00Z" in taken.json()["detail"]
    assert taken.json()["detail"].endswith(" 2050-11-22T08:00:00Z")
