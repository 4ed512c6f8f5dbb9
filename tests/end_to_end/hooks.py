"""A webhook that a server is told to call: verified, and kept in the order of its calls."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any

from standardwebhooks import Webhook

from tests.end_to_end.processes import PATIENCE_SECONDS
from tests.ports import HOST

KEY = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"


class Hook(ThreadingHTTPServer):
    """Takes events, unless it is told to hold them up."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Calls)
        self.taken: Queue[tuple[str, dict[str, Any]]] = Queue()
        self.called, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing about clients that were killed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    @property
    def settings(self) -> dict[str, str]:
        """The environment of a process that calls it."""
        url = f"http://{HOST}:{self.server_port}/hook?key=secret"
        return {"WEBHOOK_URLS": url, "WEBHOOK_SECRET": KEY}

    def event(self) -> dict[str, Any]:
        """The next event."""
        _, event = self.taken.get(timeout=PATIENCE_SECONDS)
        return event

    def events(self, count: int) -> list[tuple[str, dict[str, Any]]]:
        """The next events, each with its id."""
        return [self.taken.get(timeout=PATIENCE_SECONDS) for _ in range(count)]


class _Calls(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.called.set()
        self.server.go_on.wait(PATIENCE_SECONDS)
        event = Webhook(KEY).verify(body, dict(self.headers))
        self.server.taken.put((self.headers["webhook-id"], event))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def listening_hook() -> Iterator[Hook]:
    """A hook, until the context ends."""
    with Hook() as hook:
        thread = threading.Thread(target=hook.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield hook
        finally:
            hook.go_on.set()
            hook.shutdown()
            thread.join()
