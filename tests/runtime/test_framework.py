"""main.py in the real framework: its own refusals are problem documents too."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import functions_framework.aio
import httpx
import pytest
from starlette.applications import Starlette

from tests.logging_as_it_was import logging_as_it_was

MAIN = Path(__file__).parents[2] / "main.py"


@pytest.fixture
def framework(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The framework, as it was, in an environment with a store of its own."""
    for name in ("PORT", "K_SERVICE", "CLINIC_TIME_ZONE", "ALLOWED_ORIGINS", "DEADLINE_SECONDS"):
        monkeypatch.delenv(name, raising=False)
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
@pytest.mark.parametrize(
    ("target", "method", "field"),
    [
        ("create_appointment", "POST", "body"),
        ("list_appointments", "GET", "doctor_id"),
        ("first_available", "GET", "count"),
    ],
)
async def test_every_target_is_its_function(target: str, method: str, field: str) -> None:
    transport = httpx.ASGITransport(application(target))
    query = "?count=0" if target == "first_available" else ""
    headers = {"Content-Type": "application/json"}
    async with httpx.AsyncClient(transport=transport, base_url="http://clinic.test") as client:
        response = await client.request(method, f"/{query}", headers=headers)
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == field


@pytest.mark.parametrize("path", ["/", "/first_available", "/a/hosting/rewrite"])
async def test_the_path_of_a_request_means_nothing(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(f"{path}?count=0")
    assert response.json()["code"] == "invalid_request"


async def test_a_health_check_goes_before_the_function(client: httpx.AsyncClient) -> None:
    response = await client.get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/favicon.ico", "/robots.txt"])
async def test_a_page_that_the_framework_refuses_is_a_problem(
    client: httpx.AsyncClient, path: str
) -> None:
    response = await client.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "urn:appointments:problem:not_found",
        "title": "There is no such page",
        "status": 404,
        "detail": f'there is no function at "{path}"',
        "code": "not_found",
    }


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND"])
async def test_a_method_that_the_framework_refuses_is_a_problem(
    client: httpx.AsyncClient, method: str
) -> None:
    response = await client.request(method, "/")
    assert response.status_code == 405
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "method_not_allowed"
    assert response.json()["detail"].startswith(f"{method} is not allowed here")
    assert "GET" in response.headers["allow"]


@pytest.mark.parametrize("method", ["HEAD", "PUT", "POST"])
async def test_a_method_that_the_function_refuses_names_the_right_ones(
    client: httpx.AsyncClient, method: str
) -> None:
    response = await client.request(method, "/")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, OPTIONS")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PORT", "http", 'PORT: must be a whole number from 1 to 65535, not "http"'),
        (
            "STORE",
            "sqlite:no/such/folder/a.db",
            'STORE: cannot use the file "no/such/folder/a.db": unable to open database file',
        ),
    ],
)
@pytest.mark.usefixtures("framework")
def test_a_setting_that_cannot_be_used_ends_the_start_with_one_line(
    name: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        application("first_available")
    assert ended.value.code == message
