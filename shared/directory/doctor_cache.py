"""The doctors, cached for a minute: they seldom change and every request needs one."""

import asyncio
import time
from collections.abc import Callable, Mapping

from shared.model.doctor import Doctor
from shared.store.port import Store, StoreError, StoreRefused

FRESH_SECONDS = 60.0
RETRY_SECONDS = 5.0
PATIENCE_SECONDS = 1.0

_Doctors = Mapping[str, Doctor]


class DoctorCache:
    """The doctors of a store. A change there is seen within a minute.

    However many requests find the cache expired, it reads once. While the store gives no answer,
    it serves what it knows.
    """

    def __init__(self, store: Store, seconds: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._seconds = seconds
        self._doctors: _Doctors | None = None
        self._expires_at = 0.0
        self._reading: asyncio.Task[_Doctors] | None = None

    async def doctors(self) -> _Doctors:
        """Return all doctors by id, in order. Raises StoreError if none were ever read.

        Raises StoreRefused whenever a read is refused.
        """
        if self._doctors is None:
            return await asyncio.shield(self._read())
        if self._seconds() < self._expires_at:
            return self._doctors
        reading = self._read()
        await asyncio.wait([reading], timeout=PATIENCE_SECONDS)
        if reading.done() and isinstance(error := reading.exception(), StoreRefused):
            raise error  # It will not pass by itself, so somebody must learn of it.
        return self._doctors

    def _read(self) -> asyncio.Task[_Doctors]:
        """Return the one task that is reading the doctors."""
        if self._reading is None:
            self._reading = asyncio.get_running_loop().create_task(self._read_from_store())
            self._reading.add_done_callback(self._end_reading)
        return self._reading

    async def _read_from_store(self) -> _Doctors:
        try:
            self._doctors = {doctor.id: doctor for doctor in await self._store.doctors()}
        except StoreError:
            self._expires_at = self._seconds() + RETRY_SECONDS
            raise
        self._expires_at = self._seconds() + FRESH_SECONDS
        return self._doctors

    def _end_reading(self, reading: asyncio.Task[_Doctors]) -> None:
        self._reading = None
        _ = reading.cancelled() or reading.exception()  # Retrieved, so not reported as lost.
