"""The local server answers only requests that are addressed to this machine."""

import re
import time

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.http.dependencies import Dependencies
from shared.http.problems import error_response
from shared.http.request_errors import MisdirectedRequest
from shared.http.unrouted import noted

HOSTS = ("localhost", "127.0.0.1")
LOCAL_ORIGINS = ",".join(f"{scheme}://{host}:*" for scheme in ("http", "https") for host in HOSTS)

_LOCAL = re.compile(r"(localhost|127\.0\.0\.1)(:[0-9]+)?", re.IGNORECASE)


class LocalHostsOnly:
    """Refuses a request that names another host.

    A web page anywhere can let its own name mean 127.0.0.1, and its requests are then of one origin
    with this server: CORS does not apply to them ("DNS rebinding"). But they name the page's host.
    """

    def __init__(self, app: ASGIApp, dependencies: Dependencies) -> None:
        self._app = app
        self._dependencies = dependencies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or _LOCAL.fullmatch(_host(scope)):
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        refusal = error_response(MisdirectedRequest(_host(scope), HOSTS))
        response = noted(refusal, Request(scope), self._dependencies, None, started)
        await response(scope, receive, send)


def _host(scope: Scope) -> str:
    return Headers(scope=scope).get("host", "")
