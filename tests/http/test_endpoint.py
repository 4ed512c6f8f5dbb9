"""What surrounds every function: methods, failures, deadlines, clients that go away."""

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import httpx
import pytest
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.http.application import application
from shared.http.dependencies import Dependencies
from shared.http.endpoint import Handler, endpoint
from shared.observability.request_record import RequestRecord
from shared.rules.outcomes import AlreadyApplied, Outcome
from shared.runtime.composition import build_dependencies
from shared.runtime.endpoints import endpoints
from shared.settings import read_settings
from shared.store.port import StoreRefused, StoreUnavailable, VersionConflict
from shared.store.sqlite.store import SqliteStore
from shared.transactions.command import Command
from tests.functions.api import NOW, Api, Clock, problem
from tests.http_messages import call
from tests.scripted_store import ScriptedStore

if TYPE_CHECKING:
    from shared.transactions.coordinator import Coordinator

ALLOWED = {
    "create_appointment": "POST, OPTIONS",
    "list_appointments": "GET, OPTIONS",
    "first_available": "GET, OPTIONS",
    "get_appointment": "GET, OPTIONS",
    "cancel_appointment": "POST, OPTIONS",
    "reschedule_appointment": "POST, OPTIONS",
}


def dependencies(**environment: str) -> Dependencies:
    """A clinic whose store is never opened."""
    return build_dependencies(read_settings(environment), SqliteStore("never-opened.db"))


def failing(error: BaseException) -> Handler:
    @endpoint("GET")
    async def broken(_request: Request, _dependencies: Dependencies) -> Response:
        raise error

    return broken


# Methods


OTHER_METHODS = [
    (name, method)
    for name, allowed in ALLOWED.items()
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE")
    if not allowed.startswith(method)
]


@pytest.mark.parametrize(("name", "method"), OTHER_METHODS)
async def test_another_method_is_answered_with_those_that_are_allowed(
    name: str, method: str
) -> None:
    allowed = ALLOWED[name]
    response = await call(endpoints()[name], dependencies(), method)
    assert response.status_code == 405
    assert response.headers["allow"] == allowed
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "urn:appointments:problem:method_not_allowed",
        "title": "The method is not allowed",
        "status": 405,
        "detail": f"{method} is not allowed here; use one of {allowed}",
        "code": "method_not_allowed",
    }


@pytest.mark.parametrize("name", endpoints())
async def test_head_is_another_method_as_well(name: str) -> None:
    response = await call(endpoints()[name], dependencies(), "HEAD")
    assert (response.status_code, response.headers["allow"]) == (405, ALLOWED[name])


@pytest.mark.parametrize("name", endpoints())
async def test_options_is_answered_with_the_methods_and_nothing_else(name: str) -> None:
    response = await call(endpoints()[name], dependencies(), "OPTIONS")
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["allow"] == ALLOWED[name]


def test_a_function_keeps_its_name_and_its_sentence() -> None:
    function = endpoints()["list_appointments"]
    assert function.name == "list_appointments"
    assert function.summary == "List a doctor's appointments that overlap a time window"


# Failures


async def test_a_bug_is_answered_without_detail_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    response = await call(failing(KeyError("a secret")), dependencies())
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "urn:appointments:problem:internal_error",
        "title": "Something is wrong on our side",
        "status": 500,
        "detail": "this is a mistake on our side; it was logged",
        "code": "internal_error",
    }
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith("broken 500 internal_error in ")
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
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "urn:appointments:problem:try_again",
        "title": "No certain answer in time",
        "status": 503,
        "detail": (
            "the store gave no certain answer in time; send the same request again,"
            " with the same idempotency key"
        ),
        "code": "try_again",
    }
    (record,) = caplog.records
    assert (record.levelname, record.getMessage().split("; ")[-1]) == (level, said)


async def told(function: Handler, headers: Mapping[str, str] | None = None) -> RequestRecord:
    """What the observers of a clinic are told of a call."""
    noted: list[RequestRecord] = []
    await call(function, replace(dependencies(), observers=(Noting(noted),)), headers=headers)
    (record,) = noted
    return record


