"""What surrounds every function: methods, failures, deadlines, clients that go away."""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import httpx
import pytest
from msgspec.structs import replace
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from shared.http.application import application
from shared.http.endpoint import Endpoint
from shared.http.problems import refusal_response
from shared.model.clinic import Clinic
from shared.observability.request_record import RequestRecord
from shared.rules.outcomes import AlreadyApplied, Outcome
from shared.rules.refusals import Refusal
from shared.store.port import StoreRefused, StoreUnavailable, VersionConflict
from shared.transactions.command import Command
from tests.builders import doctor
from tests.functions.api import NOW, Api, Clock, problem
from tests.functions.bad_requests import (
    CANCEL,
    CREATE,
    ERASE,
    EXPORT,
    FIRST,
    GET,
    GOOD_BODIES,
    LIST,
    MARK,
    MOVE,
    UPDATE,
    VALIDATE,
)
from tests.http_messages import answering, call, dependencies, failing, function

if TYPE_CHECKING:
    from shared.directory.doctor_cache import DoctorCache
    from shared.transactions.coordinator import Coordinator

METHODS = {
    **dict.fromkeys((CREATE, VALIDATE, CANCEL, MOVE, MARK, UPDATE, ERASE), "POST"),
    **dict.fromkeys((LIST, FIRST, GET, EXPORT), "GET"),
}
ALLOW = {"GET": "GET, HEAD, OPTIONS", "POST": "POST, OPTIONS"}


# Methods


@pytest.mark.parametrize("name", METHODS)
async def test_another_method_is_answered_with_those_that_are_allowed(name: str) -> None:
    client = Api(dependencies(), Clock(NOW)).client
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - {METHODS[name]}:
        response = await client.request(method, f"/{name}")
        members = problem(response, 405, "method_not_allowed")
        assert response.headers["allow"] == ALLOW[METHODS[name]]
        assert members.keys() == {"detail"}
        assert method in members["detail"]
        assert ALLOW[METHODS[name]] in members["detail"]
    if METHODS[name] == "POST":
        head = await client.head(f"/{name}")
        assert (head.status_code, head.headers["allow"]) == (405, ALLOW["POST"])


@pytest.mark.parametrize("name", METHODS)
async def test_options_is_answered_with_the_methods_and_nothing_else(name: str) -> None:
    response = await Api(dependencies(), Clock(NOW)).client.options(f"/{name}")
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["allow"] == ALLOW[METHODS[name]]


async def test_what_answers_get_answers_head_with_the_same_headers() -> None:
    function = answering("an answer")
    get, head = [await call(function, dependencies(), method) for method in ("GET", "HEAD")]
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"] == "9"


async def test_of_what_a_trigger_sends_neither_body_nor_query_is_looked_at() -> None:
    """As Eventarc sends an event, with a parameter of its own."""
    response = await Api(dependencies(), Clock(NOW)).client.post(
        "/deliver_events?__GCP_CloudEventsMode=CE_PUBSUB_BINDING",
        content=b"\x0a\xff",
        headers={"Content-Type": "application/protobuf"},
    )
    assert (response.status_code, response.json()) == (200, {"delivered": 0, "failed": 0})


# Failures


async def test_a_bug_is_answered_without_detail_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    response = await call(failing(KeyError("a secret")), dependencies())
    assert problem(response, 500, "internal_error").keys() == {"detail"}
    assert "secret" not in response.text
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith("first_available 500 internal_error in ")
    assert record.getMessage().endswith(" ms; 0 read, 0 written; KeyError")
    assert record.exc_info is not None
    assert record.exc_info[0] is KeyError


