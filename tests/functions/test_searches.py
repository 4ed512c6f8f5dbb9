"""first_available as the clinic's calendar has it: services, notice, horizon, closed days."""

import pytest

from tests.builders import at
from tests.functions.api import (
    ON_BOTH_STORES,
    Api,
    Json,
    Query,
    calling,
    field_errors,
    problem,
    starts,
)
from tests.functions.described import SCAN, TALK, change_doctor, describe, employ

WHO: Json = {"doctor_id": "who"}


async def first(api: Api, query: Query) -> Json:
    response = await api.first(query)
    assert response.status_code == 200, response.text
    found: Json = response.json()
    return found


@ON_BOTH_STORES
async def test_a_service_is_looked_for_with_those_who_offer_it_and_with_its_buffers(
    api: Api,
) -> None:
    await describe(api, services=[SCAN, TALK])
    await change_doctor(api, "who", services=frozenset({"talk"}))
    await api.book("2050-11-18T09:00", 30)
    await api.book("2050-11-18T09:55", 30)
    found = (await first(api, {"service_id": "scan", "count": 2}))["openings"]
    assert [(o["doctor_id"], o["start"][:16], o["duration_minutes"]) for o in found] == [
        ("strange", "2050-11-18T10:25", 20),
        ("strange", "2050-11-18T10:45", 20),
    ]


async def test_a_service_without_a_length_needs_one_and_others_may_not_be_sent_one(
    api: Api,
) -> None:
    await describe(api, services=[SCAN, TALK])
    talk: Json = {"service_id": "talk", "duration_minutes": 45}
    assert (await first(api, talk))["openings"][0]["duration_minutes"] == 45
    assert field_errors(await api.first("service_id=talk")) == [("duration_minutes", "missing")]
    both = await api.first("service_id=scan&duration_minutes=20")
    assert field_errors(both) == [("duration_minutes", "length_of_service")]


async def test_no_service_means_half_an_hour_unless_the_clinic_wants_one(api: Api) -> None:
    await describe(api, services=[TALK])
    assert (await first(api, WHO))["openings"][0]["duration_minutes"] == 30


async def test_a_clinic_that_books_services_only_must_be_asked_for_one(api: Api) -> None:
    await describe(api, services=[SCAN], policy={"service_required": True})
    assert field_errors(await api.first(WHO)) == [("service_id", "missing")]
    assert (await first(api, {**WHO, "service_id": "scan"}))["openings"]


async def test_a_length_is_at_most_what_the_policy_allows(api: Api) -> None:
    services = [{**TALK, "policy": {"longest_minutes": 90}}]
    await describe(api, services=services, policy={"longest_minutes": 60})
    assert (await first(api, {"duration_minutes": 60}))["openings"]
    assert field_errors(await api.first({"duration_minutes": 61})) == [
        ("duration_minutes", "too_long")
    ]
    assert (await first(api, {"duration_minutes": 90, "service_id": "talk"}))["openings"]


async def test_what_is_usual_is_no_longer_than_what_the_policy_allows(api: Api) -> None:
    await describe(api, policy={"longest_minutes": 20})
    (opening,) = (await first(api, {}))["openings"]
    assert opening["duration_minutes"] == 20


@pytest.mark.parametrize(
    "query",
    [
        {"service_id": "gone"},
        {"service_id": "gone", "doctor_id": "who"},
        {"service_id": "scan", "doctor_id": "who"},
        {"service_id": "scan", "doctor_id": ["strange", "who"]},
        {"service_id": "a.b_-9"},
    ],
)
async def test_a_service_that_a_named_doctor_does_not_offer_is_none(api: Api, query: Json) -> None:
    await describe(api, services=[SCAN, TALK])
    await change_doctor(api, "who", services=frozenset({"talk"}))
    problem(await api.first(query), 404, "unknown_service")


async def test_a_retired_doctor_is_none(api: Api) -> None:
    await change_doctor(api, "strange", retired=True)
    retired = problem(await api.first("doctor_id=strange"), 404, "unknown_doctor")
    assert retired["detail"] == 'there is no doctor "strange"; use an id such as "who"'
    assert (await first(api, {"count": 50}))["openings"][0]["doctor_id"] == "who"


async def test_where_nobody_can_be_booked_no_id_is_suggested(api: Api) -> None:
    for doctor_id in ("strange", "who"):
        await change_doctor(api, doctor_id, retired=True)
    empty = problem(await api.first("doctor_id=me"), 404, "unknown_doctor")
    expected = 'there is no doctor "me"; no doctor can be booked'
    assert empty == {"detail": expected}


# Notice and horizon


@pytest.mark.parametrize(
    ("notice", "after", "start"),
    [
        (0, "2050-11-18T12:00:20Z", "12:01"),
        (60, "2050-11-18T12:00Z", "13:01"),
        (60, "2050-11-18T13:00:30Z", "13:01"),
        (60, "2050-11-18T13:01:30Z", "13:02"),
        (1, "2050-11-18T12:00Z", "12:02"),
    ],
)
async def test_an_opening_keeps_the_notice_rounded_up_to_a_minute(
    api: Api, notice: int, after: str, start: str
) -> None:
    await describe(api, policy={"notice_minutes": notice})
    api.clock.now = at("2050-11-18T12:00:30Z") if notice else at("2050-11-18T12:00Z")
    found = await first(api, {**WHO, "after": after})
    assert found["searched_from"] == f"2050-11-18T{start}:00Z"
    assert starts(found["openings"]) == [f"2050-11-18T{start}:00Z"]
    assert (await api.ask(doctor_id="who", start=found["openings"][0]["start"])).status_code == 201


