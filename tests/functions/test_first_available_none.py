"""first_available: why there is no opening, and what is refused."""

import pytest

from tests.functions.api import Api, Json, field_errors, problem

STRANGE: Json = {"doctor_id": "strange"}
MONDAY = "2050-11-21"


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
        ({"after": f"{MONDAY}T09:00", "until": f"{MONDAY}T09:29"}, "duration_too_long"),
        ({"after": f"{MONDAY}T09:00", "until": f"{MONDAY}T09:00:30"}, "duration_too_long"),
    ],
    ids=["weekend", "night", "longer than a day's work", "short window", "half a minute"],
)
async def test_where_nobody_could_the_reason_says_why(api: Api, query: Json, reason: str) -> None:
    body = (await api.first({**STRANGE, **query})).json()
    assert (body["openings"], body["reason"]) == ([], reason)


@pytest.mark.parametrize("doctors", ["doom", ["who", "doom"]], ids=["alone", "among others"])
async def test_an_unknown_doctor_is_not_found(api: Api, doctors: str | list[str]) -> None:
    problem(await api.first({"doctor_id": doctors}), 404, "unknown_doctor")


async def test_until_is_at_most_366_days_after(api: Api) -> None:
    window = {"after": "2050-11-21T00:00Z"}
    assert (await api.first({**window, "until": "2051-11-22T00:00Z"})).status_code == 200
    response = await api.first({**window, "until": "2051-11-22T00:00:01Z"})
    assert field_errors(response) == [("until", "window_too_long")]


@pytest.mark.parametrize(
    "query",
    [
        {"after": f"{MONDAY}T09:00Z", "until": f"{MONDAY}T09:00Z"},
        {"after": f"{MONDAY}T09:00Z", "until": f"{MONDAY}T08:00Z"},
        {"until": "2050-11-18T12:00Z"},
        {"after": "2020-01-01T00:00Z", "until": "2020-02-01T00:00Z"},
    ],
    ids=["the same", "before", "now", "past"],
)
async def test_until_is_after_the_time_from_which_is_searched(api: Api, query: Json) -> None:
    assert field_errors(await api.first(query)) == [("until", "not_after_start")]


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("duration_minutes", "0", "greater_than_equal"),
        ("duration_minutes", "1441", "less_than_equal"),
        ("duration_minutes", "30.0", "int_type"),
        ("count", "0", "greater_than_equal"),
        ("count", "51", "less_than_equal"),
        ("count", "true", "int_type"),
        ("step_minutes", "0", "greater_than_equal"),
        ("step_minutes", "7", "not_a_divisor"),
        ("step_minutes", "1441", "less_than_equal"),
        ("step_minutes", "", "int_type"),
    ],
)
async def test_a_number_out_of_its_limits_is_refused(
    api: Api, name: str, value: str, kind: str
) -> None:
    assert field_errors(await api.first({name: value})) == [(name, kind)]


@pytest.mark.parametrize("minutes", ["1", "1440"])
async def test_durations_and_steps_are_from_one_minute_to_a_day(api: Api, minutes: str) -> None:
    for name in ("duration_minutes", "step_minutes"):
        assert (await api.first({name: minutes})).status_code == 200
