"""What every answer carries, whoever gave it: a function, a health check, or nobody at all."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from shared.http.cors import cors_headers
from shared.http.problems import ProblemResponse
from shared.observability.request_record import new_request_id, trace_of
from shared.settings import Settings

API_VERSION = "1.1"


READ_METHODS = ("GET", "HEAD")


def finished(
    response: Response,
    request: Request,
    methods: Sequence[str],
    settings: Settings | None,
    request_id: str | None = None,
) -> Response:
    """Add the id of the request, the version of the contract, and what browsers ask for.

    `methods` are those that are allowed at this address; `settings` say which pages may call it,
    None of them without. Without `request_id` the request gets one.
    """
    request_id = request_id or new_request_id(trace_of(dict(request.scope["headers"])))
    response.headers["Request-Id"] = request_id
    response.headers["API-Version"] = API_VERSION
    if isinstance(response, ProblemResponse):
        response.name(request_id)
    if settings and settings.allowed_origins:
        # A cache must not give one origin the response to another.
        response.headers.add_vary_header("Origin")
        response.headers.update(cors_headers(request, methods, settings))
    return response
