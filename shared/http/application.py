"""What every server of functions has: health checks, problem documents, and a clean end."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from shared.http.dependencies import Dependencies
from shared.http.endpoint import EXCEPTION_HANDLERS
from shared.http.health import health_routes


def application(
    dependencies: Dependencies,
    routes: Sequence[BaseRoute],
    configure_log: Callable[[], None],
    **options: Any,  # noqa: ANN401 - Starlette's
) -> Starlette:
    """These routes of a clinic, which is closed after the last request was answered."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        configure_log()  # Only now have the servers configured it for themselves.
        yield
        await dependencies.close()

    return Starlette(
        routes=[*health_routes(dependencies), *routes],
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=lifespan,
        **options,
    )