@pytest.mark.parametrize(
    ("error", "level", "said"),
    [
        (StoreUnavailable("a cause"), "WARNING", "StoreUnavailable: a cause"),
        (TimeoutError("not ours"), "WARNING", "StoreUnavailable: no answer within 10.5 s"),
        (StoreRefused("a cause"), "ERROR", "StoreRefused: a cause"),
        (VersionConflict("a cause"), "ERROR", "VersionConflict: a cause"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
async def test_where_the_store_gives_no_answer_the_client_may_try_again(
    error: Exception, level: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    response = await call(failing(error), dependencies())
    assert problem(response, 503, "try_again").keys() == {"detail"}
    assert response.headers["retry-after"] == "1"
    (record,) = caplog.records
    assert (record.levelname, record.getMessage().split("; ")[-1]) == (level, said)


async def test_a_client_that_goes_away_amid_its_body_is_no_failure_of_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    response = await call(failing(ClientDisconnect()), dependencies())
    problem(response, 400, "invalid_request")
    assert caplog.records == []


async def test_a_request_that_the_server_cancels_gets_no_answer() -> None:
    with pytest.raises(asyncio.CancelledError):
        await call(failing(asyncio.CancelledError()), dependencies())


async def test_what_takes_longer_than_the_deadline_is_given_up() -> None:
    given_up = asyncio.Event()

    async def endless() -> Response:
        try:
            return await asyncio.Future[Response]()
        finally:
            given_up.set()

    async with asyncio.timeout(60):
        response = await call(function(endless), dependencies(DEADLINE_SECONDS="0.001"))
    problem(response, 503, "try_again")
    assert given_up.is_set()


class Strange:
    """Comes to an outcome of its own, for the one doctor."""

    async def run(self, _command: Command) -> Outcome:
        return AlreadyApplied()

    preview = run

    async def doctors(self) -> dict[str, object]:
        return {"strange": doctor()}


@pytest.mark.parametrize("name", [CREATE, VALIDATE, CANCEL, MOVE])
async def test_an_outcome_that_a_function_does_not_know_is_a_failure_of_ours(name: str) -> None:
    strange = replace(
        dependencies(),
        transactions=cast("Coordinator", Strange()),
        doctor_cache=cast("DoctorCache", Strange()),
    )
    api = Api(strange, Clock(NOW)).of(Clinic())
    response = await api.post(name, GOOD_BODIES[name])
    problem(response, 500, "internal_error")


def test_a_refusal_that_is_not_known_is_no_answer() -> None:
    with pytest.raises(AttributeError, match="code"):
        refusal_response(Refusal())


# What is told of a request


class Noting:
    """Notes all that it is told."""

    def __init__(self) -> None:
        self.noted: list[RequestRecord] = []

    def __call__(self, record: RequestRecord) -> None:
        self.noted.append(record)

    def close(self) -> None:
        """Nothing."""


async def told(function: Endpoint, headers: Mapping[str, str] | None = None) -> RequestRecord:
    """What the observers are told of a call."""
    noting = Noting()
    await call(function, replace(dependencies(), observers=(noting,)), headers=headers)
    (record,) = noting.noted
    return record


async def test_the_time_is_that_of_the_whole_function() -> None:
    async def slow() -> Response:
        await asyncio.sleep(0.02)
        return Response()

    began = time.perf_counter()
    record = await told(function(slow))
    assert 0.02 <= record.seconds <= time.perf_counter() - began


async def test_a_request_is_called_after_its_trace_or_by_a_name_of_its_own() -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    traced = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    assert (await told(answering(), traced)).request_id == trace
    one, other = [(await told(answering())).request_id for _ in range(2)]
    assert one != other
    noting = Noting()
    response = await call(failing(KeyError()), replace(dependencies(), observers=(noting,)))
    assert response.headers["request-id"] == noting.noted[0].request_id
    assert response.json()["instance"] == noting.noted[0].request_id


@pytest.mark.parametrize(
    ("headers", "scheme"),
    [({}, "http"), ({"X-Forwarded-Proto": "https"}, "https"), ({"X-Forwarded-Proto": "x"}, "http")],
)
async def test_the_scheme_is_the_client_s(headers: Mapping[str, str], scheme: str) -> None:
    assert (await told(answering(), headers)).scheme == scheme


async def test_an_observer_that_fails_costs_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Noting):
        def __call__(self, record: RequestRecord) -> None:
            raise KeyError(record.code)

    noting = Noting()
    observed = replace(dependencies(), observers=(Failing(), noting))
    response = await call(answering("it was done"), observed)
    assert (response.status_code, response.text) == (200, "it was done")
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.getMessage().endswith("; KeyError")
    assert len(noting.noted) == 1


# Where no function is


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "words"),
    [
        ("GET", "/no/where", 404, "not_found", '"/no/where"'),
        ("GET", "/broken/", 404, "not_found", '"/broken/"'),
        ("GET", "/%E2%80%AE", 404, "not_found", r'"/\u202e"'),
        ("PUT", "/broken", 405, "method_not_allowed", "PUT"),
        ("X" * 999, "/broken", 405, "method_not_allowed", f"{'X' * 200} is not allowed"),
        ("GET", "/broken", 500, "internal_error", ""),
    ],
)
async def test_outside_of_every_function_an_error_is_a_problem_too(
    method: str, path: str, status: int, code: str, words: str
) -> None:
    def broken(_request: Request) -> Response:
        raise KeyError("a secret")

    page = "https://app.example"
    opened = dependencies(ALLOWED_ORIGINS=page)
    app = application(opened, [Route("/broken", broken)], lambda: None)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://clinic.test") as client:
        response = await client.request(method, path, headers={"Origin": page})
    assert response.headers["access-control-allow-origin"] == page
    assert "Request-Id" in response.headers["access-control-expose-headers"]
    detail = problem(response, status, code)["detail"]
    assert words in detail
    assert len(detail) < 300
    assert "secret" not in detail
    if status == 405:
        assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}
        assert response.headers["allow"] in detail
