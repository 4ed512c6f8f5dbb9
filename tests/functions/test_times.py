"""Times as clients send them: with an offset, or on somebody's wall clock."""

import pytest

from tests.functions.api import Api, problem, starts
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
