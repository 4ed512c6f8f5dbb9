"""What every server of functions has: health checks, problem documents, and a clean end."""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from shared.http.dependencies import Dependencies
from shared.http.health_checks import health_routes
from shared.http.problems import error_response
from shared.http.request_errors import InternalError, MethodNotAllowed, NotFound
from shared.http.unrouted import noted
from shared.validation import shown

_PREFLIGHT = "access-control-request-method"


def not_found(request: Request) -> Response:
    """Return that a path leads nowhere."""
    return error_response(NotFound(f'there is no function at "{shown(request.scope["path"])}"'))


def application(
    dependencies: Dependencies,
    routes: Sequence[BaseRoute],
    configure_log: Callable[[], None],
    meanwhile: Callable[[Dependencies], AbstractAsyncContextManager[object]] = nullcontext,
    missing: Callable[[Request], Response] = not_found,
    **options: Any,  # noqa: ANN401 - Starlette's
) -> Starlette:
    """Serve these routes; the dependencies are closed after the last response.

    `meanwhile` is what goes on as long as the server does; it ends before they are closed.
    `missing` answers where no route leads.
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        configure_log()  # Not earlier: the servers configure it for themselves first.
        dependencies.authenticator.begin()
        async with meanwhile(dependencies):
            yield
        await dependencies.close()

    async def answer(request: Request, error: Exception) -> Response:
        started = time.perf_counter()
        response = _outside_of_functions(request, error, missing)
        return noted(response, request, dependencies, dependencies.settings, started)

    app = Starlette(
        routes=[*health_routes(dependencies), *routes],
        exception_handlers={HTTPException: answer, Exception: answer},
        lifespan=lifespan,
        **options,
    )
    # A redirection names the address that the proxy in front used, which may lack its TLS.
    app.router.redirect_slashes = False
    return app


def _outside_of_functions(
    request: Request, error: Exception, missing: Callable[[Request], Response]
) -> Response:
    """Return what is wrong where no function is: a path, a method, or something of ours."""
    if not isinstance(error, HTTPException):
        return error_response(InternalError())  # Starlette has logged it.
    if request.method == "OPTIONS" and _PREFLIGHT in request.headers:
        return Response(status_code=204)  # Else no page could read what is wrong.
    if error.status_code == MethodNotAllowed.status:
        headers: Mapping[str, str] = error.headers or {}
        return error_response(MethodNotAllowed(request.method, headers.get("Allow", "")))
    return missing(request)
