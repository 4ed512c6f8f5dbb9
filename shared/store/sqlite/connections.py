"""Connections to one and the same file, whatever happens to its name, and those that read."""

import sqlite3
from pathlib import Path

from shared.store.port import StoreUnavailable
from shared.store.sqlite.database import open_file

_NOWHERE = (-1, -1)


class DatabaseFile:
    """The file at a path: it is created at most once, and stays the one that was opened first.

    If somebody moves it away, connections go on writing to it where it is now, and another one
    would begin an empty file in its place.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path).absolute()
        self._first: tuple[int, int] | None = None

    def open(self, busy_seconds: float) -> sqlite3.Connection:
        """Open the file. Raises sqlite3.Error if that cannot be done, or as `check` does."""
        if self._first is not None:
            self.check()
            return open_file(self._path, busy_seconds, create=False)
        connection = open_file(self._path, busy_seconds)
        self._first = self._found() or _NOWHERE
        return connection

    def check(self) -> None:
        """Raise sqlite3.DatabaseError if the path does not name the file that was opened."""
        if self._found() != self._first:
            message = (
                f"{self._path} was moved, deleted or replaced while it was in use; put it back"
            )
            raise sqlite3.DatabaseError(message)

    def _found(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


class ReadConnections:
    """Connections with a read transaction each, reused by one snapshot after the other."""

    def __init__(self, file: DatabaseFile, busy_seconds: float) -> None:
        self._file = file
        self._busy_seconds = busy_seconds
        self._idle: list[sqlite3.Connection] = []
        self._closed = False

    def borrow(self) -> sqlite3.Connection:
        """Return a connection whose read transaction has begun."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        connection = self._idle_one() if self._idle else self._file.open(self._busy_seconds)
        connection.execute("BEGIN")
        return connection

    def give_back(self, connection: sqlite3.Connection) -> None:
        """End the read transaction and keep the connection for the next snapshot."""
        connection.rollback()
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)

    def _idle_one(self) -> sqlite3.Connection:
        self._file.check()
        return self._idle.pop()

    def close(self) -> None:
        """Close every connection; those in use when they are given back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()
