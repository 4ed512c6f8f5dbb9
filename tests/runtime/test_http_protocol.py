"""What is answered to what is no HTTP, alone or around a request."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from uvicorn.server import ServerState

from shared.runtime.http_protocol import HttpProtocol
from tests.ports import HOST

BOOKING = b"POST /create_appointment HTTP/1.1\r\nContent-Length: 2\r\n"


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """That of a server on which everybody books."""
    loop = asyncio.get_running_loop()
    async with await loop.create_server(protocol, HOST, 0) as server:
        yield server.sockets[0].getsockname()[1]


def protocol() -> HttpProtocol:
    """That of a connection to a server on which everybody books."""
    config = uvicorn.Config(PlainTextResponse("booked", 201), http=HttpProtocol, log_config=None)
    config.load()
    return HttpProtocol(config, ServerState(), {})


async def answers(port: int, *sent: bytes) -> str:
    """All that comes back until the server closes the connection."""
    reader, writer = await asyncio.open_connection(HOST, port)
    for part in sent:
        writer.write(part)
    answer = await reader.read()
    writer.close()
    return answer.decode()


class Noting(asyncio.Transport):
    """A connection that notes what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.begun = asyncio.Event()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))
        self.begun.set()

    def is_closing(self) -> bool:
        return False


async def test_the_head_and_the_body_of_an_answer_are_one_write() -> None:
    server, connection = protocol(), Noting()
    server.connection_made(connection)
    server.data_received(BOOKING + b"\r\n{}")
    await connection.begun.wait()
    (answer,) = connection.written
    assert answer.startswith(b"HTTP/1.1 201 ")
    assert answer.endswith(b"\r\n\r\nbooked")


async def test_what_is_no_http_gets_a_problem_like_all_others(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "appointments")
    answer = await answers(port, b"BOOK /create_appointment HTTP/1.1\r\n\r\n")
    head, _, body = answer.partition("\r\n\r\n")
    status, *headers = head.split("\r\n")
    given = dict(line.split(": ") for line in headers)
    problem = json.loads(body)
    assert status == "HTTP/1.1 400 Bad Request"
    assert body.endswith("}\n")
    assert given["connection"] == "close"
    assert given["content-type"] == "application/problem+json"
    assert int(given["content-length"]) == len(body.encode())
    assert (problem["code"], problem["instance"]) == ("invalid_request", given["request-id"])
    (logged,) = (record for record in caplog.records if record.name == "appointments")
    assert logged.getMessage() == "none 400 invalid_request; no HTTP"
    assert logged.__dict__["fields"]["request_id"] == given["request-id"]


@pytest.mark.parametrize(("length", "status"), [(65_535, 201), (65_536, 414), (70_000, 414)])
async def test_an_address_may_be_too_long(port: int, length: int, status: int) -> None:
    close = b" HTTP/1.1\r\nConnection: close\r\n\r\n"
    answer = await answers(port, b"GET /".ljust(length + 4, b"a") + close)
    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert ('"code":"uri_too_long"' in answer) == (status == 414)


async def test_what_follows_a_whole_request_does_not_take_its_answer_away(port: int) -> None:
    answer = await answers(port, BOOKING + b"\r\n{}\0")
    assert answer.startswith("HTTP/1.1 201 ")
    assert answer.endswith("booked")
    assert answer.count("HTTP/1.1 ") == 1


async def test_a_request_that_goes_wrong_before_its_end_is_refused(port: int) -> None:
    chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert (await answers(port, chunked + b"no length\r\n")).startswith("HTTP/1.1 400 ")


async def test_the_body_of_an_upgrade_is_no_request(port: int) -> None:
    reader, writer = await asyncio.open_connection(HOST, port)
    length = BOOKING.replace(b"2", b"40")
    writer.write(length + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
    await reader.readuntil(b"booked")
    with suppress(ConnectionError):  # The server has closed it, or will.
        writer.write(b"GET /list_doctors HTTP/1.1\r\n\r\n")
        assert await reader.read() == b""
    writer.close()
