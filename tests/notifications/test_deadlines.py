"""How long a server can hold up a request, on a clock of the tests' own."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat

import pytest
from httpcore import SOCKET_OPTION, AsyncNetworkBackend, AsyncNetworkStream

from shared.notifications.http_client import Answer, HttpClient
from shared.notifications.sink import DeliveryFailed
from tests.simulated_loop import now, simulated

OK = b"HTTP/1.1 200 OK\r\n"
ENDLESS = OK + b"transfer-encoding: chunked\r\n\r\n"
CHUNK = b"5\r\nabcde\r\n"
Pieces = Callable[[], Iterator[bytes]]


class Server(AsyncNetworkBackend, AsyncNetworkStream):
    """Connects at once, then says one piece after another, each after some seconds."""

    def __init__(self, pieces: Iterator[bytes], seconds: float = 0) -> None:
        self.said = 0
        self.closed = False
        self._pieces = pieces
        self._seconds = seconds

    async def connect_tcp(
        self,
        host: str,  # noqa: ARG002
        port: int,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002, ASYNC109
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> AsyncNetworkStream:
        return self

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002, ASYNC109
        await asyncio.sleep(self._seconds)
        self.said += 1
        return next(self._pieces)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Listen to nothing."""

    async def aclose(self) -> None:
        self.closed = True


async def post(server: Server) -> Answer:
    return await HttpClient(lambda: server).post("http://hook.example/", {}, b"{}")


@pytest.mark.parametrize(
    "pieces",
    [
        lambda: chain([OK], repeat(b"x: y\r\n")),
        lambda: repeat(b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    ],
    ids=["drips", "hints"],
)
def test_an_answer_that_does_not_come_is_waited_for_ten_seconds(pieces: Pieces) -> None:
    @simulated
    async def run() -> None:
        server = Server(pieces(), seconds=0.75)
        with pytest.raises(DeliveryFailed, match=r"^no answer within 10 s$"):
            await post(server)
        assert now() == 10
        assert server.closed

    run()


@simulated
async def test_a_body_may_take_a_second() -> None:
    server = Server(chain([ENDLESS], repeat(CHUNK)), seconds=0.375)
    assert await post(server) == Answer(200, b"abcdeabcde")
    assert now() == 1.375
    assert server.closed


@simulated
async def test_of_that_second_is_left_what_the_ten_leave() -> None:
    server = Server(chain([ENDLESS], repeat(CHUNK)), seconds=9.75)
    assert await post(server) == Answer(200, b"")
    assert now() == 10


@simulated
async def test_four_kilobytes_of_a_body_are_read_and_no_more() -> None:
    kilobyte = b"400\r\n" + b"x" * 1024 + b"\r\n"
    server = Server(chain([ENDLESS], repeat(kilobyte)))
    assert await post(server) == Answer(200, b"x" * 4096)
    assert (server.said, server.closed) == (6, True)
