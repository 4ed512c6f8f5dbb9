"""What every server of functions has: health checks, problem documents, and a clean end."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from shared.clinic import Clinic
from shared.wire.endpoint import EXCEPTION_HANDLERS
from shared.wire.health import health_routes


def application(
    clinic: Clinic,
    routes: Sequence[BaseRoute],
    configure_log: Callable[[], None],
    **options: Any,  # noqa: ANN401 - Starlette's
) -> Starlette:
    """These routes of a clinic, which is closed after the last request was answered."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        configure_log()  # Only now have the servers configured it for themselves.
        yield
        await clinic.close()

    return Starlette(
        routes=[*health_routes(clinic), *routes],
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=lifespan,
        **options,
    )
