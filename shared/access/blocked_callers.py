"""Callers whose tokens an operator has ended before their time."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from shared.model.patient_key import PatientKey
from shared.store.remembered import Remembered


class BlockedSource(Protocol):
    """What knows who is blocked."""

    async def blocked(self) -> Mapping[PatientKey, datetime]:
        """Return the accounts that are blocked, and since when. Raises StoreError."""


class BlockedCallers:
    """Who is blocked. A change in the store is seen within a minute.

    `seconds` is a clock that only goes forward.
    """

    def __init__(
        self, source: BlockedSource, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._blocked = Remembered(source.blocked, seconds)

    async def refuses(self, account: PatientKey, issued_at: int) -> bool:
        """Whether a token of that account, issued then, counts no longer.

        Raises StoreError if nobody ever knew who is blocked.
        """
        since = (await self._blocked.value()).get(account)
        return since is not None and issued_at < since.timestamp()
