"""Connections to the server: a pool, and what one of them is asked while it is lent.

Nothing is left in a session: statements have no names, and settings end with their transaction. So
the connections may pass through a pooler that hands each transaction to another server process.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from contextvars import ContextVar
from typing import Any, LiteralString, NamedTuple, TypeVar

from psycopg import AsyncConnection, OperationalError
from psycopg.errors import ReadOnlySqlTransaction
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool

from shared.settings import PostgresqlDatabase
from shared.store.port import StoreUnavailable
from shared.store.postgresql.errors import translated_errors
from shared.store.postgresql.log_in import connection_options

T = TypeVar("T")
Row = tuple[Any, ...]

NESTED = 1
"""How many connections only those get who have one already: else all could wait for each other."""
IDLE_SECONDS = 600.0
BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ"

_has_connection: ContextVar[bool] = ContextVar("has_connection", default=False)


class Query(NamedTuple):
    """A statement, and the values of its placeholders."""

    statement: LiteralString
    values: Sequence[object] | Mapping[str, object] = ()


class Connections:
    """A pool that opens connections as they are needed, in the loop of the first use.

    `seconds` is how long a call may take, and how long it may wait for a connection.
    """

    def __init__(self, database: PostgresqlDatabase, seconds: float) -> None:
        self._database = database
        self._seconds = seconds
        self._pool: AsyncConnectionPool[AsyncConnection] | None = None
        self._turns = asyncio.Semaphore(max(1, database.connections - NESTED))
        self._closed = False
        self._returning: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def lend(self) -> AsyncIterator["Session"]:
        """Lend a connection; whatever transaction is open at the end is rolled back.

        Whoever has one already does not wait for their turn.
        """
        nested = _has_connection.get()
        async with nullcontext() if nested else self._turns:
            with translated_errors():
                pool = await self._opened()
                connection = await pool.getconn(self._seconds)
            token = _has_connection.set(True)
            session = Session(connection, self._seconds)
            try:
                yield session
            finally:
                _has_connection.reset(token)
                self._give_back(session)

    async def execute(self, query: Query) -> list[Row]:
        """Run one statement, which is a transaction by itself, in one round trip."""
        async with self.lend() as session:
            return await session.run(query)

    async def close(self) -> None:
        """Close every connection, those in use when they are given back."""
        self._closed = True
        if self._returning:
            await asyncio.wait(self._returning)
        if self._pool is not None:
            await self._pool.close()

    async def _opened(self) -> AsyncConnectionPool[AsyncConnection]:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        if self._pool is None:
            self._pool = AsyncConnectionPool(
                self._database.address,
                kwargs=connection_options(self._database),
                min_size=0,
                max_size=max(1 + NESTED, self._database.connections),
                max_idle=IDLE_SECONDS,
                open=False,
                reconnect_timeout=self._seconds,
            )
            await self._pool.open()
        return self._pool

    def _give_back(self, session: "Session") -> None:
        """Let nobody wait for it: the caller has what they asked for, or gave up."""
        task = asyncio.create_task(self._returned(session))
        self._returning.add(task)
        task.add_done_callback(self._returning.discard)

    async def _returned(self, session: "Session") -> None:
        await session.end()
        assert self._pool is not None  # noqa: S101 - the connection is of it
        await self._pool.putconn(session.connection)
        if session.is_standby:
            await self._pool.drain()  # The others lead to the same server.


class Session:
    """A connection while it is lent. One call at a time."""

    def __init__(self, connection: AsyncConnection, seconds: float) -> None:
        self.connection = connection
        self.is_standby = False
        self._seconds = seconds
        self._running: asyncio.Task[Any] | None = None

    async def run(self, query: Query) -> list[Row]:
        """Run one statement, in one round trip."""
        return await self._call(self._run(query))

    async def run_all(self, queries: Sequence[Query]) -> list[list[Row]]:
        """Run statements one after the other, in one round trip."""
        return await self._call(self._run_all(queries))

    async def end(self) -> None:
        """Wait until the last call has ended, and roll back what is open."""
        if self._running is not None:
            await asyncio.wait([self._running])
        if self.connection.pgconn.transaction_status in _OPEN:
            with suppress(OperationalError):
                await self._call(self.connection.rollback())

    async def _run(self, query: Query) -> list[Row]:
        cursor = await self.connection.execute(query.statement, query.values)
        return await cursor.fetchall() if cursor.description else []

    async def _run_all(self, queries: Sequence[Query]) -> list[list[Row]]:
        async with self.connection.pipeline():
            cursors = [await self.connection.execute(*query) for query in queries]
        return [await each.fetchall() if each.description else [] for each in cursors]

    async def _call(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in a task of its own, for so many seconds at most.

        A caller who gives up does not wait until the server has noticed that, which may never
        come to be: the call ends by itself, or is cut off.
        """
        task = self._running = asyncio.create_task(work)
        timer = asyncio.get_running_loop().call_later(self._seconds, cut_off, self.connection)
        task.add_done_callback(lambda _: timer.cancel())
        task.add_done_callback(_look_at)
        try:
            with translated_errors():
                return await asyncio.shield(task)
        except StoreUnavailable as error:
            self.is_standby = isinstance(error.__cause__, ReadOnlySqlTransaction)
            raise


_OPEN = (TransactionStatus.INTRANS, TransactionStatus.INERROR)


def cut_off(connection: AsyncConnection) -> None:
    """Let whoever waits for the server see the connection end."""
    if not connection.closed:
        with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as ours:
            ours.shutdown(socket.SHUT_RDWR)


def _look_at(task: asyncio.Task[Any]) -> None:
    """Take notice of an error that no caller waits for any more."""
    if not task.cancelled():
        task.exception()
