"""What requests cost in the store, counted where it happens."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context

from msgspec import Struct


class StoreUsage(Struct):
    """The store usage of one request, including what was done for its whole batch.

    `attempts` counts commits, `batch_size` the commands of the last one; both are 0 without a
    commit. `reads` and `writes` count documents.
    """

    attempts: int = 0
    batch_size: int = 0
    reads: int = 0
    writes: int = 0


_charged: ContextVar[Collection[StoreUsage]] = ContextVar("charged", default=())


@contextmanager
def charged_to(usages: Collection[StoreUsage]) -> Iterator[None]:
    """Count what happens within as the usage of these requests, and of no others."""
    token = _charged.set(usages)
    try:
        yield
    finally:
        _charged.reset(token)


def charged_context(usages: Collection[StoreUsage]) -> Context:
    """Return the context of a task whose work counts as the usage of these requests."""
    context = copy_context()
    context.run(_charged.set, usages)
    return context


def charged() -> Collection[StoreUsage]:
    """Return the usages that are being counted."""
    return _charged.get()


def count_attempt(commands: int) -> None:
    """Count an attempted commit of so many commands."""
    for usage in _charged.get():
        usage.attempts += 1
        usage.batch_size = commands


def count_reads(documents: int) -> None:
    """Count documents that were read or looked for."""
    for usage in _charged.get():
        usage.reads += documents


def count_writes(documents: int) -> None:
    """Count documents that were written."""
    for usage in _charged.get():
        usage.writes += documents
