# ruff: noqa: INP001 - the source of functions, not part of a package
"""The rival of bookings on SQLite: a durable INSERT for each request."""

import os
import sqlite3
from functools import cache
from itertools import count

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

_ids = count()


@functions_framework.aio.http
async def insert(request: Request) -> Response:
    """Answer 201 after one commit that stores the body on the disk, as one row."""
    body = await request.body()
    # Outside of BEGIN and COMMIT, a statement is its own transaction.
    _file().execute("INSERT INTO appointments VALUES (?, ?)", (next(_ids), body.decode()))
    return Response(status_code=201)


@cache
def _file() -> sqlite3.Connection:
    """Open the file that the environment names, once the worker has started."""
    connection = sqlite3.connect(os.environ["FILE"], isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE appointments (id INTEGER PRIMARY KEY, body TEXT NOT NULL)")
    return connection
