"""Something that a store knows, remembered for a minute."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from shared.single_flight import SingleFlight
from shared.store.port import StoreError, StoreRefused

FRESH_SECONDS = 60.0
RETRY_SECONDS = 5.0
PATIENCE_SECONDS = 1.0

T = TypeVar("T")


class Remembered(Generic[T]):
    """What a read of a store returned. A change there is seen within a minute.

    However many requests find it expired, it is read once. While the store gives no answer, what
    is known is served. `seconds` is a clock that only goes forward.
    """

    def __init__(self, read: Callable[[], Awaitable[T]], seconds: Callable[[], float]) -> None:
        self._read = read
        self._seconds = seconds
        self._value: T | None = None
        self._expires_at = 0.0
        self._reading = SingleFlight(self._read_from_store)

    async def value(self) -> T:
        """Return what is known; no other task runs while it is fresh.

        Raises StoreError if it was never read, and StoreRefused whenever a read is refused.
        """
        if self._value is None:
            return await asyncio.shield(self._reading.run())
        if self._seconds() < self._expires_at:
            return self._value
        reading = self._reading.run()
        await asyncio.wait([reading], timeout=PATIENCE_SECONDS)
        if reading.done() and isinstance(error := reading.exception(), StoreRefused):
            raise error  # It will not pass by itself, so somebody must learn of it.
        return self._value

    async def _read_from_store(self) -> T:
        try:
            self._value = await self._read()
        except StoreError:
            self._expires_at = self._seconds() + RETRY_SECONDS
            raise
        self._expires_at = self._seconds() + FRESH_SECONDS
        return self._value
