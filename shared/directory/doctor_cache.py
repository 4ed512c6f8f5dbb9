"""The doctors, each cached for a minute: they seldom change and every request needs one."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from msgspec import Struct

from shared.model.doctor import Doctor
from shared.store.port import Store, StoreError, StoreRefused
from shared.store.remembered import FRESH_SECONDS, PATIENCE_SECONDS, RETRY_SECONDS, Remembered

DOCTORS_CACHED = 5_000
MOST_TOGETHER = 200
"""How many doctors a search that names none goes through."""


class _Cached(Struct, frozen=True):
    """A doctor, None if there is none of that id, and until when it need not be read again."""

    doctor: Doctor | None
    expires_at: float


class DoctorCache:
    """The doctors of a store, each read when it is first needed.

    A change there is seen within a minute. While the store gives no answer, what is known is
    served. `seconds` is a clock that only goes forward.
    """

    def __init__(self, store: Store, seconds: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._seconds = seconds
        self._cached: OrderedDict[str, _Cached] = OrderedDict()
        self._reading: dict[str, asyncio.Task[None]] = {}
        self._offering: dict[str | None, Remembered[Sequence[Doctor]]] = {}

    async def find(self, ids: Collection[str]) -> Mapping[str, Doctor]:
        """Return those of these doctors that there are, by id, retired ones too.

        Reads all that are not fresh in one call; no other task runs if all of them are. Raises
        StoreError if one of them was never read, and StoreRefused whenever a read is refused.
        """
        if due := [each for each in ids if not self._is_fresh(each)]:
            await self._read_again(due)
        found = {each: self._cached[each].doctor for each in ids if each in self._cached}
        return {each: doctor for each, doctor in found.items() if doctor}

    async def offering(self, service_id: str | None = None) -> Sequence[Doctor]:
        """Return the doctors who are not retired, by id, at most one more than `MOST_TOGETHER`.

        With `service_id` only those who offer that service. Raises like `find`.
        """
        if service_id not in self._offering:
            read = partial(self._read_offering, service_id)
            self._offering[service_id] = Remembered(read, self._seconds)
        return await self._offering[service_id].value()

    def _is_fresh(self, doctor_id: str) -> bool:
        cached = self._cached.get(doctor_id)
        return cached is not None and self._seconds() < cached.expires_at

    async def _read_again(self, due: Sequence[str]) -> None:
        """Read what nobody is reading, and wait for all: not long for what is known."""
        if unread := [each for each in due if each not in self._reading]:
            task = asyncio.get_running_loop().create_task(self._read(unread))
            self._reading |= dict.fromkeys(unread, task)
        tasks = {self._reading[each] for each in due}
        is_new = any(each not in self._cached for each in due)
        done, _ = await asyncio.wait(tasks, timeout=None if is_new else PATIENCE_SECONDS)
        for error in (task.exception() for task in done):
            if error and (is_new or isinstance(error, StoreRefused)):
                raise error

    async def _read(self, ids: Sequence[str]) -> None:
        try:
            found = await self._store.doctors(ids)
        except StoreError:
            for each in self._cached.keys() & set(ids):
                self._put(each, self._cached[each].doctor, RETRY_SECONDS)
            raise
        finally:
            for each in ids:
                del self._reading[each]
        for each in ids:
            self._put(each, found.get(each), FRESH_SECONDS)

    def _put(self, doctor_id: str, doctor: Doctor | None, seconds: float) -> None:
        self._cached[doctor_id] = _Cached(doctor, self._seconds() + seconds)
        self._cached.move_to_end(doctor_id)
        if len(self._cached) > DOCTORS_CACHED:
            self._cached.popitem(last=False)

    async def _read_offering(self, service_id: str | None) -> Sequence[Doctor]:
        found: list[Doctor] = []
        after, limit = "", MOST_TOGETHER + 1
        while page := await self._store.list_doctors(limit, after, service_id):
            found += (doctor for doctor in page if not doctor.retired)
            if len(page) < limit or len(found) >= limit:
                break
            after = page[-1].id
        return found[:limit]
