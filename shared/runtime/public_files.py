"""The files of the folder `public`: the OpenAPI document, and the page that shows it."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from shared.http.finishing import READ_METHODS, finished
from shared.settings import Settings

PUBLIC = Path(__file__).parents[2] / "public"

_PATHS = ("/openapi.json", "/docs", "/docs/{path:path}")
_INDEX = "docs/index.html"


def public_routes(settings: Settings) -> list[Route]:
    """Return the routes to the files, under the paths that Firebase Hosting serves them by."""
    files = _Files(settings)
    return [Route(path, files) for path in _PATHS]


class _Files(StaticFiles):
    """Serves files as every answer is, and the page with and without a slash at the end."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(directory=PUBLIC)
        self._settings = settings

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(_INDEX if path == "docs" else path, scope)
        response.headers["Cache-Control"] = "no-cache"  # Use it again, but ask whether it changed.
        return finished(response, Request(scope), READ_METHODS, self._settings)
