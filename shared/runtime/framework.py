"""The one adjustment to functions-framework: its application is made like ours."""

from collections.abc import Sequence
from typing import Any

import functions_framework.aio
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from shared.http.application import application
from shared.http.dependencies import Dependencies
from shared.observability import request_log


def serve(dependencies: Dependencies) -> None:
    """Make the framework serve our application.

    It has no setting for that (version 3.10), but creates the application only after it has
    loaded the functions, and looks its class up by this name.
    """

    def starlette(routes: Sequence[BaseRoute], **options: Any) -> Starlette:  # noqa: ANN401
        return application(dependencies, routes, request_log.write_json, **options)

    setattr(functions_framework.aio, "Starlette", starlette)  # noqa: B010 - not in its types
