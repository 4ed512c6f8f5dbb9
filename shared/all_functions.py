"""Every function on one port, each under its name: `uvicorn --factory shared.all_functions:serve`.

That is what the container runs; the local runner serves the same routes.
"""

import os

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from functions import FUNCTIONS
from shared import clinic as clinics
from shared import logs
from shared.clinic import Clinic
from shared.wire.application import application


def serve() -> Starlette:
    """All functions, with the settings of the environment and a log in JSON."""
    logs.write_json()
    clinic = clinics.start(os.environ)
    return application(clinic, function_routes(clinic), logs.write_json)


def function_routes(clinic: Clinic) -> list[Route]:
    """Each function under its name."""
    return [Route(f"/{name}", _Endpoint(name, clinic)) for name in FUNCTIONS]


class _Endpoint:
    """A function as an ASGI application; so the route leaves every method to it."""

    def __init__(self, name: str, clinic: Clinic) -> None:
        self._function = FUNCTIONS[name]
        self._clinic = clinic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._function(Request(scope, receive), self._clinic)
        await response(scope, receive, send)
