"""What no page may do in any test: it is seen, whatever the test itself looks at."""

from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response, WebError

_VIOLATIONS = Path(__file__).with_name("violations.js")
_OF_THE_NETWORK = "Failed to load resource: "
"""How the console repeats what the guard hears as a response, or as a request that failed."""
_ENDED_BY_THE_PAGE = "net::ERR_ABORTED"
_INSIDE = {"about", "blob", "data"}


class Guard:
    """Watches every page of a context for what is wrong, from its first request on.

    Wrong are violations of the Content-Security-Policy, uncaught exceptions, console errors,
    requests to other origins than those allowed, and requests that failed or were answered
    with an error, unless the test expects them.
    """

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self._context = context
        self._allowed = {origin}
        self._expected: set[str] = set()
        self._seen: list[str] = []
        context.expose_binding("reportViolation", lambda _, said: self._see(f"violation: {said}"))
        context.add_init_script(path=_VIOLATIONS)
        context.on("weberror", self._on_exception)
        context.on("console", self._on_console)
        context.on("request", self._on_request)
        context.on("response", self._on_response)
        context.on("requestfailed", self._on_failure)
        context.on("page", self._on_page)

    def allow(self, origin: str) -> None:
        """Allow requests to one more origin, such as that of an emulator."""
        self._allowed.add(origin)

    def expect(self, *failures: str) -> None:
        """Expect failed requests, such as `409 /create_appointment`; each must come to pass.

        A request without an answer is `failed /list_openings`.
        """
        self._expected.update(failures)

    def wrongs(self) -> list[str]:
        """Return all that was wrong until now, in its order, and what did not come to pass."""
        for page in self._context.pages:
            page.evaluate("0")  # What a page reported before is here when it answers.
        found = [it for it in self._seen if it not in self._expected]
        return found + [f"not seen: {it}" for it in sorted(self._expected.difference(self._seen))]

    def _see(self, what: str) -> None:
        self._seen.append(what)

    def _on_exception(self, error: WebError) -> None:
        self._see(f"uncaught: {error.error}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_OF_THE_NETWORK):
            self._see(f"console: {message.text}")

    def _on_request(self, request: Request) -> None:
        if not self._is_allowed(request.url):
            self._see(f"foreign: {request.url}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self._see(f"{response.status} {urlsplit(response.url).path}")

    def _on_failure(self, request: Request) -> None:
        if request.failure != _ENDED_BY_THE_PAGE and self._is_allowed(request.url):
            self._see(f"failed {urlsplit(request.url).path}")

    def _on_page(self, page: Page) -> None:
        page.on("websocket", lambda socket: self._see(f"web socket: {socket.url}"))

    def _is_allowed(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme in _INSIDE or f"{parts.scheme}://{parts.netloc}" in self._allowed
