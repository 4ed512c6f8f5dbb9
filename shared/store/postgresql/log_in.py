"""How an instance logs in: by the address alone, or by a token of Google's."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from psycopg import AsyncConnection

from shared.settings import PostgresqlDatabase
from shared.store.port import StoreRefused, StoreUnavailable
from shared.store.postgresql.errors import translated_errors

SCOPE = "https://www.googleapis.com/auth/sqlservice.login"
"""What a token must be for: cloud.google.com/sql/docs/postgres/iam-logins."""

CONNECT_SECONDS = 10
NOTICED = {
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 3_000,  # Milliseconds; whoever waits for them can still try again in time.
}
"""How soon this machine notices that a network has cut a connection without a word.

A firewall that forgets what is idle does not forget these.
"""
APPLICATION_NAME = "appointments"
"""As `pg_stat_activity` shows the connections."""

Options = dict[str, Any]
MakeOptions = Callable[[], Awaitable[Options]]


async def connect(database: PostgresqlDatabase) -> AsyncConnection:
    """Open a connection by itself, at the first attempt or not at all: a pool tries for long.

    Raises StoreError with the reason.
    """
    options = connection_options(database)
    with translated_errors():
        known = options if isinstance(options, dict) else await options()
        return await AsyncConnection.connect(database.address, **known)


def connection_options(database: PostgresqlDatabase) -> Options | MakeOptions:
    """Return what a new connection is opened with, or what makes it for each anew.

    StoreRefused if tokens are wanted and nobody is there to make any.
    """
    options: Options = {
        "autocommit": True,
        "prepare_threshold": None,
        "connect_timeout": CONNECT_SECONDS,
        **NOTICED,
        "application_name": APPLICATION_NAME,
        "client_encoding": "UTF8",
    }
    if not database.iam:
        return options

    from google.auth import default  # noqa: PLC0415 - takes a while
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415
    from google.auth.transport.requests import Request  # noqa: PLC0415

    try:
        credentials, _ = default(scopes=[SCOPE])
    except GoogleAuthError as error:
        raise StoreRefused(str(error)) from error

    turn = asyncio.Lock()  # Several connections may be opened at once.

    async def with_token() -> Options:
        """Add a token, which is good for an hour, but counts only while logging in."""
        try:
            async with turn:
                if not credentials.valid:
                    await asyncio.to_thread(credentials.refresh, Request())
        except GoogleAuthError as error:
            raise StoreUnavailable(str(error)) from error
        return {**options, "password": credentials.token}

    return with_token
