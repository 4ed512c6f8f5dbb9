"""A guide to the functions, for every path that leads nowhere.

People who open one in a browser get a page, all others a problem document.
"""

from collections.abc import Iterable, Iterator, Mapping
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from shared.http.endpoint import Endpoint
from shared.http.groups import GROUPS
from shared.http.problems import error_response
from shared.http.request_errors import NotFound
from shared.validation import most_like, shown

_DOCS = "docs"

# The page has no scripts, and loads nothing.
_HEADERS = {
    "Vary": "Accept",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
    ),
}

_HEAD = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Appointments</title>
<link rel="icon" href="data:,">
<style>
body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere;
  font: 1rem/1.5 system-ui, sans-serif; color: #222; background: #fff }
a { color: #0b57a4 }
h2 { margin: 2rem 0 0; font-size: 1.1rem }
h2 + p { margin: 0; color: #555 }
ul { margin: .5rem 0; padding: 0; list-style: none }
li { margin: .5rem 0 }
code { font-size: .9rem }
strong { color: #a11 }
</style>
<main>
<h1>Appointments</h1>
<p>There is no page at this address. <a href="/">Book an appointment</a></p>
"""
_ABOUT = """\
<p>This server books appointments with doctors, moves and cancels them, lists them, and finds the
next free time. <a href="/docs">The API page</a> describes every function and sends requests;
<a href="/openapi.json">openapi.json</a> is the same for programs.</p>
"""


class Guide:
    """Answers where there is no function, and tells which there are."""

    def __init__(self, functions: Mapping[str, Endpoint]) -> None:
        self._addresses = {_DOCS: f"/{_DOCS}"} | {
            name: f"/{_DOCS}#/{function.group}/{name}" for name, function in functions.items()
        }
        self._functions = "\n".join(_groups(self._addresses, functions.values()))

    def __call__(self, request: Request) -> Response:
        """Return 404 with what may be meant; people also get the list of all functions."""
        path = shown(request.scope["path"])
        near = self._most_like(path)
        if not _is_browser(request):
            hint = f'did you mean "/{near}"?' if near else f"/{_DOCS} describes all of them"
            detail = f'there is no function at "{path}"; {hint}'
            return error_response(NotFound(detail, {"Vary": _HEADERS["Vary"]}))
        wrong = self._wrong(path, near)
        return HTMLResponse(
            f"{_HEAD}{wrong}{_ABOUT}{self._functions}\n</main>\n", NotFound.status, _HEADERS
        )

    def _wrong(self, path: str, near: str | None) -> str:
        hint = f"; did you mean {_link(self._addresses, near)}?" if near else ""
        what = f"there is no function at <code>{escape(path)}</code>{hint}"
        return f"<p><strong>{NotFound.status} {NotFound.code}</strong>: {what}</p>\n"

    def _most_like(self, path: str) -> str | None:
        """Return the name that a part of a path was probably meant to be."""
        parts = path.lower().split("/")
        found = (most_like(part, self._addresses) for part in parts)
        return next(filter(None, found), None)


def _is_browser(request: Request) -> bool:
    """Whether a page can be shown; programs that also take JSON are better served with that."""
    accepted = request.headers.get("accept", "")
    return "text/html" in accepted and "json" not in accepted


def _groups(addresses: Mapping[str, str], functions: Iterable[Endpoint]) -> Iterator[str]:
    """Yield all functions by what they are about, as HTML."""
    for group, about in GROUPS.items():
        yield f"<h2>{group}</h2>\n<p>{escape(about)}</p>\n<ul>"
        for function in functions:
            if function.group == group:
                link = _link(addresses, function.name)
                yield f"<li><code>{function.method}</code> {link}<br>{escape(function.summary)}"
        yield "</ul>"


def _link(addresses: Mapping[str, str], name: str) -> str:
    return f'<a href="{addresses[name]}"><code>/{name}</code></a>'
