"""The doctors, cached for a minute: they seldom change and every request needs one."""

import time
from collections.abc import Callable, Mapping

from shared.model.doctor import Doctor
from shared.store.port import Store
from shared.store.remembered import Remembered


class DoctorCache:
    """The doctors of a store. A change there is seen within a minute."""

    def __init__(self, store: Store, seconds: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._doctors = Remembered(self._read, seconds)

    async def doctors(self) -> Mapping[str, Doctor]:
        """Return all doctors by id, in order. Raises StoreError if none were ever read.

        Raises StoreRefused whenever a read is refused.
        """
        return await self._doctors.value()

    async def _read(self) -> Mapping[str, Doctor]:
        return {doctor.id: doctor for doctor in await self._store.doctors()}
