"""PostgreSQL's errors as the port names them."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg_pool import PoolTimeout

from shared.store.port import StoreError, StoreRefused, StoreUnavailable, VersionConflict

CONFLICT = "AP001"
"""What `conflict()` of the schema raises."""

_OTHER_WAS_FIRST = ("40001", "40P01")  # Nothing was written: a serialization failure, a deadlock.
_LOCKED = "55P03"
# The class of the code, or the code: appendix A of the manual, "PostgreSQL Error Codes".
_MAY_PASS = (
    "08",  # The connection.
    "57",  # Somebody intervened: the server shuts down, or a statement was cancelled.
    "25P03",  # A transaction of a stopped process was idle for too long, and its connection ended.
    "25006",  # It only reads: it stands by for another server, which may take its place.
    "25P02",  # Something else that was read on the same snapshot was refused.
    "53300",  # Too many connections.
)
# No such table, column or function; or what `keep_view()` raises, of tables from another server.
_NOT_MIGRATED = ("42P01", "42703", "42883", "AP002")


class RowLockedError(StoreUnavailable):
    """A row was not to be had in time: some other session keeps it."""


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise the errors of the driver, and of its pool, as those of the port."""
    try:
        yield
    except psycopg.Error as error:
        raise as_store_error(error) from error


def as_store_error(error: psycopg.Error) -> StoreError:
    """Return the error of the port that one of the driver's means.

    One without a code is of a connection that ended, or was not to be had: nobody knows what came
    of a commit.
    """
    if isinstance(error, PoolTimeout) or error.sqlstate is None:
        return StoreUnavailable(_first_line(str(error) or type(error).__name__))
    return error_of(error.sqlstate, str(error))


def error_of(code: str, message: str) -> StoreError:
    """Return the error of the port that a code of the server's means."""
    said = _first_line(message)
    if code in _OTHER_WAS_FIRST or code == CONFLICT:
        return VersionConflict()
    if code == _LOCKED:
        return RowLockedError(said)
    if code.startswith(_MAY_PASS):
        return StoreUnavailable(said)
    if code in _NOT_MIGRATED:
        advice = "bring its tables up to date with `python -m shared.runtime.migrate`"
        return StoreRefused(f"{said}: {advice}")
    return StoreRefused(said)


def _first_line(message: str) -> str:
    """Return what is wrong, without the statement and its values."""
    return message.partition("\n")[0]
