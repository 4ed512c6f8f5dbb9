"""What every answer carries, whoever gave it: a function, a health check, or nobody at all."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from shared.http.cors import cors_headers
from shared.http.problems import ProblemResponse
from shared.observability.request_record import new_request_id, trace_of

API_VERSION = "1.1"


READ_METHODS = ("GET", "HEAD")


def finished(
    response: Response,
    request: Request,
    methods: Sequence[str],
    origins: Sequence[str],
    request_id: str | None = None,
) -> Response:
    """Add the id of the request, the version of the contract, and what browsers ask for.

    `methods` are those that are allowed at this address, `origins` the pages that may call it.
    Without `request_id` the request gets one.
    """
    request_id = request_id or new_request_id(trace_of(dict(request.scope["headers"])))
    response.headers["Request-Id"] = request_id
    response.headers["API-Version"] = API_VERSION
    if isinstance(response, ProblemResponse):
        response.name(request_id)
    if origins:
        response.headers.update(cors_headers(request, methods, origins))
    return response
