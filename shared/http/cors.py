"""Cross-origin requests: which web pages may call the functions (Fetch standard, CORS)."""

from collections.abc import Sequence

from starlette.requests import Request

PREFLIGHT_SECONDS = "600"


def cors_headers(request: Request, method: str, origins: Sequence[str]) -> dict[str, str]:
    """Return the headers that let a page of an allowed origin call a function of this method.

    Starlette's middleware does the same, but for a whole application, and a function has none.
    """
    headers = {"Vary": "Origin"}  # A cache must not give one origin the response to another.
    origin = request.headers.get("origin")
    if origin is None or (origin not in origins and "*" not in origins):
        return headers
    headers["Access-Control-Allow-Origin"] = "*" if "*" in origins else origin
    headers["Access-Control-Expose-Headers"] = "Idempotent-Replayed, Retry-After"
    if request.method == "OPTIONS":
        headers["Access-Control-Allow-Methods"] = method
        headers["Access-Control-Allow-Headers"] = "Content-Type, Idempotency-Key"
        headers["Access-Control-Max-Age"] = PREFLIGHT_SECONDS
    return headers
