"""Whether the store answers, found out at most once a second, however many ask."""

import asyncio
import time
from collections.abc import Callable

from shared.single_flight import SingleFlight
from shared.store.port import Keys, Store, StoreError, StoreUnavailable

FRESH_SECONDS = 1.0


class StoreHealth:
    """Whether a store answers a read. Anybody may ask, so what was found is remembered.

    A read is given up after `patience` seconds; `seconds` is a clock that only goes forward.
    """

    def __init__(
        self, store: Store, patience: float, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._patience = patience
        self._seconds = seconds
        self._reading = SingleFlight(self._read)
        self._fresh_until: float | None = None
        self._error: StoreError | None = None

    async def check(self) -> None:
        """Do nothing if the store answers. Raises StoreError if it does not."""
        if self._fresh_until is None or self._seconds() >= self._fresh_until:
            await asyncio.shield(self._reading.run())
        if self._error is not None:
            raise type(self._error)(*self._error.args)

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(self._patience), self._store.snapshot() as snapshot:
                # No record has this key: those of records are hashes.
                await snapshot.load(Keys(records=["health"]))
            self._error = None
        except StoreError as error:
            self._error = error
        except TimeoutError:
            self._error = StoreUnavailable(f"no answer within {self._patience:g} s")
        self._fresh_until = self._seconds() + FRESH_SECONDS
