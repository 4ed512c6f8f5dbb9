"""Calls one function in process, as a server would."""

from collections.abc import Mapping

import httpx
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from shared.http.dependencies import Dependencies
from shared.http.endpoint import Handler


async def call(
    function: Handler,
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
