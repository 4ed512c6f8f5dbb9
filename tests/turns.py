"""How often others have their turn while something works, told without a clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def turns_of_others() -> AsyncIterator[list[int]]:
    """Work beside another task; the list holds how many turns that has had so far."""
    turns = [0]

    async def another() -> None:
        while True:
            await asyncio.sleep(0)
            turns[0] += 1

    other = asyncio.create_task(another())
    try:
        yield turns
    finally:
        other.cancel()
