"""Bodies that are too large, of another type, or no JSON object: each is refused."""

import json

import pytest

from tests.functions.api import MONDAY_AT_NINE, Api, field_errors, problem

JSON = {"Content-Type": "application/json"}

NO_OBJECT: dict[str, bytes] = {
    "null": b"null",
    "number": b"1",
    "text": b'"Ada"',
    "list": b"[]",
    "not a number": b"NaN",
}
NO_JSON: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \n",
    "cut off": b'{"doctor_id": "strange"',
    "two": b"{}{}",
    "single quotes": b"{'doctor_id': 'strange'}",
    "comment": b"{} // none",
    "form": b"doctor_id=strange",
    "NUL": b"\0",
    "control character": b'{"doctor_id": "str\x01nge"}',
    "invalid UTF-8": b'{"doctor_id": "\xff"}',
    "overlong UTF-8": b'{"doctor_id": "\xc0\xaf"}',
    "lone surrogate": rb'{"patient": {"name": "\ud800"}}',
    "surrogates turned round": rb'{"patient": {"name": "\udc00\ud800"}}',
    "UTF-16": json.dumps(MONDAY_AT_NINE).encode("utf-16"),
    "deep lists": b"[" * 60_000,
    "deep objects": b'{"patient":' * 5_000,
    "deep, and closed": b"[" * 30_000 + b"]" * 30_000,
    "a number without end": b'{"duration_minutes": ' + b"9" * 60_000 + b"}",
}


@pytest.mark.parametrize("content", NO_OBJECT.values(), ids=NO_OBJECT)
async def test_a_body_is_an_object(api: Api, content: bytes) -> None:
    response = await api.client.post("/create_appointment", content=content, headers=JSON)
    assert field_errors(response) == [("body", "model_type")]


@pytest.mark.parametrize("content", NO_JSON.values(), ids=NO_JSON)
async def test_a_body_that_is_no_json_is_refused(api: Api, content: bytes) -> None:
    response = await api.client.post("/create_appointment", content=content, headers=JSON)
    assert field_errors(response) == [("body", "json_invalid")]


async def test_a_body_has_at_most_64_kib(api: Api) -> None:
    largest = json.dumps(MONDAY_AT_NINE).encode().ljust(65_536)
    for content, status in ((largest, 201), (largest + b" ", 413)):
        response = await api.client.post("/create_appointment", content=content, headers=JSON)
        assert response.status_code == status
    assert problem(response, 413, "body_too_large") == {
        "detail": "the body must have at most 65536 bytes"
    }


async def test_a_body_of_10_mb_is_too_large(api: Api) -> None:
    content = b"[" * 10_000_000
    response = await api.client.post("/create_appointment", content=content, headers=JSON)
    problem(response, 413, "body_too_large")


@pytest.mark.parametrize(
    "media_type", ["application/json", "APPLICATION/JSON", "application/json; charset=utf-8"]
)
async def test_a_body_may_name_its_type_in_several_ways(api: Api, media_type: str) -> None:
    content, headers = json.dumps(MONDAY_AT_NINE), {"Content-Type": media_type}
    response = await api.client.post("/create_appointment", content=content, headers=headers)
    assert response.status_code == 201


@pytest.mark.parametrize(
    "headers",
    [{}, *({"Content-Type": t} for t in ("", "text/plain", "application/jsonp", "text/json"))],
    ids=["none", "empty", "text", "jsonp", "text/json"],
)
async def test_a_body_of_another_type_is_refused(api: Api, headers: dict[str, str]) -> None:
    content = json.dumps(MONDAY_AT_NINE).encode()
    response = await api.client.post("/create_appointment", content=content, headers=headers)
    assert problem(response, 415, "unsupported_media_type") == {
        "detail": 'send JSON, with the header "Content-Type: application/json"'
    }


async def test_fields_belong_into_the_body(api: Api) -> None:
    response = await api.client.post("/create_appointment?validate_only=1", json=MONDAY_AT_NINE)
    assert field_errors(response) == [("validate_only", "extra_forbidden")]
    assert "did you mean" not in response.json()["detail"]
