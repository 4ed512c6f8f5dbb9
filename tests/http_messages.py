"""Functions that do one thing only, and calls of them in process, as a server would call them."""

from collections.abc import Awaitable, Callable, Mapping

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared.http.call import Call
from shared.http.dependencies import Dependencies
from shared.http.endpoint import Endpoint, endpoint
from shared.http.schemas.fields import RequestModel
from shared.runtime.composition import build_dependencies
from shared.settings import read_settings
from shared.store.sqlite.store import SqliteStore


def dependencies(**environment: str) -> Dependencies:
    """Dependencies whose store nobody can open."""
    return build_dependencies(read_settings(environment), SqliteStore("nowhere/appointments.db"))


def function(action: Callable[[], Awaitable[Response]]) -> Endpoint:
    """A function of one method, GET, that does this."""

    @endpoint("GET")
    async def first_available(_call: Call[RequestModel]) -> Response:
        return await action()

    return first_available


def answering(text: str = "") -> Endpoint:
    """A function that answers with a text."""

    async def answer() -> Response:
        return Response(text)

    return function(answer)


def failing(error: BaseException) -> Endpoint:
    """A function that raises an error."""

    async def fail() -> Response:
        raise error

    return function(fail)


async def call(
    function: Endpoint,
    dependencies: Dependencies,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """The answer of a function."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        response = await function(Request(scope, receive), dependencies)
        await response(scope, receive, send)

    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://clinic.test") as client:
        return await client.request(method, "/", headers=headers)
