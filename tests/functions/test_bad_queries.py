"""Query strings that nobody should send: each is refused with a problem that names the field."""

import pytest

from tests.functions.api import Api, field_errors, problem

LIST = "doctor_id=strange&start=2050-11-21T00:00&end=2050-11-22T00:00"

BAD_LISTS: dict[str, tuple[str, str, str]] = {
    "unknown": ("&colour=red", "colour", "extra_forbidden"),
    "misspelled": ("&pagesize=1", "pagesize", "extra_forbidden"),
    "without a name": ("&=1", "", "extra_forbidden"),
    "NUL as a name": ("&%00=1", "\0", "extra_forbidden"),
    "semicolon": ("&;", ";", "extra_forbidden"),
    "no UTF-8 as a name": ("&%ff=1", "\ufffd", "extra_forbidden"),
    "doctor twice": ("&doctor_id=who", "doctor_id", "repeated"),
    "start twice, the same": ("&start=2050-11-21T00:00", "start", "repeated"),
    "unknown twice": ("&colour=red&colour=red", "colour", "repeated"),
    "status cancelled": ("&status=cancelled", "status", "literal_error"),
    "status empty": ("&status=", "status", "literal_error"),
    "size in other digits": ("&page_size=%D9%A1", "page_size", "int_type"),
    "size with a sign": ("&page_size=%2B1", "page_size", "int_type"),
    "size with a space": ("&page_size= 1", "page_size", "int_type"),
    "token NUL": ("&page_token=%00", "page_token", "page_token"),
    "token no UTF-8": ("&page_token=%ff%fe", "page_token", "page_token"),
    "token of other base64": ("&page_token=W10%2B/", "page_token", "page_token"),
    "token 501": (f"&page_token={'W' * 501}", "page_token", "string_too_long"),
}


@pytest.mark.parametrize(("query", "field", "kind"), BAD_LISTS.values(), ids=BAD_LISTS)
async def test_list_appointments_refuses_it(api: Api, query: str, field: str, kind: str) -> None:
    assert field_errors(await api.page(LIST + query)) == [(field, kind)]


BAD_TIMES = {
    "empty": ("", "time"),
    "day": ("2050-11-21", "time"),
    "number": ("2556109200", "time"),
    "NUL": ("2050-11-21T00:00%00", "time"),
    "line end": ("2050-11-21T00:00%2001:00%0a", "time"),
    "leap second": ("2050-12-31T23:59:60Z", "time"),
    "no such day": ("2050-02-30T00:00", "time"),
    "offset of a day": ("2050-11-21T00:00-24:00", "time"),
    "offset with 60 minutes": ("2050-11-21T00:00-01:60", "time"),
    "year 1": ("0001-01-01T00:00Z", "time_out_of_range"),
    "year 9999": ("9999-12-31T23:59Z", "time_out_of_range"),
}


@pytest.mark.parametrize(("time", "kind"), BAD_TIMES.values(), ids=BAD_TIMES)
async def test_a_time_that_is_none_is_refused_wherever_it_stands(
    api: Api, time: str, kind: str
) -> None:
    start = await api.page(f"doctor_id=strange&end=2050-11-22T00:00Z&start={time}")
    assert field_errors(start) == [("start", kind)]
    end = await api.page(f"doctor_id=strange&start=2050-11-22T00:00Z&end={time}")
    assert field_errors(end) == [("end", kind)]
    assert field_errors(await api.first(f"after={time}")) == [("after", kind)]
    assert field_errors(await api.first(f"until={time}")) == [("until", kind)]


BAD_SEARCHES: dict[str, tuple[str, str, str]] = {
    "unknown": ("colour=red", "colour", "extra_forbidden"),
    "camel case": ("doctorId=who", "doctorId", "extra_forbidden"),
    "after twice": ("after=2050-11-21T00:00Z&after=2050-11-22T00:00Z", "after", "repeated"),
    "count twice": ("count=1&count=1", "count", "repeated"),
    "count huge": (f"count={'9' * 1000}", "count", "less_than_equal"),
    "count beyond all numbers": (f"count={'9' * 5000}", "count", "int_type"),
    "count very negative": (f"count=-{'9' * 30}", "count", "greater_than_equal"),
    "count true": ("count=true", "count", "int_type"),
    "duration ISO": ("duration_minutes=PT30M", "duration_minutes", "int_type"),
    "duration exponent": ("duration_minutes=3e1", "duration_minutes", "int_type"),
    "duration NUL": ("duration_minutes=30%00", "duration_minutes", "int_type"),
    "duration line end": ("duration_minutes=30%0a", "duration_minutes", "int_type"),
    "step fraction": ("step_minutes=0.5", "step_minutes", "int_type"),
    "doctor empty": ("doctor_id=", "doctor_id[0]", "string_pattern_mismatch"),
    "second doctor slash": (
        "doctor_id=who&doctor_id=a/b",
        "doctor_id[1]",
        "string_pattern_mismatch",
    ),
    "doctor 129": (f"doctor_id={'a' * 129}", "doctor_id[0]", "string_pattern_mismatch"),
    "doctor surrogate": ("doctor_id=%ED%A0%80", "doctor_id[0]", "string_pattern_mismatch"),
}


@pytest.mark.parametrize(("query", "field", "kind"), BAD_SEARCHES.values(), ids=BAD_SEARCHES)
async def test_first_available_refuses_it(api: Api, query: str, field: str, kind: str) -> None:
    assert field_errors(await api.first(query)) == [(field, kind)]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("statu=all", 'is not a known name; did you mean "status"?'),
        (
            "colour=red",
            "is not a known name; use one of doctor_id, start, end, status, page_size, page_token",
        ),
    ],
)
async def test_an_unknown_parameter_is_answered_with_what_may_have_been_meant(
    api: Api, query: str, message: str
) -> None:
    response = await api.page(f"{LIST}&{query}")
    assert response.json()["errors"][0]["message"] == message


async def test_an_id_of_dots_is_only_an_unknown_doctor(api: Api) -> None:
    problem(await api.first("doctor_id=.."), 404, "unknown_doctor")
    problem(await api.first(f"doctor_id={'a' * 128}"), 404, "unknown_doctor")


async def test_the_first_and_the_last_year_can_be_searched(api: Api) -> None:
    for start, end in (
        ("1900-01-01T00:00", "1900-12-31T23:59"),
        ("9998-01-01T00:00", "9998-12-31T23:59"),
    ):
        assert (await api.page(f"doctor_id=strange&start={start}&end={end}")).status_code == 200
    last = await api.first("after=9998-12-31T23:59-23:59")
    assert last.status_code == 200
