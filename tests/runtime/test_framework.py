"""main.py in the real framework: its own refusals are problem documents too."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import functions_framework.aio
import httpx
import pytest
from starlette.applications import Starlette

from tests.functions.api import field_errors, problem
from tests.functions.bad_requests import NOTHING, Bad
from tests.logging_as_it_was import logging_as_it_was

MAIN = Path(__file__).parents[2] / "main.py"


@pytest.fixture
def framework(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The framework, as it was, in an environment with a store of its own."""
    for name in ("PORT", "K_SERVICE", "CLINIC_TIME_ZONE", "ALLOWED_ORIGINS", "DEADLINE_SECONDS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AUTH", "none")
    monkeypatch.setenv("STORE", f"sqlite:{tmp_path}/appointments.db")
    monkeypatch.setenv("DOCTORS_FILE", str(MAIN.with_name("doctors.json")))
    monkeypatch.setattr(functions_framework.aio, "Starlette", Starlette)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    monkeypatch.setitem(sys.modules, "main", sys)  # the framework puts its own there
    with logging_as_it_was():
        yield


def application(target: str) -> Starlette:
    """What `functions-framework --target` serves."""
    create: Callable[..., object] = functions_framework.aio.create_asgi_app
    application = create(target, str(MAIN), "http")
    assert isinstance(application, Starlette)
    return application


@pytest.fixture
async def client(framework: None) -> AsyncIterator[httpx.AsyncClient]:  # noqa: ARG001 - in effect
    transport = httpx.ASGITransport(application("first_available"))
    async with httpx.AsyncClient(transport=transport, base_url="http://clinic.test") as client:
        yield client


@pytest.mark.usefixtures("framework")
@pytest.mark.parametrize("bad", NOTHING, ids=[bad.function for bad in NOTHING])
async def test_every_target_is_its_function(bad: Bad) -> None:
    transport = httpx.ASGITransport(application(bad.function))
    async with httpx.AsyncClient(transport=transport, base_url="http://clinic.test") as client:
        if isinstance(bad.request, str):
            response = await client.get(f"/?{bad.request}")
        else:
            response = await client.post("/", json=bad.request)
    assert field_errors(response) == bad.errors


@pytest.mark.parametrize("path", ["/", "/first_available", "/a/hosting/rewrite"])
async def test_the_path_of_a_request_means_nothing(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(f"{path}?count=0")
    assert response.json()["code"] == "invalid_request"


async def test_a_function_that_answers_get_answers_head(client: httpx.AsyncClient) -> None:
    response = await client.head("/first_available/")
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-type"] == "application/json"


async def test_a_health_check_goes_before_the_function(client: httpx.AsyncClient) -> None:
    response = await client.get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/favicon.ico", "/robots.txt"])
async def test_a_page_that_the_framework_refuses_is_a_problem(
    client: httpx.AsyncClient, path: str
) -> None:
    response = await client.get(path)
    assert path in problem(response, 404, "not_found")["detail"]


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND"])
async def test_a_method_that_the_framework_refuses_is_a_problem(
    client: httpx.AsyncClient, method: str
) -> None:
    response = await client.request(method, "/")
    assert method in problem(response, 405, "method_not_allowed")["detail"]
    assert "GET" in response.headers["allow"]


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_a_method_that_the_function_refuses_names_the_right_ones(
    client: httpx.AsyncClient, method: str
) -> None:
    response = await client.request(method, "/")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.usefixtures("framework")
def test_a_setting_that_cannot_be_used_ends_the_start_with_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PORT", "http")
    with pytest.raises(SystemExit, match=r'^PORT: .*"http"$'):
        application("first_available")


@pytest.mark.usefixtures("framework")
def test_a_server_that_nobody_knows_to_be_local_must_be_told_who_may_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AUTH")
    with pytest.raises(SystemExit, match=r"^AUTH: must be set where others "):
        application("first_available")
