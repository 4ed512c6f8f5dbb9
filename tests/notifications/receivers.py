"""A server that is told of events, and answers as a test wants it to."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.ports import HOST

PATIENCE_SECONDS = 60
"""Bounds what is stuck."""
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Received:
    """A request as it came."""

    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A server on this machine."""

    address: str
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    called: asyncio.Event = field(default_factory=asyncio.Event)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait_until_called(self) -> None:
        """Return once a request has come; TimeoutError if none ever does."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.called.wait()

    async def wait_until_closed(self) -> None:
        """Return once a connection has ended; TimeoutError if none ever does."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.closed.wait()


@asynccontextmanager
async def receiver(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """A server that answers every request in one way, until the context ends."""
    served, tasks = Receiver(""), set[asyncio.Task[None]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        served.connections += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while True:
                    served.requests.append(await _request(reader))
                    served.called.set()
                    await answer(reader, writer)
        finally:
            served.closed.set()
            writer.close()

    server = await asyncio.start_server(serve, HOST, 0, ssl=tls)
    served.address = f"{HOST}:{server.sockets[0].getsockname()[1]}"
    try:
        yield served
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _request(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    fields = (line.partition(": ") for line in head[1:] if line)
    headers = {name.lower(): value for name, _, value in fields}
    body = await reader.readexactly(int(headers["content-length"]))
    return Received(head[0], headers, body)


def says(text: str) -> Answer:
    """Answer with this text, and leave the connection open."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(text.encode())
        await writer.drain()

    return answer


def status(line: str, *headers: str) -> Answer:
    """Answer with a status and no body."""
    return says("\r\n".join([f"HTTP/1.1 {line}", "content-length: 0", *headers, "", ""]))


NO_CONTENT = says("HTTP/1.1 204 No Content\r\n\r\n")


async def closes(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close the connection without an answer."""
    writer.close()
    raise ConnectionError


async def resets(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Abort the connection, as a machine does whose program has died."""
    at_once = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    writer.transport.abort()
    raise ConnectionError


async def hangs(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Say nothing until the client goes."""
    await reader.read()
    raise ConnectionError


def repeats(beginning: str, piece: bytes, pause: float = 0) -> Answer:
    """Go on and on until the client goes."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(beginning.encode())
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return answer
