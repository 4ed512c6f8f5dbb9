"""Answers outside of functions: they are logged and finished like those of functions."""

import time

from starlette.requests import Request
from starlette.responses import Response

from shared.http.dependencies import Dependencies
from shared.http.endpoint import scheme_of
from shared.http.finishing import READ_METHODS, finished
from shared.http.request_errors import NotFound
from shared.http.responses import code_of
from shared.observability.request_record import RequestRecord, new_request_id, trace_of
from shared.settings import Settings
from shared.store.usage import StoreUsage

NO_FUNCTION = "none"
"""What the log calls the function of a request that reached none."""

_ALL_METHODS = (*READ_METHODS, "POST")


def noted(
    response: Response,
    request: Request,
    dependencies: Dependencies,
    settings: Settings | None,
    started: float,
) -> Response:
    """Notify the observers of a request that reached no function, and finish its answer.

    `settings` are as for `finished`; `started` is what `time.perf_counter` told at its arrival.
    """
    headers = dict(request.scope["headers"])
    trace = trace_of(headers)
    request_id = new_request_id(trace)
    missing = response.status_code == NotFound.status
    if missing:
        response.headers["Cache-Control"] = "no-store"  # There may be a function tomorrow.
    dependencies.notify(
        RequestRecord(
            function=NO_FUNCTION,
            method=request.method,
            scheme=scheme_of(request, headers),
            status=response.status_code,
            code=NotFound.code if missing else code_of(response),
            seconds=time.perf_counter() - started,
            usage=StoreUsage(),
            request_id=request_id,
            trace=trace,
        )
    )
    return finished(response, request, _ALL_METHODS, settings, request_id)