async def test_the_notice_of_a_service_is_its_own(api: Api) -> None:
    await describe(
        api,
        policy={"notice_minutes": 60},
        services=[{**SCAN, "policy": {"notice_minutes": 0}}],
    )
    assert starts((await first(api, {**WHO, "service_id": "scan"}))["openings"]) == [
        "2050-11-18T12:00:00Z"
    ]
    assert starts((await first(api, WHO))["openings"]) == ["2050-11-18T13:00:00Z"]


async def test_the_last_start_is_at_the_horizon_however_long_it_lasts(api: Api) -> None:
    await describe(api, policy={"horizon_days": 3})
    window: Json = {**WHO, "after": "2050-11-21T11:00Z", "until": "2050-11-21T16:00Z"}
    found = await first(api, {**window, "duration_minutes": 90, "step_minutes": 30, "count": 50})
    assert starts(found["openings"]) == [
        "2050-11-21T11:00:00Z",
        "2050-11-21T11:30:00Z",
        "2050-11-21T12:00:00Z",
    ]
    assert found["searched_until"] == "2050-11-21T13:30:00Z"
    assert found["reason"] is None


@pytest.mark.parametrize(
    ("window", "booked", "reason"),
    [
        # The horizon ends on Monday at noon.
        ({"after": "2050-11-21T12:01Z"}, (), "beyond_horizon"),
        ({"after": "2050-12-01T00:00Z", "until": "2050-12-02T00:00Z"}, (), "beyond_horizon"),
        ({"after": "2050-11-21T12:00Z"}, (), None),
        ({"after": "2050-11-19T00:00Z", "until": "2050-11-21T07:00Z"}, (), "no_working_hours"),
        ({"after": "2050-11-21T08:00Z"}, (("08:00", 300),), "fully_booked"),
        # Nobody works any more before the horizon, but somebody does beyond it.
        ({"after": "2050-11-21T11:00Z", "duration_minutes": 301}, (), "beyond_horizon"),
        (
            {"after": "2050-11-21T12:00Z", "duration_minutes": 480, "until": "2050-11-22T12:00Z"},
            (),
            "duration_too_long",
        ),
        (
            {"after": "2050-11-21T12:00Z", "duration_minutes": 300, "until": "2050-11-22T16:00Z"},
            (("22", 480),),
            "beyond_horizon",
        ),
        ({"duration_minutes": 481}, (), "duration_too_long"),
        # The first start on the grid lies beyond the horizon.
        (
            {"after": "2050-11-21T11:00Z", "duration_minutes": 60, "step_minutes": 160},
            (),
            "beyond_horizon",
        ),
    ],
)
async def test_why_there_is_none_tells_the_horizon_from_the_hours(
    api: Api, window: Json, booked: tuple[tuple[str, int], ...], reason: str | None
) -> None:
    for start, minutes in booked:
        day = "2050-11-22T08:00" if start == "22" else f"2050-11-21T{start}"
        await api.book(day, minutes, "who")
    await describe(api, policy={"horizon_days": 3})
    async with calling(api.dependencies.store, api.clock) as instance:
        found = await first(instance, {**WHO, **window})
    assert found["reason"] == reason
    assert bool(found["openings"]) == (reason is None)


async def test_beyond_the_horizon_nothing_is_searched(api: Api) -> None:
    found = await first(api, {"after": "2060-01-01T12:00Z"})
    assert found["searched_from"] == found["searched_until"] == "2060-01-01T13:00:00+01:00"
    assert found["reason"] == "beyond_horizon"


async def test_staff_are_given_no_exception_to_the_notice(api: Api) -> None:
    await describe(api, policy={"notice_minutes": 60})
    assert starts((await first(api, WHO))["openings"]) == ["2050-11-18T13:00:00Z"]


async def test_closed_days_are_skipped(api: Api) -> None:
    await describe(
        api, closed=[{"start": "2050-11-18", "end": "2050-11-21T11:00:00Z", "name": "Works"}]
    )
    assert starts((await first(api, WHO))["openings"]) == ["2050-11-21T11:00:00Z"]
    window: Json = {"after": "2050-11-19", "until": "2050-11-21T11:00Z"}
    assert (await first(api, {**WHO, **window}))["reason"] == "no_working_hours"


# Many doctors


@pytest.mark.parametrize(
    ("until", "status"), [("2050-11-22T00:00Z", 200), ("2051-11-18T00:00Z", 400)]
)
async def test_many_doctors_are_searched_for_a_shorter_time(
    api: Api, until: str, status: int
) -> None:
    await employ(api, 60)
    response = await api.first({"until": until})
    assert response.status_code == status
    if status == 400:
        assert field_errors(response) == [("until", "too_many")]


@pytest.mark.parametrize(("count", "status"), [(198, 200), (199, 400)])
async def test_a_search_that_names_nobody_goes_through_two_hundred_doctors(
    api: Api, count: int, status: int
) -> None:
    await describe(api, services=[SCAN])
    await employ(api, count, services=frozenset())
    response = await api.first()
    assert response.status_code == status
    if status == 400:
        assert field_errors(response) == [("doctor_id", "too_many")]
        assert response.json()["detail"] == (
            "doctor_id: must be sent, because more than 200 doctors could be meant; or send a "
            "service_id that fewer offer"
        )
    assert (await first(api, {"service_id": "scan"}))["openings"][0]["doctor_id"] == "who"
    assert (await first(api, WHO))["openings"][0]["doctor_id"] == "who"
