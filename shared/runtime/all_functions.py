"""Every function on one port: `uvicorn --factory shared.runtime.all_functions:serve`.

That is what the container runs; the local runner serves the same routes.
"""

import os

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from functions import FUNCTIONS
from shared.http.application import application
from shared.http.dependencies import Dependencies
from shared.observability import request_log as logs
from shared.runtime import composition


def serve() -> Starlette:
    """All functions, with the settings of the environment and a log in JSON."""
    logs.write_json()
    dependencies = composition.start(os.environ)
    return application(dependencies, function_routes(dependencies), logs.write_json)


def function_routes(dependencies: Dependencies) -> list[Route]:
    """Each function under its name."""
    return [Route(f"/{name}", _Endpoint(name, dependencies)) for name in FUNCTIONS]


class _Endpoint:
    """A function as an ASGI application; so the route leaves every method to it."""

    def __init__(self, name: str, dependencies: Dependencies) -> None:
        self._function = FUNCTIONS[name]
        self._dependencies = dependencies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._function(Request(scope, receive), self._dependencies)
        await response(scope, receive, send)
