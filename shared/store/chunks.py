"""Reads in order that go on only as far as somebody asks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

from shared.store.usage import count_reads

P = TypeVar("P")
T = TypeVar("T")

LARGEST_CHUNK = 128


async def in_chunks(
    read: Callable[[P, int], Awaitable[Sequence[T]]],
    position: P,
    behind: Callable[[T], P],
    at_once: int,
) -> AsyncIterator[T]:
    """Yield what `read` finds from a position on, in growing chunks.

    The first has `at_once` of them and each later one twice as many: few for a near hit, fast for
    a year. `behind` returns where a read goes on after the last that was found. Each that is found
    counts as a read.
    """
    while True:
        found = await read(position, at_once)
        count_reads(len(found))
        for each in found:
            yield each
        if len(found) < at_once:
            return
        await asyncio.sleep(0)  # A year is long: let other requests have their turn.
        position = behind(found[-1])
        at_once = min(at_once * 2, LARGEST_CHUNK)
