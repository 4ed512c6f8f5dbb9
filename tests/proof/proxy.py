"""A network that fails on demand: a TCP proxy on the loopback interface.

Every fault but `cut` lasts as long as its block:

    async with Proxy(emulator_port) as proxy:
        ...                                  # processes that use proxy.address
        with proxy.losing_answers():
            await asyncio.sleep(0.5)         # what is asked for is done, and nobody is told
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Self

from tests.ports import HOST, free_port

CHUNK = 65536
MOST_CHUNKS = 16
"""That wait in one direction of a connection; then no more is read, so that the sender waits."""


class Proxy:
    """Passes on what comes to `port`, to the port `target`, with the faults that are set.

    `counts` tells what the faults have done, so that a test can see that they hit something.
    """

    def __init__(self, target: int) -> None:
        self.counts: Counter[str] = Counter()
        self.port = free_port()
        self._target = target
        self._delay = 0.0
        self._answers_arrive = True
        self._listener: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"{HOST}:{self.port}"

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop_listening()
        self._close_all()
        await asyncio.gather(*self._ending, return_exceptions=True)

    # Faults

    def cut(self) -> None:
        """Close every connection now; what has not been passed on never arrives."""
        self.counts["connections cut"] += self._close_all()

    @contextmanager
    def losing_answers(self) -> Iterator[None]:
        """What is sent to the target arrives, what it answers does not; in the end, cut."""
        self._answers_arrive = False
        try:
            yield
        finally:
            self.cut()
            self._answers_arrive = True

    @contextmanager
    def delaying(self, seconds: float) -> Iterator[None]:
        """What is sent meanwhile arrives so much later, in either direction."""
        self._delay = seconds
        try:
            yield
        finally:
            self._delay = 0.0

    @asynccontextmanager
    async def refusing(self) -> AsyncIterator[None]:
        """New connections are refused; those that there are stay, unless they are cut."""
        self._stop_listening()
        self.counts["times closed"] += 1
        try:
            yield
        finally:
            await self._listen()

    @contextmanager
    def leading_to(self, port: int) -> Iterator[None]:
        """New connections lead elsewhere; the others are cut, now and in the end."""
        usual, self._target = self._target, port
        self.cut()
        try:
            yield
        finally:
            self._target = usual
            self.cut()

    # Connections

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._accept, HOST, self.port, limit=CHUNK)

    def _stop_listening(self) -> None:
        if self._listener:
            self._listener.close()

    def _close_all(self) -> int:
        """Aborting takes effect at once; cancelling makes an end of what is left."""
        closed, self._connections = self._connections, {}
        for connection, writers in closed.items():
            for writer in writers:
                writer.transport.abort()
            connection.cancel()
            self._ending.add(connection)
        return len(closed)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.counts["connections"] += 1
        writers = [writer]
        connection = asyncio.ensure_future(self._connect(reader, writers))
        self._connections[connection] = writers
        connection.add_done_callback(self._forget)

    def _forget(self, connection: asyncio.Task[None]) -> None:
        self._connections.pop(connection, None)
        self._ending.discard(connection)

    async def _connect(
        self, reader: asyncio.StreamReader, writers: list[asyncio.StreamWriter]
    ) -> None:
        """Pass on in both directions, until one side closes, or both are cut."""
        try:
            answers, target = await asyncio.open_connection(HOST, self._target, limit=CHUNK)
            writers.append(target)
            async with asyncio.TaskGroup() as group:
                for source, sink in ((reader, target), (answers, writers[0])):
                    waiting: _Waiting = asyncio.Queue(MOST_CHUNKS)
                    group.create_task(self._take(source, waiting))
                    group.create_task(self._give(waiting, sink, answers=source is answers))
        except* (OSError, EOFError):
            self.counts["connections closed by one side"] += 1
        finally:
            for writer in writers:
                writer.close()
            await asyncio.gather(*(w.wait_closed() for w in writers), return_exceptions=True)

    async def _take(self, source: asyncio.StreamReader, waiting: "_Waiting") -> None:
        clock = asyncio.get_running_loop().time
        while data := await source.read(CHUNK):
            self.counts["chunks delayed"] += self._delay > 0
            await waiting.put((clock() + self._delay, data))
        await waiting.put((clock() + self._delay, b""))

    async def _give(
        self, waiting: "_Waiting", sink: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            due, data = await waiting.get()
            await asyncio.sleep(due - clock())
            if not data:
                raise EOFError
            if answers and not self._answers_arrive:
                self.counts["bytes of answers lost"] += len(data)
            else:
                sink.write(data)
                await sink.drain()


_Waiting = asyncio.Queue[tuple[float, bytes]]
"""What was read, and when it is to be passed on."""
