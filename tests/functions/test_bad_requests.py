"""Requests that nobody should send: each is refused with a problem that names the field."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.functions.api import MONDAY_AT_NINE, Api, Json, field_errors, problem
from tests.functions.bad_requests import (
    BAD_BODIES,
    BAD_QUERIES,
    CANCEL,
    CREATE,
    END,
    FIRST,
    GOOD_BODIES,
    GOOD_QUERIES,
    HOLD,
    LINK,
    MAKE,
    MARK,
    NOTHING,
    SERIES,
    Bad,
)

ALL = [*BAD_BODIES, *BAD_QUERIES]
JSON = {"Content-Type": "application/json"}


async def sent(api: Api, function: str, request: object) -> httpx.Response:
    if function in GOOD_QUERIES:
        return await api.client.get(f"/{function}?{request}")
    content = request if isinstance(request, bytes) else json.dumps(request).encode()
    return await api.client.post(f"/{function}", content=content, headers=JSON)


@pytest.mark.parametrize("function", dict.fromkeys(bad.function for bad in ALL))
async def test_a_bad_request_is_refused_field_by_field(api: Api, function: str) -> None:
    for bad in (bad for bad in ALL if bad.function == function):
        response = await sent(api, function, bad.request)
        assert field_errors(response) == bad.errors, bad
        first = response.json()["errors"][0]
        assert first["message"] in response.json()["detail"], bad
        assert all(words in first["message"] for words in bad.words), bad


@pytest.mark.parametrize("bad", NOTHING, ids=[bad.function for bad in NOTHING])
async def test_a_request_without_anything_is_refused(api: Api, bad: Bad) -> None:
    assert field_errors(await sent(api, bad.function, bad.request)) == bad.errors


@pytest.mark.parametrize("function", GOOD_BODIES)
async def test_a_body_is_json_of_at_most_64_kib(api: Api, function: str) -> None:
    await api.put_some_appointment()
    url, content = f"/{function}", json.dumps(GOOD_BODIES[function]).encode().ljust(65_536)
    too_large = await api.client.post(url, content=content + b" ", headers=JSON)
    problem(too_large, 413, "body_too_large")
    for media_type in (None, "", "text/plain", "application/jsonp", "text/json"):
        headers = {} if media_type is None else {"Content-Type": media_type}
        refused = await api.client.post(url, content=content, headers=headers)
        problem(refused, 415, "unsupported_media_type")
    granted = await api.client.post(url, content=content, headers=JSON)
    statuses = {CREATE: 201, MAKE: 201, HOLD: 201, SERIES: 201, LINK: 201, END: 404, MARK: 422}
    assert granted.status_code == statuses.get(function, 200)


@pytest.mark.parametrize("media_type", ["APPLICATION/JSON", "application/json; charset=utf-8"])
async def test_a_body_may_name_its_type_in_several_ways(api: Api, media_type: str) -> None:
    content, headers = json.dumps(MONDAY_AT_NINE), {"Content-Type": media_type}
    response = await api.client.post(f"/{CREATE}", content=content, headers=headers)
    assert response.status_code == 201


@pytest.mark.parametrize("function", GOOD_BODIES)
async def test_fields_belong_into_the_body(api: Api, function: str) -> None:
    for name in ("reason", "doctor_id", "start"):
        response = await api.post(f"{function}?{name}=1", GOOD_BODIES[function])
        assert field_errors(response) == [(name, "extra_forbidden")]
        assert "body" in response.json()["detail"]
    refused = await api.post(f"{function}?%E2%80%AE{300 * 'x'}=1", GOOD_BODIES[function])
    assert field_errors(refused) == [(rf"\u202e{194 * 'x'}", "extra_forbidden")]


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        (
            "after=2050-11-22&until=2050-11-20",
            "until: must be after the time in `after`",
        ),
        ("until=2050-11-18T11:00Z", "until: must be after now"),
        (
            "doctor_id=*",
            "doctor_id[0]: must be an id; leave doctor_id out for every doctor",
        ),
        ("service_id=nope", "the clinic offers no such service; `list_services` lists them"),
    ],
)
async def test_a_search_says_what_would_be_right(api: Api, query: str, detail: str) -> None:
    assert (await api.client.get(f"/{FIRST}?{query}")).json()["detail"] == detail


async def test_a_window_of_dates_says_that_its_last_day_counts(api: Api) -> None:
    query = "doctor_id=strange&duration_minutes=30&start=2050-12-01&end=2051-01-12"
    refused = await api.client.get(f"/list_openings?{query}")
    assert refused.json()["detail"] == (
        "end: must be at most 42 days after start (a date counts as a whole day)"
    )


async def test_what_may_be_a_date_says_so_and_nothing_else_does(api: Api) -> None:
    time = (
        'must be an RFC 3339 time such as "2026-11-23T09:00:00-05:00" or, on the doctor\'s wall '
        'clock, "2026-11-23T09:00:00"'
    )
    bound = await api.client.get(f"/{FIRST}?after=yesterday")
    assert bound.json()["detail"] == f'after: {time}, or a date such as "2026-11-23"'
    override = await api.post(MAKE, {**GOOD_BODIES[MAKE], "start": "07/05/2050"})
    assert override.json()["detail"] == f'start: {time}, or a date such as "2026-11-23"'
    start = await api.post(CREATE, {**GOOD_BODIES[CREATE], "start": "2050-11-21"})
    assert start.json()["detail"] == f"start: {time}"


async def test_names_spelled_in_another_way_are_told_before_those_that_are_missing(
    api: Api,
) -> None:
    body = {"doctorId": "strange", "startTime": "2050-11-21T09:00", "patient": {"name": "Ada"}}
    refused = await api.post(HOLD, body)
    assert refused.json()["detail"].startswith(
        'doctorId: is not a known name; did you mean "doctor_id"?; startTime: '
    )


# What is just not too long, or strange but right


@pytest.mark.parametrize(
    "name",
    [
        *("Łukasz Żółć", "李小龍", "عمر", "\U0001f469\u200d\u2695", "O'Brien \\ %s"),
        *(
            'a "quoted" name',
            "<b>&amp;</b>",
            "字" * 200,
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "½",
            "\U0001f469\u200d\u2695\ufe0f",
        ),
    ],
)
async def test_a_name_comes_back_as_it_was_sent(api: Api, name: str) -> None:
    response = await api.ask(patient={"name": name})
    assert response.json()["patient"] == {"name": name}
    assert (await api.listed())[0]["patient"] == {"name": name}


TEXTS: list[tuple[Json, Json]] = [
    ({"name": "\u200f \u3000Ada\u200e\n"}, {"name": "Ada"}),
    ({"email": " ada@example.org\t", "phone": "\u200e+1 555 010 9999 "}, {}),
    ({"email": "", "phone": " ", "reason": "\n"}, {"email": None, "phone": None}),
    ({"email": "Ada.L@EXAMPLE.Org"}, {"email": "Ada.L@example.org"}),
    ({"email": "ada@b\u00fccher.example"}, {"email": "ada@b\u00fccher.example"}),
    ({"email": "ada@clinic.local"}, {"email": "ada@clinic.local"}),
    ({"phone": "\u06f0\u06f9\u06f1\u06f2 \u06f3\u06f4\u06f5"}, {"phone": "0912 345"}),
    ({"phone": "(0)1-2.3/4 ext. \uff15"}, {"phone": "(0)1-2.3/4 ext. 5"}),
    ({"phone": "+123456789012345"}, {"phone": "+123456789012345"}),
]
"""Parts of a request, and what comes back where that is something else."""


@pytest.mark.parametrize(("sent", "kept"), TEXTS)
async def test_texts_are_trimmed_empty_ones_are_absent_and_the_rest_has_one_form(
    api: Api, sent: Json, kept: Json
) -> None:
    usual = {"name": "Ada", "email": "ada@example.org", "phone": "+1 555 010 9999"}
    reason = {"reason": sent["reason"]} if "reason" in sent else {}
    patient = {name: sent.get(name, text) for name, text in usual.items()}
    booked = (await api.ask(patient=patient, **reason)).json()
    expected = {name: kept.get(name, text) for name, text in usual.items()}
    assert booked["patient"] == {name: text for name, text in expected.items() if text is not None}
    assert "reason" not in booked
    assert (await api.listed())[0]["patient"] == booked["patient"]


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("first line\nsecond line", "first line\nsecond line"),
        (" one\r\ntwo\rthree\n\n\tfour\r\n", "one\ntwo\nthree\n\n four"),
        ("a\u200fb\u200c\u200dc\u2028d", "ab\u200c\u200dc\u2028d"),
    ],
)
async def test_a_reason_may_have_several_lines(api: Api, reason: str, kept: str) -> None:
    booked = (await api.ask(reason=reason)).json()
    assert booked["reason"] == kept
    assert (await api.cancel(booked, reason=reason)).json()["cancellation_reason"] == kept


async def test_a_reason_has_up_to_1000_characters(api: Api) -> None:
    booked = (await api.ask(reason="字" * 1000)).json()
    assert booked["reason"] == "字" * 1000
    cancelled = (
        await api.post(CANCEL, {"appointment_id": booked["id"], "reason": "é" * 1000})
    ).json()
    assert cancelled["cancellation_reason"] == "é" * 1000


@pytest.mark.parametrize(
    "query",
    [
        "list_appointments?doctor_id=who&start=2050-11-21T00:00&end=2051-11-22T00:00",
        "list_appointments?doctor_id=strange&start=1900-01-01T00:00&end=1900-12-31T23:59",
        "list_appointments?doctor_id=strange&start=9998-01-01T00:00&end=9998-12-31T23:59",
        f"list_appointments?{GOOD_QUERIES['list_appointments']}&page_size=1",
        f"list_appointments?{GOOD_QUERIES['list_appointments']}&page_size=1000",
        "first_available?after=2050-11-21T00:00Z&until=2051-11-22T00:00Z",
        "first_available?after=9998-12-31T23:59-23:59",
        "first_available?duration_minutes=1&step_minutes=1",
        "first_available?duration_minutes=1440&step_minutes=1440",
    ],
)
async def test_what_is_just_within_its_limits_is_answered(api: Api, query: str) -> None:
    response = await api.client.get(f"/{query}")
    assert response.status_code == 200, response.text


# Bodies as they arrive


async def test_a_byte_order_mark_before_a_body_is_skipped(api: Api) -> None:
    content = b"\xef\xbb\xbf" + json.dumps(MONDAY_AT_NINE).encode()
    assert (await api.client.post(f"/{CREATE}", content=content, headers=JSON)).status_code == 201


@pytest.mark.parametrize("function", GOOD_BODIES)
async def test_a_body_is_not_compressed(api: Api, function: str) -> None:
    await api.put_some_appointment()
    content = json.dumps(GOOD_BODIES[function])
    for encoding in ("gzip", "br", "identity, gzip", "x"):
        headers = {**JSON, "Content-Encoding": encoding}
        refused = await api.client.post(f"/{function}", content=content, headers=headers)
        problem(refused, 415, "unsupported_media_type")
        assert refused.headers["accept-encoding"] == "identity"
    twice = [*JSON.items(), ("Content-Encoding", "identity"), ("Content-Encoding", "gzip")]
    refused = await api.client.post(f"/{function}", content=content, headers=twice)
    problem(refused, 415, "unsupported_media_type")
    headers = {**JSON, "Content-Encoding": "Identity"}
    granted = await api.client.post(f"/{function}", content=content, headers=headers)
    assert granted.status_code < 300 or granted.json()["code"] in {"too_early", "unknown_series"}


async def test_a_body_may_arrive_in_parts(api: Api) -> None:
    async def parts() -> AsyncIterator[bytes]:
        content = json.dumps({**MONDAY_AT_NINE, "patient": {"name": "Åda"}}, ensure_ascii=False)
        for part in content.encode():
            yield bytes([part])

    response = await api.client.post(f"/{CREATE}", content=parts(), headers=JSON)
    assert response.status_code == 201
    assert response.json()["patient"] == {"name": "Åda"}


async def test_a_body_without_end_is_read_no_further_than_32_mib(api: Api) -> None:
    arrived = 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal arrived
        while arrived < 40:
            arrived += 1
            yield b" " * 1024 * 1024

    response = await api.client.post(f"/{CREATE}", content=parts(), headers=JSON)
    problem(response, 413, "body_too_large")
    assert arrived == 33
