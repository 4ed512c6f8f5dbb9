"""Cross-origin requests: which web pages may call the functions (Fetch standard, CORS)."""

import re
from collections.abc import Sequence

from starlette.requests import Request

from shared.http.clock_for_tests import HEADER
from shared.settings import Settings

PREFLIGHT_SECONDS = "600"
ALLOWED_HEADERS = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Firebase-AppCheck, "
    "traceparent, baggage"
)
EXPOSED_HEADERS = "ETag, Request-Id, Retry-After, Idempotent-Replayed, API-Version"
ANY_PORT = ":*"


def cors_headers(request: Request, methods: Sequence[str], settings: Settings) -> dict[str, str]:
    """Return the headers that let a page of an allowed origin call a function of these methods.

    Starlette's middleware does the same, but for a whole application, and its answers to preflights
    are not ours.
    """
    headers: dict[str, str] = {}
    origin, origins = request.headers.get("origin"), settings.allowed_origins
    if origin is None or not any(_includes(allowed, origin) for allowed in origins):
        return headers
    headers["Access-Control-Allow-Origin"] = "*" if "*" in origins else origin
    headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
    if request.method == "OPTIONS":
        headers["Access-Control-Allow-Methods"] = ", ".join(methods)
        test_clock = f", {HEADER}" if settings.test_clock else ""
        headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS + test_clock
        headers["Access-Control-Max-Age"] = PREFLIGHT_SECONDS
    return headers


def _includes(allowed: str, origin: str) -> bool:
    """Whether an origin is one of those that a setting allows: all, one, or one on any port."""
    if allowed.endswith(ANY_PORT):
        return re.sub(r":[0-9]+$", "", origin) == allowed.removesuffix(ANY_PORT)
    return allowed in ("*", origin)
