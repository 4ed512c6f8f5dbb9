"""Which web pages may call the functions."""

import pytest
from starlette.requests import Request
from starlette.responses import Response

from shared.http.dependencies import Dependencies
from shared.http.endpoint import Handler, endpoint
from shared.runtime.composition import build_dependencies
from shared.settings import read_settings
from shared.store.sqlite.store import SqliteStore
from tests.http_messages import call

APP = "https://app.example"
OTHER = "https://other.example"


@endpoint("POST")
async def answered(_request: Request, _dependencies: Dependencies) -> Response:
    return Response("yes")


@endpoint("POST")
async def failing(_request: Request, _dependencies: Dependencies) -> Response:
    raise TypeError


def dependencies(origins: str) -> Dependencies:
    settings = read_settings({"ALLOWED_ORIGINS": origins})
    return build_dependencies(settings, SqliteStore("never-opened.db"))


async def cors(
    origins: str, origin: str | None, method: str = "POST", function: Handler = answered
) -> dict[str, str]:
    """The headers that are about origins."""
    headers = {} if origin is None else {"Origin": origin}
    response = await call(function, dependencies(origins), method, headers)
    return {k: v for k, v in response.headers.items() if k.startswith("access-control-")}


EXPOSED = {"access-control-expose-headers": "Idempotent-Replayed, Retry-After"}
PREFLIGHT = {
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "Content-Type, Idempotency-Key",
    "access-control-max-age": "600",
}


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "GET"])
@pytest.mark.parametrize(
    ("origins", "origin"),
    [("", APP), (APP, OTHER), (APP, f"{APP}:8443"), (APP, "null"), (APP, None), ("*", None)],
    ids=["by default", "another origin", "another port", "null", "no page", "any, but no page"],
)
async def test_nothing_is_allowed(origins: str, origin: str | None, method: str) -> None:
    assert await cors(origins, origin, method) == {}


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [(APP, APP, APP), (f"{OTHER}, {APP}", APP, APP), ("*", APP, "*"), ("*", "null", "*")],
    ids=["the one", "one of two", "any", "any, even null"],
)
async def test_an_allowed_page_may_read_the_answer(origins: str, origin: str, allowed: str) -> None:
    expected = {"access-control-allow-origin": allowed, **EXPOSED}
    assert await cors(origins, origin) == expected
    assert await cors(origins, origin, "OPTIONS") == {**expected, **PREFLIGHT}


@pytest.mark.parametrize("method", ["POST", "GET"], ids=["failed", "not allowed"])
async def test_an_allowed_page_may_read_an_error_too(method: str) -> None:
    allowed = {"access-control-allow-origin": APP, **EXPOSED}
    assert await cors(APP, APP, method, failing) == allowed


@pytest.mark.parametrize("origin", [APP, OTHER, None], ids=["allowed", "another", "no page"])
async def test_an_answer_that_depends_on_the_origin_says_so_to_caches(origin: str | None) -> None:
    headers = {} if origin is None else {"Origin": origin}
    response = await call(answered, dependencies(APP), "POST", headers)
    assert response.headers["vary"] == "Origin"
