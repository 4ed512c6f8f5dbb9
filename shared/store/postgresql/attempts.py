"""Attempts to connect, and why the last one failed: a pool tells only how long it tried."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from psycopg import AsyncConnection

from shared.store.port import StoreError
from shared.store.postgresql.errors import translated_errors
from shared.store.postgresql.log_in import MakeOptions, Options

# What a pool warns of is for a log. Where there is none, Python would print it beside the one line
# in which a command says why it ends.
logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())


class Attempts:
    """Why the last attempt to connect failed, if it did."""

    def __init__(self) -> None:
        self.failed: StoreError | None = None

    def noted(self) -> type[AsyncConnection]:
        """Return what a pool opens, so that each attempt is noted here."""
        attempts = self

        class NotedConnection(AsyncConnection):
            @classmethod
            async def connect(cls, *args: Any, **kwargs: Any) -> Self:  # noqa: ANN401 - the pool's
                with attempts._noted():
                    opened = await super().connect(*args, **kwargs)
                attempts.failed = None
                return opened

        return NotedConnection

    def noting(self, options: Options | MakeOptions) -> Options | MakeOptions:
        """Return the same options, so that it is noted if they cannot be made."""
        if isinstance(options, dict):
            return options

        async def noted() -> Options:
            with self._noted():
                return await options()

        return noted

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            with translated_errors():
                yield
        except StoreError as error:
            self.failed = error
            raise
