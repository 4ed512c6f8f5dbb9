"""What requests cost: tries, and documents read and written. Counted where it happens."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from msgspec import Struct


class StoreUsage(Struct):
    """What was done for a request, and for those that were decided together with it.

    `attempts` is how often a commit was tried, `batch_size` how many were decided together for the
    last one, itself included; both are 0 where none was tried. `reads` and `writes` are documents.
    """

    attempts: int = 0
    batch_size: int = 0
    reads: int = 0
    writes: int = 0


_charged: ContextVar[Collection[StoreUsage]] = ContextVar("charged", default=())


@contextmanager
def charged_to(usages: Collection[StoreUsage]) -> Iterator[None]:
    """Count what is done in here as the effort of these, and of no others."""
    token = _charged.set(usages)
    try:
        yield
    finally:
        _charged.reset(token)


def charged() -> Collection[StoreUsage]:
    """Those whose effort is counted here."""
    return _charged.get()


def count_attempt(together: int) -> None:
    """A commit is tried, for so many requests together."""
    for usage in _charged.get():
        usage.attempts += 1
        usage.batch_size = together


def count_reads(documents: int) -> None:
    """So many documents were read, or looked for."""
    for usage in _charged.get():
        usage.reads += documents


def count_writes(documents: int) -> None:
    """So many documents were written."""
    for usage in _charged.get():
        usage.writes += documents
