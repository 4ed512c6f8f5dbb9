"""Requests to issuers: bounded, without redirections, and never on the loop."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from shared.access.errors import KeysUnavailable
from shared.access.key_download import MOST_BYTES, get


class Pages(BaseHTTPRequestHandler):
    """Answers as the path says."""

    def do_GET(self) -> None:
        match self.path:
            case "/keys":
                self._answer(200, b"keys", **{"Cache-Control": "max-age=7"})
            case "/large":
                self._answer(200, b"k" * MOST_BYTES)
            case "/too-large":
                self._answer(200, b"k" * (MOST_BYTES + 1))
            case "/moved":
                self._answer(302, b"", Location="/keys")
            case "/slow":
                ARRIVED.set()
                GO_ON.wait(10)
                self._answer(200, b"keys")
            case "/broken":
                self.wfile.write(b"rubbish\r\n\r\n")
            case "/short":
                self._answer(200, b"k", **{"Content-Length": "5"})
            case _:
                self._answer(404, b"")

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


ARRIVED, GO_ON = threading.Event(), threading.Event()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_the_body_and_how_long_it_may_be_kept_are_returned(address: str) -> None:
    answer = await get(f"{address}/keys")
    assert (answer.body, answer.cache_control) == (b"keys", "max-age=7")
    answer = await get(f"{address}/large")
    assert (len(answer.body), answer.cache_control) == (MOST_BYTES, "")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/none", "answered 404"),
        ("/moved", "answered 302"),
        ("/too-large", "answers too much"),
        ("/broken", "ConnectionError"),
        ("/short", "ProtocolError"),
    ],
)
async def test_everything_else_is_unavailable(address: str, path: str, why: str) -> None:
    with pytest.raises(KeysUnavailable, match=why):
        await get(address + path)


async def test_a_body_that_drips_is_given_up(address: str) -> None:
    with pytest.raises(KeysUnavailable, match="too slowly"):
        await get(f"{address}/keys", longest_seconds=0.0)


async def test_where_nobody_listens_keys_are_unavailable() -> None:
    with pytest.raises(KeysUnavailable, match="ConnectionError"):
        await get("http://127.0.0.1:1/keys")


async def test_the_loop_goes_on_while_an_issuer_thinks(address: str) -> None:
    waiting = asyncio.create_task(get(f"{address}/slow"))
    await asyncio.to_thread(ARRIVED.wait)
    await get(f"{address}/keys")  # The issuer answers others, and the loop sees it.
    assert not waiting.done()
    GO_ON.set()
    assert (await waiting).body == b"keys"
