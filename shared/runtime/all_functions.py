"""Every function on one port, as the container and the local runner serve them."""

import os
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from shared.http.application import application
from shared.http.dependencies import Dependencies
from shared.http.endpoint import Endpoint
from shared.http.guide import Guide
from shared.observability import request_log
from shared.runtime import composition, listening
from shared.runtime.endpoints import endpoints
from shared.runtime.local_deliveries import local_deliveries
from shared.runtime.public_files import Files


def serve() -> Starlette:
    """Serve all functions, with the settings of the environment and a log in JSON."""
    request_log.write_json()
    dependencies = composition.start(os.environ, exposed=listening.is_exposed())
    return application_of_all(dependencies, request_log.write_json)


def application_of_all(
    dependencies: Dependencies,
    configure_log: Callable[[], None],
    **options: Any,  # noqa: ANN401 - Starlette's
) -> Starlette:
    """Serve all functions, the pages, and a guide for who misses both."""
    app = application(
        dependencies,
        function_routes(dependencies),
        configure_log,
        local_deliveries,
        Guide(endpoints()),
        **options,
    )
    app.router.default = Files(dependencies)
    return app


def function_routes(dependencies: Dependencies) -> list[Route]:
    """Return a route for each function, under its name."""
    return [Route(f"/{name}", _App(e, dependencies)) for name, e in endpoints().items()]


class _App:
    """A function as an ASGI application, so that the route leaves every method to it."""

    def __init__(self, function: Endpoint, dependencies: Dependencies) -> None:
        self._function = function
        self._dependencies = dependencies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._function(Request(scope, receive), self._dependencies)
        await response(scope, receive, send)
