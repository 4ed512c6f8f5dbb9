"""Pauses between attempts."""

import asyncio
from random import Random

from msgspec import Struct

FIRST_PAUSE_SECONDS = 0.004
PAUSE_DOUBLINGS = 6


class Retries(Struct):
    """Counts attempts, and pauses between them so that rivals fall out of step."""

    random: Random
    count: int = 0

    async def pause(self) -> None:
        """Wait for a random time, on average twice as long as the last one."""
        longest = FIRST_PAUSE_SECONDS * 2 ** min(self.count, PAUSE_DOUBLINGS)
        self.count += 1
        await asyncio.sleep(self.random.uniform(0, longest))
