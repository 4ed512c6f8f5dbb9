"""Bodies as they arrive: in parts, without end, or not at all."""

from collections.abc import Iterator

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from shared.http.dependencies import Dependencies
from shared.http.endpoint import endpoint
from shared.http.requests import read_body
from shared.http.schemas.appointment import NewAppointment
from shared.runtime.composition import build_dependencies
from shared.settings import read_settings
from shared.store.sqlite.store import SqliteStore


def dependencies() -> Dependencies:
    """A clinic whose store is never opened."""
    return build_dependencies(read_settings({}), SqliteStore("never-opened.db"))


@endpoint("POST")
async def echo(request: Request, _dependencies: Dependencies) -> Response:
    """Answers with the doctor's id of a body."""
    return Response((await read_body(request, NewAppointment)).doctor_id)


def arriving(messages: Iterator[Message]) -> Request:
    async def receive() -> Message:
        return next(messages)

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "headers": headers, "query_string": b""}
    return Request(scope, receive)


async def test_a_body_may_arrive_in_parts() -> None:
    parts = (
        b'{"doctor_id": "who", "start": "2050-11-2',
        b'1T09:00", "duration_minutes": 30, "patient": {"name": "\xc3',
        b'\x85da"}}',
    )
    messages: list[Message] = [
        {"type": "http.request", "body": part, "more_body": True} for part in parts
    ]
    end: Message = {"type": "http.request", "body": b"", "more_body": False}
    response = await echo(arriving(iter([*messages, end])), dependencies())
    assert (response.status_code, response.body) == (200, b"who")


async def test_a_client_that_goes_away_amid_its_body_is_no_failure_of_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    messages: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    response = await echo(arriving(iter(messages)), dependencies())
    assert response.status_code == 400
    assert caplog.records == []


async def test_a_body_without_end_is_read_no_further_than_32_mib() -> None:
    body = b" " * 1024 * 1024
    chunk: Message = {"type": "http.request", "body": body, "more_body": True}
    messages = iter([chunk] * 40)
    response = await echo(arriving(messages), dependencies())
    assert response.status_code == 413
    assert len(list(messages)) == 40 - 33