class Noting:
    """Notes all that it is told."""

    def __init__(self, noted: list[RequestRecord]) -> None:
        self._noted = noted

    def __call__(self, record: RequestRecord) -> None:
        self._noted.append(record)

    def close(self) -> None:
        """Nothing."""


async def test_the_time_is_that_of_the_whole_function() -> None:
    @endpoint("GET")
    async def slow(_request: Request, _dependencies: Dependencies) -> Response:
        await asyncio.sleep(0.02)
        return Response()

    assert 0.02 <= (await told(slow)).seconds < 5


@pytest.mark.parametrize(
    ("headers", "scheme"),
    [({}, "http"), ({"X-Forwarded-Proto": "https"}, "https"), ({"X-Forwarded-Proto": "x"}, "http")],
)
async def test_the_scheme_is_the_client_s(headers: Mapping[str, str], scheme: str) -> None:
    @endpoint("GET")
    async def quick(_request: Request, _dependencies: Dependencies) -> Response:
        return Response()

    assert (await told(quick, headers)).scheme == scheme


async def test_an_observer_that_fails_costs_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Noting):
        def __call__(self, record: RequestRecord) -> None:
            raise KeyError(record.code)

    @endpoint("GET")
    async def quick(_request: Request, _dependencies: Dependencies) -> Response:
        return Response("it was done")

    noted: list[RequestRecord] = []
    observers = (Failing([]), Noting(noted))
    response = await call(quick, replace(dependencies(), observers=observers))
    assert (response.status_code, response.text) == (200, "it was done")
    (record,) = caplog.records
    assert record.getMessage() == "a request was answered but not recorded; KeyError"
    assert len(noted) == 1


async def test_what_takes_longer_than_the_deadline_is_given_up() -> None:
    given_up = asyncio.Event()

    @endpoint("GET")
    async def endless(_request: Request, _dependencies: Dependencies) -> Response:
        try:
            return await asyncio.Future[Response]()
        finally:
            given_up.set()

    async with asyncio.timeout(1):
        response = await call(endless, dependencies(DEADLINE_SECONDS="0.001"))
    assert (response.status_code, response.json()["code"]) == (503, "try_again")
    assert given_up.is_set()


class Strange:
    """Comes to an outcome of its own."""

    async def run(self, _command: Command) -> Outcome:
        return AlreadyApplied()


@pytest.mark.parametrize("name", ["cancel_appointment", "reschedule_appointment"])
async def test_an_outcome_that_a_function_does_not_know_is_a_failure_of_ours(name: str) -> None:
    usual = build_dependencies(read_settings({}), ScriptedStore())
    strange = replace(usual, transactions=cast("Coordinator", Strange()))
    body = {"appointment_id": "strange.20501121.x"}
    if name == "reschedule_appointment":
        body["start"] = "2050-11-22T09:00"
    response = await Api(strange, Clock(NOW)).post(name, body)
    problem(response, 500, "internal_error")


async def test_a_request_that_the_server_cancels_gets_no_answer() -> None:
    with pytest.raises(asyncio.CancelledError):
        await call(failing(asyncio.CancelledError()), dependencies())


# Where no function is


async def outside(path: str, method: str = "GET") -> httpx.Response:
    """The answer of an application with one broken page, at `/broken`."""

    def broken(_request: Request) -> Response:
        raise KeyError("a secret")

    app = application(dependencies(), [Route("/broken", broken)], lambda: None)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://clinic.test") as client:
        return await client.request(method, path)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("PUT", "/broken", 405, "method_not_allowed"),
        ("GET", "/broken", 500, "internal_error"),
    ],
)
async def test_outside_of_every_function_an_error_is_a_problem_too(
    method: str, path: str, status: int, code: str
) -> None:
    response = await outside(path, method)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.json()["status"], response.json()["code"]) == (status, code)
    assert "secret" not in response.text


async def test_a_path_that_is_nowhere_is_named() -> None:
    assert (await outside("/no/where")).json()["detail"] == 'there is no function at "/no/where"'


async def test_a_method_that_no_page_has_is_answered_with_those_that_it_has() -> None:
    response = await outside("/broken", "PUT")
    allowed = response.headers["allow"]
    assert set(allowed.split(", ")) == {"GET", "HEAD"}
    assert response.json()["detail"] == f"PUT is not allowed here; use one of {allowed}"
