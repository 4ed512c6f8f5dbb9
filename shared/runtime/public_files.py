"""The files of the folder `public`: the pages, and the OpenAPI document."""

import json
from contextlib import suppress
from pathlib import Path
from posixpath import normpath

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from shared.http.finishing import READ_METHODS, finished
from shared.http.request_errors import MethodNotAllowed, NotFound
from shared.public_headers import Rules, framed, headers_of, without_emulators
from shared.settings import Settings

PUBLIC = Path(__file__).parents[2] / "public"

_INDEX = "index.html"
_LONGEST_PATH = 200  # Each part of a longer one would be looked up.


def rules_of(settings: Settings) -> Rules:
    """Return the headers that Hosting gives files, but for what is different for this server."""
    rules = json.loads(PUBLIC.with_name("firebase.json").read_text("utf-8"))["hosting"]["headers"]
    return framed(without_emulators(rules) if settings.proxied else rules, settings.frame_ancestors)


class Files(StaticFiles):
    """Serves all files, under the paths that Firebase Hosting serves them by, as every answer is.

    The page of a folder also has its path without the slash at the end.
    """

    def __init__(self, settings: Settings, folder: Path = PUBLIC) -> None:
        super().__init__(directory=folder)
        self._settings = settings
        self._rules = rules_of(settings)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the response with a file. Raises HTTPException if there is none at the path.

        No observer is told: a page takes a dozen files, which cost the store nothing.
        """
        if len(path) > _LONGEST_PATH or _is_hidden(path):
            raise HTTPException(NotFound.status)
        # Whoever asks for a part gets all: Starlette answers wrong parts later, and by itself.
        scope["headers"] = [header for header in scope["headers"] if header[0] != b"range"]
        file, response = await self._found(path, {**scope, "method": "GET"})
        if scope["method"] not in READ_METHODS:
            allow = {"Allow": ", ".join(READ_METHODS)}
            raise HTTPException(MethodNotAllowed.status, headers=allow)
        response.headers.update(headers_of(f"/{file}", self._rules))
        response.headers["Accept-Ranges"] = "none"
        return finished(response, Request(scope), READ_METHODS, self._settings)

    async def _found(self, path: str, scope: Scope) -> tuple[str, Response]:
        """Return the path of a file, or of the page of a folder, and the response with it.

        Raises HTTPException if there is none.
        """
        if not scope["path"].endswith("/"):
            with suppress(HTTPException):
                return path, await super().get_response(path, scope)
        page = normpath(f"{path}/{_INDEX}")
        return page, await super().get_response(page, scope)


def _is_hidden(path: str) -> bool:
    """Whether Hosting leaves a file out, which is also what leads out of the folder."""
    return path != "." and any(part.startswith(".") for part in path.split("/"))
