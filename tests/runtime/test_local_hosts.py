"""The local server is for this machine: a page of the internet cannot pretend to be it."""

import httpx
import pytest
from starlette.middleware import Middleware

from shared.http.application import application
from shared.runtime.combined_application import function_routes
from shared.runtime.local_hosts import LOCAL_ORIGINS, LocalHostsOnly
from tests.functions.api import problem
from tests.http_messages import dependencies


async def answer(host: str, origin: str) -> httpx.Response:
    """The answer of a function to a page of an origin that asks for it at a host."""
    opened = dependencies(ALLOWED_ORIGINS=LOCAL_ORIGINS)
    only_local = [Middleware(LocalHostsOnly, opened)]
    app = application(opened, function_routes(opened), lambda: None, middleware=only_local)
    headers = httpx.Headers({"Host": host, "Origin": origin}, encoding="latin-1")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.options("/first_available", headers=headers)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "LocalHost:3000"])
@pytest.mark.parametrize("origin", ["http://localhost", "https://127.0.0.1:5173"])
async def test_a_page_of_this_machine_may_call_on_any_port(host: str, origin: str) -> None:
    response = await answer(host, origin)
    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://localhost.evil.example", "http://127.0.0.1.evil.example:80"],
)
async def test_a_page_of_another_machine_may_not(origin: str) -> None:
    assert "access-control-allow-origin" not in (await answer("localhost", origin)).headers


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("evil.example", "evil.example"),
        ("evil.example:8080", "evil.example:8080"),
        ("localhost.evil.example", "localhost.evil.example"),
        ("127.0.0.1.evil.example", "127.0.0.1.evil.example"),
        ("", ""),
        ("evil\x85.example", r"evil\x85.example"),
        ("e" * 9_999, "e" * 200),
    ],
)
async def test_a_request_for_another_host_is_refused_and_logged(
    host: str, shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "appointments")
    response = await answer(host, "http://localhost:3000")
    assert f'"{shown}"' in problem(response, 421, "misdirected_request")["detail"]
    assert "access-control-allow-origin" not in response.headers
    assert caplog.messages[0].startswith("none 421 misdirected_request in ")
