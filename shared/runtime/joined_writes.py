"""One write for each answer."""

import asyncio


class JoinedWrites:
    """The part of a transport that uvicorn uses once a connection is made.

    It writes at once what is written to it in one turn of the loop. Uvicorn writes the head of an
    answer, then its body, and uvloop asks the system to send each.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Write something, after this turn."""
        if not self._waiting:
            self._loop.call_soon(self._write)
        self._waiting.append(data)

    def close(self) -> None:
        """Close the connection, once everything is sent."""
        self._write()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether the connection is closed, or will be."""
        return self._transport.is_closing()

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting and not self.is_closing():
            self._transport.write(b"".join(waiting))
