"""Connections to the server: a pool, and what one of them is asked while it is lent.

Nothing is left in a session: statements have no names, and settings end with their transaction. So
the connections may pass through a pooler that hands each transaction to another server process.
"""

import asyncio
import os
import select
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    contextmanager,
    nullcontext,
    suppress,
)
from contextvars import ContextVar
from typing import Any, LiteralString, NamedTuple, TypeVar

from psycopg import AsyncConnection, OperationalError
from psycopg.errors import ReadOnlySqlTransaction
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool

from shared.settings import PostgresqlDatabase
from shared.store.port import StoreUnavailable
from shared.store.postgresql.attempts import Attempts
from shared.store.postgresql.errors import translated_errors
from shared.store.postgresql.log_in import connection_options

T = TypeVar("T")
Row = tuple[Any, ...]

NESTED = 1
"""Connections kept for tasks that hold one already: else all could wait for each other."""
IDLE_SECONDS = 600.0
BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ"
_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '2s'"
"""For a statement that waits for a row, as the functions of the schema have it."""

_has_connection: ContextVar[bool] = ContextVar("has_connection", default=False)


class Query(NamedTuple):
    """A statement, and the values of its placeholders."""

    statement: LiteralString
    values: Sequence[object] | Mapping[str, object] = ()


class Connections:
    """A pool that opens connections as they are needed, in the loop of the first use.

    `seconds` is how long a call may take, and how long it may wait for a connection.

    A call is a task of its own. So who gives up does not wait until the server has taken notice,
    which a frozen one never does: the call ends by itself, or is cut off.
    """

    def __init__(self, database: PostgresqlDatabase, seconds: float) -> None:
        self.database = database
        self._seconds = seconds
        self._pool: AsyncConnectionPool[AsyncConnection] | None = None
        self._turns = asyncio.Semaphore(max(1, database.connections - NESTED))
        self._closed = False
        self._running: set[asyncio.Task[Any]] = set()
        self._attempts = Attempts()

    async def execute(self, query: Query) -> list[Row]:
        """Run one statement, which is a transaction by itself, in one round trip."""
        async with self._turn():
            connection = await self._borrow()
            task = self.start(self._execute(connection, query))
            with translated_errors():
                return await asyncio.shield(task)

    async def write(self, *queries: Query) -> list[list[Row]]:
        """Run statements as one transaction, in one round trip; none waits long for a row."""
        begin = [Query("BEGIN"), Query(_LOCK_TIMEOUT)]
        async with self.lend() as session:
            _, _, *found, _ = await session.run([*begin, *queries, Query("COMMIT")])
        return found

    @asynccontextmanager
    async def lend(self) -> AsyncIterator["Session"]:
        """Lend a connection; whatever transaction is open at the end is rolled back."""
        async with self._turn():
            session = Session(self, await self._borrow())
            token = _has_connection.set(True)
            try:
                yield session
            finally:
                _has_connection.reset(token)
                session.is_ending = True
                ending = self.start(self._end(session))
            if session.is_kept:  # Else nobody waits for that: the caller has what they asked for.
                with translated_errors():
                    await asyncio.shield(ending)

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do something that goes on if nobody waits for it any more."""
        task = asyncio.create_task(work)
        self._running.add(task)

        def ended(task: asyncio.Task[T]) -> None:
            self._running.discard(task)
            with suppress(asyncio.CancelledError):
                task.exception()  # Its caller may have given up.

        task.add_done_callback(ended)
        return task

    @contextmanager
    def limit(self, connection: AsyncConnection) -> Iterator[None]:
        """Cut a connection off if what is done with it takes too long."""
        timer = asyncio.get_running_loop().call_later(self._seconds, cut_off, connection)
        try:
            yield
        finally:
            timer.cancel()

    @asynccontextmanager
    async def asking(self, connection: AsyncConnection) -> AsyncIterator[None]:
        """Limit a call, and replace every connection if the server turns out only to read."""
        try:
            with self.limit(connection):
                yield
        except ReadOnlySqlTransaction:
            await self.drain()
            raise

    async def drain(self) -> None:
        """Replace every connection: a standby answers, and the others lead to it, too."""
        assert self._pool is not None  # noqa: S101 - who asks for it has called
        await self._pool.drain()

    async def close(self) -> None:
        """Close every connection once what runs has ended."""
        self._closed = True
        while self._running:
            await asyncio.wait(self._running)
        if self._pool is not None:
            await self._pool.close()

    def _turn(self) -> AbstractAsyncContextManager[None]:
        """Wait until few enough have a connection, but not if the caller is one of them."""
        return nullcontext() if _has_connection.get() else self._turns

    async def _borrow(self) -> AsyncConnection:
        try:
            with translated_errors():
                return await self._living(self._pool or await self._opened())
        except StoreUnavailable as error:
            if self._attempts.failed is None:
                raise
            raise StoreUnavailable(f"{error}: {self._attempts.failed}") from error

    async def _living(self, pool: AsyncConnectionPool[AsyncConnection]) -> AsyncConnection:
        """Return a connection of a pool; replace those that have ended while nobody used them."""
        while has_ended(connection := await pool.getconn(self._seconds)):
            await connection.close()
            self.start(self._give_back(connection))
        return connection

    async def _opened(self) -> AsyncConnectionPool[AsyncConnection]:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        self._pool = AsyncConnectionPool(
            self.database.address,
            connection_class=self._attempts.noted(),
            kwargs=self._attempts.noting(connection_options(self.database)),
            min_size=0,
            max_size=max(1 + NESTED, self.database.connections),
            max_idle=IDLE_SECONDS,
            open=False,
            reconnect_timeout=self._seconds,
        )
        await self._pool.open()
        return self._pool

    async def _execute(self, connection: AsyncConnection, query: Query) -> list[Row]:
        try:
            async with self.asking(connection):
                cursor = await connection.execute(query.statement, query.values)
                return await cursor.fetchall() if cursor.description else []
        finally:
            await self._give_back(connection)

    async def _end(self, session: "Session") -> None:
        try:
            await session.end()
        finally:
            await self._give_back(session.connection)

    async def _give_back(self, connection: AsyncConnection) -> None:
        assert self._pool is not None  # noqa: S101 - the connection is of it
        with self.limit(connection):
            await self._pool.putconn(connection)


class Session:
    """A connection while it is lent. Calls that are made at once take turns, in their order.

    The time of a call begins with its turn. Who has no turn when the connection is no longer lent
    gets none: nobody waits for it.
    """

    def __init__(self, connections: Connections, connection: AsyncConnection) -> None:
        self.connection = connection
        self._connections = connections
        self.is_kept = False
        self.is_ending = False
        self._turns = asyncio.Lock()

    async def run(self, queries: Sequence[Query]) -> list[list[Row]]:
        """Run statements one after the other, in one round trip."""
        task = self._connections.start(self._run(queries))
        with translated_errors():
            return await asyncio.shield(task)

    def keep(self) -> None:
        """Let the end commit the transaction, and whoever lends the connection wait for that."""
        self.is_kept = True

    async def end(self) -> None:
        """Wait until the last call has ended, and end the transaction."""
        async with self._turns:
            with self._connections.limit(self.connection):
                if self.is_kept:
                    await self.connection.commit()
                elif self.connection.pgconn.transaction_status in _OPEN:
                    await self.connection.rollback()

    async def _run(self, queries: Sequence[Query]) -> list[list[Row]]:
        async with self._turns:
            if self.is_ending:
                raise StoreUnavailable("the connection is no longer lent")
            connection = self.connection
            async with self._connections.asking(connection), connection.pipeline():
                cursors = [await connection.execute(*query) for query in queries]
            return [await each.fetchall() if each.description else [] for each in cursors]


_OPEN = (TransactionStatus.INTRANS, TransactionStatus.INERROR)


def has_ended(connection: AsyncConnection) -> bool:
    """Tell whether the other side has ended a connection that nobody uses, without asking it.

    An idle connection gets data only when it ends, or when a setting of the server changes; in both
    cases it is replaced.
    """
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))


def cut_off(connection: AsyncConnection) -> None:
    """Let whoever waits for the server see the connection end."""
    ended = suppress(OSError, OperationalError)  # It may have done so already.
    with ended, socket.socket(fileno=os.dup(connection.fileno())) as ours:
        ours.shutdown(socket.SHUT_RDWR)
