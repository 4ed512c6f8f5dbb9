"""Every function on one port, as the container and the local runner serve them."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from shared.http.application import application
from shared.http.dependencies import Dependencies
from shared.http.endpoint import Endpoint
from shared.http.not_found import Guide
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
    app.router.default = Files(dependencies.settings)
    return app


def function_routes(dependencies: Dependencies) -> list[BaseRoute]:
    """Return the route to all functions, each under its name."""
    return [_Functions(endpoints(), dependencies)]


class _Functions(BaseRoute):
    """Leads to a function by one look-up, however many there are, and leaves every method to it."""

    def __init__(self, functions: Mapping[str, Endpoint], dependencies: Dependencies) -> None:
        self._functions = {f"/{name}": function for name, function in functions.items()}
        self._dependencies = dependencies

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether the path is that of a function."""
        known = scope["type"] == "http" and _path(scope) in self._functions
        return Match.FULL if known else Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the function."""
        function = self._functions[_path(scope)]
        response = await function(Request(scope, receive), self._dependencies)
        await response(scope, receive, send)


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
