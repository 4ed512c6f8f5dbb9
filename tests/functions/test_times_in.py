"""Times as clients send them: with an offset, or on somebody's wall clock."""

import pytest

from tests.functions.api import Api, Json, field_errors, problem, starts

WINDOW = "doctor_id=strange&end=2050-11-22T00:00Z"


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


SKIPPED = "2051-03-12T02:30"
REPEATED = "2051-11-05T01:30"
CLOCK_CHANGES = pytest.mark.parametrize(
    ("time", "kind", "words"),
    [
        (SKIPPED, "nonexistent_local_time", "is skipped"),
        (REPEATED, "ambiguous_local_time", "happens twice"),
    ],
    ids=["skipped", "repeated"],
)


@CLOCK_CHANGES
async def test_a_start_that_a_clock_change_skips_or_repeats_is_refused(
    api: Api, time: str, kind: str, words: str
) -> None:
    response = await api.ask(start=time)
    assert field_errors(response) == [("start", kind)]
    (error,) = response.json()["errors"]
    assert error["message"].startswith(
        f"{words} when the clocks of America/New_York change; send an offset, as in {time}"
    )


@CLOCK_CHANGES
async def test_an_end_that_a_clock_change_skips_or_repeats_is_refused(
    api: Api, time: str, kind: str, words: str
) -> None:
    response = await api.ask(start=f"{time[:10]}T00:30", end=time, duration_minutes=None)
    assert field_errors(response) == [("end", kind)]
    assert words in response.json()["detail"]


@CLOCK_CHANGES
@pytest.mark.parametrize("field", ["start", "end"])
async def test_a_list_window_is_not_bounded_by_a_skipped_or_repeated_time(
    api: Api, field: str, time: str, kind: str, words: str
) -> None:
    window = {"start": "2051-01-01T00:00", "end": "2051-12-31T00:00", field: time}
    response = await api.page({"doctor_id": "strange", **window})
    assert field_errors(response) == [(field, kind)]
    assert words in response.json()["detail"]


@pytest.mark.parametrize("field", ["after", "until"])
async def test_a_search_is_not_bounded_by_a_skipped_time(api: Api, field: str) -> None:
    response = await api.first({"doctor_id": "strange", field: SKIPPED})
    assert field_errors(response) == [(field, "nonexistent_local_time")]


@pytest.mark.parametrize("offset", ["-04:00", "-05:00"])
async def test_a_repeated_time_with_an_offset_is_understood(api: Api, offset: str) -> None:
    response = await api.ask(start=REPEATED + offset)
    assert f"from 2051-11-05T01:30:00{offset} to" in response.json()["detail"]
    problem(response, 422, "outside_working_hours")


async def test_a_time_that_another_doctors_clock_skips_is_just_a_time(api: Api) -> None:
    problem(await api.ask(doctor_id="who", start=SKIPPED), 422, "outside_working_hours")


@pytest.mark.parametrize(
    "changes",
    [
        {"start": "2050-11-21T09:00:01"},
        {"start": "2050-11-21T09:00:00.5Z"},
        {"start": "2050-11-21T09:00", "end": "2050-11-21T09:30:30", "duration_minutes": None},
    ],
    ids=["seconds", "fraction", "end"],
)
async def test_appointments_fall_on_whole_minutes(api: Api, changes: Json) -> None:
    response = await api.ask(**changes)
    field = "end" if "end" in changes else "start"
    assert field_errors(response) == [(field, "whole_minutes")]
    assert response.json()["errors"][0]["message"] == "must be a whole minute, without seconds"


async def test_the_smallest_fraction_of_a_second_is_no_whole_minute_either(api: Api) -> None:
    response = await api.ask(start="2050-11-21T09:00:00.0000001Z")
    assert field_errors(response) == [("start", "whole_minutes")]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"end": "2050-11-21T09:00"}, "not_after_start"),
        ({"end": "2050-11-21T08:30"}, "not_after_start"),
        ({"end": "2050-11-21T14:00Z"}, "not_after_start"),
        ({"start": "2050-11-21T14:00Z", "end": "2050-11-21T09:00-05:00"}, "not_after_start"),
    ],
    ids=["the same", "earlier", "the same with Z", "the same in two offsets"],
)
async def test_an_end_is_after_its_start(api: Api, changes: Json, kind: str) -> None:
    assert field_errors(await api.ask(duration_minutes=None, **changes)) == [("end", kind)]


@pytest.mark.parametrize(
    "start", ["2050-11-21T15:30%2B01:00", "2050-11-21T15:30+01:00", "2050-11-21T15:30:00.5+01:00"]
)
async def test_a_plus_that_was_not_escaped_in_a_query_string_is_understood(
    api: Api, start: str
) -> None:
    await api.book("2050-11-21T09:00")
    await api.book("2050-11-21T09:30")
    page = (await api.page(f"{WINDOW}&start={start}")).json()
    assert starts(page["appointments"]) == ["2050-11-21T09:30:00-05:00"]


async def test_a_plus_that_was_not_escaped_is_understood_by_first_available(api: Api) -> None:
    response = await api.first("after=2050-11-21T15:00+01:00&until=2050-11-21T16:00+01:00")
    assert response.json()["searched_from"] == "2050-11-21T15:00:00+01:00"
    assert response.json()["searched_until"] == "2050-11-21T16:00:00+01:00"


async def test_only_an_offset_may_have_lost_its_plus(api: Api) -> None:
    response = await api.page(f"{WINDOW}&start=2050-11-21 09:00")
    assert field_errors(response) == [("start", "time")]
    assert (await api.ask(start="2050-11-21T15:00 01:00")).status_code == 400
