"""What every server of functions has: health checks, problem documents, and a clean end."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from shared.http.dependencies import Dependencies
from shared.http.errors import InternalError, MethodNotAllowed, NotFound, RequestError
from shared.http.finishing import READ_METHODS, finished
from shared.http.health import health_routes
from shared.http.problems import error_response

_ALL_METHODS = (*READ_METHODS, "POST")


def application(
    dependencies: Dependencies,
    routes: Sequence[BaseRoute],
    configure_log: Callable[[], None],
    meanwhile: Callable[[Dependencies], AbstractAsyncContextManager[object]] = nullcontext,
    **options: Any,  # noqa: ANN401 - Starlette's
) -> Starlette:
    """Serve these routes; the dependencies are closed after the last response.

    `meanwhile` is what goes on as long as the server does; it ends before they are closed.
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        configure_log()  # Not earlier: the servers configure it for themselves first.
        dependencies.authenticator.begin()
        async with meanwhile(dependencies):
            yield
        await dependencies.close()

    async def answer(request: Request, error: Exception) -> Response:
        problem = error_response(_outside_of_functions(request, error))
        return finished(problem, request, _ALL_METHODS, dependencies.settings)

    app = Starlette(
        routes=[*health_routes(dependencies), *routes],
        exception_handlers={HTTPException: answer, Exception: answer},
        lifespan=lifespan,
        **options,
    )
    # A redirection names the address that the proxy in front used, which may lack its TLS.
    app.router.redirect_slashes = False
    return app


def _outside_of_functions(request: Request, error: Exception) -> RequestError:
    """Return what is wrong where no function is: a path, a method, or something of ours."""
    if not isinstance(error, HTTPException):
        return InternalError()  # Starlette has logged it.
    if error.status_code == MethodNotAllowed.status:
        headers: Mapping[str, str] = error.headers or {}
        return MethodNotAllowed(request.method, headers.get("Allow", ""))
    return NotFound(f'there is no function at "{request.url.path}"')
