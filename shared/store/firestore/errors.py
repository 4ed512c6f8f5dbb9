"""Firestore's errors as the port names them."""

from collections.abc import Iterator
from contextlib import contextmanager

from grpc import StatusCode  # type: ignore[import-untyped]
from grpc.aio import AioRpcError, UsageError  # type: ignore[import-untyped]

from shared.store.port import (
    SnapshotExpired,
    StoreError,
    StoreRefused,
    StoreUnavailable,
    VersionConflict,
)

# Not written, because a document is not as it was read; `ABORTED`: another commit was on it.
CONFLICT = frozenset(
    {
        StatusCode.ABORTED,
        StatusCode.ALREADY_EXISTS,
        StatusCode.FAILED_PRECONDITION,
        StatusCode.NOT_FOUND,
    }
)
# No view of that time: it is over an hour ago, or yet to come.
EXPIRED = frozenset({StatusCode.FAILED_PRECONDITION, StatusCode.INVALID_ARGUMENT})
NONE: frozenset[StatusCode] = frozenset()

# Written or not, nobody knows; another attempt may help. So it is for a read that was aborted.
# `RESOURCE_EXHAUSTED` is a load that grows faster than Firestore does, or the free quota of the day
# where there is no billing; one message tells of both, and to try again, as Google's client does.
_UNKNOWN = frozenset(
    {
        StatusCode.ABORTED,
        StatusCode.CANCELLED,
        StatusCode.DEADLINE_EXCEEDED,
        StatusCode.INTERNAL,
        StatusCode.RESOURCE_EXHAUSTED,
        StatusCode.UNAVAILABLE,
        StatusCode.UNKNOWN,
    }
)


@contextmanager
def translated_errors(
    conflict: frozenset[StatusCode] = NONE, expired: frozenset[StatusCode] = NONE
) -> Iterator[None]:
    """Raise what gRPC raises as the port names it; all else is final."""
    try:
        yield
    except AioRpcError as error:
        raise _as_store_error(error, conflict, expired) from error
    except UsageError as error:  # The channel was closed meanwhile.
        raise StoreUnavailable(str(error)) from error
    except ValueError as error:
        raise StoreRefused(str(error)) from error


def _as_store_error(
    error: AioRpcError, conflict: frozenset[StatusCode], expired: frozenset[StatusCode]
) -> StoreError:
    code, text = error.code(), f"{error.code().name}: {error.details()}"
    if code in expired:
        return SnapshotExpired(text)
    if code in conflict:
        return VersionConflict(text)
    if code in _UNKNOWN:
        return StoreUnavailable(text)
    return StoreRefused(text)
