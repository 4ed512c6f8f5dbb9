# ruff: noqa: INP001 - the source of functions, not part of a package
"""Functions that do nothing, in a source that imports no more than the framework."""

import json
from time import perf_counter

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response


@functions_framework.aio.http
async def empty(_request: Request) -> Response:
    """Do nothing; what remains is the cost of the framework."""
    return Response()


@functions_framework.aio.http
async def log_line(request: Request) -> Response:
    """Write the line of a request as Cloud Logging reads it: what each request leaves at least."""
    began = perf_counter()
    response = Response()
    line = {
        "severity": "INFO",
        "message": f"log_line {response.status_code}",
        "method": request.method,
        "status": response.status_code,
        "latency_ms": round((perf_counter() - began) * 1000, 3),
    }
    print(json.dumps(line), flush=True)
    return response
