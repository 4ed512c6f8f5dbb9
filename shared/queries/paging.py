"""Pages of lists that are in order of start, then id."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from heapq import heapify, heappop, heapreplace
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from shared.model.appointment import Appointment

Position = tuple[datetime, str]


class Listed(Protocol):
    """An entry of a list: an appointment, or an override."""

    @property
    def position(self) -> Position:
        """Its place in the list."""


T = TypeVar("T", bound=Listed)


class Page(Struct, Generic[T], frozen=True):
    """Some entries of a list, and the position to continue from if there are more."""

    entries: Sequence[T]
    next_position: Position | None


async def page_of(listed: AsyncIterator[T], size: int) -> Page[T]:
    """Return a page of the first ones, reading one more than it holds."""
    found: list[T] = []
    async for entry in listed:
        if len(found) == size:
            return Page(found, found[-1].position)
        found.append(entry)
    return Page(found, None)


async def in_order(*lists: AsyncIterator[Appointment]) -> AsyncIterator[Appointment]:
    """Merge lists that are in order, reading each only as far as needed.

    The first read fixes the instant that a view shows, so the beginnings of all other lists are
    read together once that of the first one is.
    """
    begun = [await anext(lists[0], None)]
    others = (anext(each, None) for each in lists[1:])
    for head in await asyncio.gather(*others, return_exceptions=True):
        if isinstance(head, BaseException):
            raise head
        begun.append(head)
    heads = [(head.position, number, head) for number, head in enumerate(begun) if head]
    heapify(heads)
    while heads:
        _, number, head = heads[0]
        yield head
        following = await anext(lists[number], None)
        if following is None:
            heappop(heads)
        else:
            heapreplace(heads, (following.position, number, following))
