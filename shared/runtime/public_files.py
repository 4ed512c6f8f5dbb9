"""The files of the folder `public`: the OpenAPI document, and the page that shows it."""

import time
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from shared.http.dependencies import Dependencies
from shared.http.errors import NotFound
from shared.http.outside import noted

PUBLIC = Path(__file__).parents[2] / "public"

_PATHS = ("/openapi.json", "/docs", "/docs/{path:path}")
_INDEX = "docs/index.html"
_LONGEST_PATH = 200  # Each part of a longer one would be looked up.
_HEADERS = {
    "Cache-Control": "no-cache",  # Use it again, but ask whether it changed.
    "Content-Security-Policy": "frame-ancestors 'none'",  # A page cannot say this of itself.
    "Accept-Ranges": "none",
}


def public_routes(dependencies: Dependencies) -> list[Route]:
    """Return the routes to the files, under the paths that Firebase Hosting serves them by."""
    files = _Files(dependencies)
    return [Route(path, files) for path in _PATHS]


class _Files(StaticFiles):
    """Serves files as every answer is, and the page with and without a slash at the end."""

    def __init__(self, dependencies: Dependencies) -> None:
        super().__init__(directory=PUBLIC)
        self._dependencies = dependencies

    async def get_response(self, path: str, scope: Scope) -> Response:
        started = time.perf_counter()
        if len(path) > _LONGEST_PATH:
            raise HTTPException(NotFound.status)
        # Whoever asks for a part gets all: Starlette answers wrong parts later, and by itself.
        scope["headers"] = [header for header in scope["headers"] if header[0] != b"range"]
        response = await super().get_response(_INDEX if path == "docs" else path, scope)
        response.headers.update(_HEADERS)
        settings = self._dependencies.settings
        return noted(response, Request(scope), self._dependencies, settings, started)
