"""What every server of functions has: health checks, problem documents, and a clean end."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from shared.http.dependencies import Dependencies
from shared.http.errors import InternalError, MethodNotAllowed, NotFound
from shared.http.health import health_routes
from shared.http.problems import error_response


def application(
    dependencies: Dependencies,
    routes: Sequence[BaseRoute],
    configure_log: Callable[[], None],
    **options: Any,  # noqa: ANN401 - Starlette's
) -> Starlette:
    """Serve these routes; the dependencies are closed after the last response."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        configure_log()  # Not earlier: the servers configure it for themselves first.
        yield
        await dependencies.close()

    return Starlette(
        routes=[*health_routes(dependencies), *routes],
        exception_handlers={HTTPException: _http_exception, Exception: _unexpected},
        lifespan=lifespan,
        **options,
    )


async def _http_exception(request: Request, error: Exception) -> Response:
    """Answer where no function is: a wrong path, or a method that a route does not have."""
    headers: Mapping[str, str] = getattr(error, "headers", None) or {}
    if isinstance(error, HTTPException) and error.status_code == MethodNotAllowed.status:
        return error_response(MethodNotAllowed(request.method, headers.get("Allow", "")))
    return error_response(NotFound(f'there is no function at "{request.url.path}"'))


async def _unexpected(_request: Request, _error: Exception) -> Response:
    """Answer an error outside of every function; Starlette has logged it."""
    return error_response(InternalError())
