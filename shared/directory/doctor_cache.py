"""The doctors, remembered for a minute: they change seldom and every request needs one."""

import time
from collections.abc import Callable, Mapping

from shared.model.doctor import Doctor
from shared.store.port import Store

FRESH_SECONDS = 60.0


class DoctorCache:
    """The doctors of a store. A change there is seen after a minute at the latest."""

    def __init__(self, store: Store, seconds: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._seconds = seconds
        self._doctors: Mapping[str, Doctor] = {}
        self._fresh_until = -FRESH_SECONDS

    async def doctors(self) -> Mapping[str, Doctor]:
        """All doctors by id, in order. Raises StoreError."""
        if self._seconds() >= self._fresh_until:
            doctors = await self._store.doctors()
            self._doctors = {doctor.id: doctor for doctor in doctors}
            self._fresh_until = self._seconds() + FRESH_SECONDS
        return self._doctors
