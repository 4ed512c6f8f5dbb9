"""Health checks, for probes and operators.

The paths do not end in z, because Cloud Run reserves some of those ("Known issues").
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.http.call import Call
from shared.http.dependencies import Dependencies
from shared.http.endpoint import endpoint
from shared.http.finishing import READ_METHODS, finished
from shared.http.schemas.fields import RequestModel

ALIVE, STORE = "/health", "/health/store"


@endpoint("GET", app_check=False, counted=False)
async def store_health(call: Call[RequestModel]) -> Response:
    """Answer 200 if the store answers a read, which costs one document a second, else 503."""
    await call.dependencies.store_health.check()
    return _ok()


def health_routes(dependencies: Dependencies) -> list[Route]:
    """Return `/health`: the instance answers; and `/health/store`: its store does too."""

    async def alive(request: Request) -> Response:
        return finished(_ok(), request, READ_METHODS, dependencies.settings)

    async def store(request: Request) -> Response:
        return await store_health(request, dependencies)

    return [Route(ALIVE, alive), Route(STORE, store)]


def _ok() -> Response:
    return Response('{"status":"ok"}\n', media_type="application/json")
