"""Which web pages may call the functions."""

import pytest

from tests.http_messages import answering, call, dependencies, failing

APP = "https://app.example"
OTHER = "https://other.example"
EXPOSED = {
    "access-control-expose-headers": (
        "ETag, Request-Id, Retry-After, Idempotent-Replayed, API-Version"
    )
}
PREFLIGHT = {
    "access-control-allow-methods": "GET, HEAD",
    "access-control-allow-headers": (
        "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
        "X-Firebase-AppCheck, traceparent, baggage"
    ),
    "access-control-max-age": "600",
}


async def cors(
    origins: str,
    origin: str | None,
    method: str,
    error: Exception | None = None,
    **environment: str,
) -> dict[str, str]:
    """The headers that are about origins."""
    headers = {} if origin is None else {"Origin": origin}
    function = answering() if error is None else failing(error)
    known = dependencies(ALLOWED_ORIGINS=origins, **environment)
    response = await call(function, known, method, headers)
    about = {k: v for k, v in response.headers.items() if k.startswith("access-control-")}
    # What depends on the origin has to say so to caches.
    assert response.headers.get("vary") == ("Origin" if origins else None)
    return about


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "GET"])
@pytest.mark.parametrize(
    ("origins", "origin"),
    [
        ("", APP),
        (APP, OTHER),
        (APP, f"{APP}:8443"),
        (APP, "null"),
        (APP, None),
        ("*", None),
        (f"{APP}:*", f"{APP}.evil.example"),
        (f"{APP}:*", f"{APP}:80.evil.example"),
        (f"{APP}:*", "http://app.example:8080"),
        (f"{APP}:*", OTHER),
    ],
    ids=[
        *("by default", "another origin", "another port", "null", "no page", "any, but no page"),
        *("a longer name", "a longer port", "another scheme", "any port of another"),
    ],
)
async def test_nothing_is_allowed(origins: str, origin: str | None, method: str) -> None:
    assert await cors(origins, origin, method) == {}


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [
        (APP, APP, APP),
        (f"{OTHER}, {APP}", APP, APP),
        ("*", APP, "*"),
        ("*", "null", "*"),
        (f"{OTHER}, {APP}:*", f"{APP}:8443", f"{APP}:8443"),
        (f"{APP}:*", APP, APP),
    ],
    ids=["the one", "one of two", "any", "any, even null", "any port", "any port: the usual one"],
)
async def test_an_allowed_page_may_read_answers_and_errors(
    origins: str, origin: str, allowed: str
) -> None:
    expected = {"access-control-allow-origin": allowed, **EXPOSED}
    assert await cors(origins, origin, "GET") == expected
    assert await cors(origins, origin, "POST") == expected  # Not allowed here.
    assert await cors(origins, origin, "GET", TypeError()) == expected
    assert await cors(origins, origin, "OPTIONS") == {**expected, **PREFLIGHT}


async def test_a_page_may_say_what_time_it_is_only_where_the_test_clock_is_on() -> None:
    allowed = "access-control-allow-headers"
    on, off = [await cors(APP, APP, "OPTIONS", TEST_CLOCK=clock) for clock in ("on", "off")]
    assert on[allowed] == f"{PREFLIGHT[allowed]}, Test-Now"
    assert off[allowed] == PREFLIGHT[allowed]
