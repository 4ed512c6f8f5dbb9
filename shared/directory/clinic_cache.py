"""What is true of the whole clinic, cached for a minute."""

import time
from collections.abc import Callable
from zoneinfo import ZoneInfo

from shared.directory.stored_clinic import read_clinic
from shared.model.clinic import Clinic
from shared.store.port import Store
from shared.store.remembered import Remembered


class ClinicCache:
    """The clinic of a store, with `zone` as that of its dates. A change is seen within a minute."""

    def __init__(
        self, store: Store, zone: ZoneInfo, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._zone = zone
        self._clinic = Remembered(self._read, seconds)

    async def clinic(self) -> Clinic:
        """Return the clinic. Raises StoreError if it was never read.

        Raises StoreRefused whenever a read is refused.
        """
        return await self._clinic.value()

    async def _read(self) -> Clinic:
        return read_clinic(await self._store.clinic(), self._zone)
