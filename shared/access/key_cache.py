"""The keys of an issuer, cached: never waited for while they are fresh."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from msgspec import Struct

from shared.access.errors import KeysUnavailable
from shared.access.key_sets import Key
from shared.single_flight import SingleFlight

FETCH_SECONDS: Final = 3.0
PAUSE_SECONDS: Final = 10.0
SHORTEST_FRESH: Final = 5 * 60.0
LONGEST_FRESH: Final = 24 * 3600.0
USABLE_LONGER: Final = 6 * 3600.0


class FetchedKeys(Struct, frozen=True):
    """The keys of an issuer by their ids, and for how many seconds it says they are fresh."""

    keys: Mapping[str, Key]
    max_age: float = 0.0


Fetch = Callable[[], Awaitable[FetchedKeys]]
"""Fetches the keys; raises KeysUnavailable."""


class KeyCache:
    """The keys of one issuer.

    Stale keys are served while one fetch refreshes them. However many tokens name an unknown key,
    there is one fetch under way, and one begins at most every ten seconds. Six hours after the
    keys have become stale they count no longer. `seconds` is a clock that only goes forward.
    """

    def __init__(
        self,
        fetch: Fetch,
        longest_fresh: float = LONGEST_FRESH,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._longest_fresh = longest_fresh
        self._seconds = seconds
        self._keys: Mapping[str, Key] = {}
        self._stale_at = self._ends_at = self._next_try_at = float("-inf")
        self._failure = "the issuer's keys were never fetched"
        self._flight = SingleFlight(self._refresh)

    def known(self, kid: str) -> Key | None:
        """Return a key that counts now, without waiting; refresh what is stale behind it."""
        now = self._seconds()
        if now >= self._stale_at:
            self._begin(now)
        return self._keys.get(kid) if now < self._ends_at else None

    async def key(self, kid: str) -> Key | None:
        """Return a key; None if the issuer has none of this id.

        Raises KeysUnavailable if that cannot be known now.
        """
        if found := self.known(kid):
            return found
        if flight := self._begin(self._seconds()):
            await asyncio.shield(flight)
        if self._failure:
            raise KeysUnavailable(self._failure)
        return self.known(kid)

    def begin(self) -> None:
        """Begin to fetch the keys that will be needed, and wait for nothing."""
        self._begin(self._seconds())

    def _begin(self, now: float) -> asyncio.Task[None] | None:
        """Return the fetch that is under way or may begin now, or None."""
        if self._flight.under_way is None:
            if now < self._next_try_at:
                return None
            self._next_try_at = now + PAUSE_SECONDS
        return self._flight.run()

    async def _refresh(self) -> None:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                fetched = await self._fetch()
        except TimeoutError:
            self._failure = f"the issuer has not sent its keys within {FETCH_SECONDS:g} s"
        except KeysUnavailable as error:
            self._failure = str(error)
        else:
            fresh = min(max(fetched.max_age, SHORTEST_FRESH), self._longest_fresh)
            self._keys, self._failure = fetched.keys, ""
            self._stale_at = self._seconds() + fresh
            self._ends_at = self._stale_at + USABLE_LONGER
