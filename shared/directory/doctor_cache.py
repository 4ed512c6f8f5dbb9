"""The doctors, each cached for a minute: they seldom change and every request needs one."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from msgspec import Struct

from shared.directory.ids import may_be_a_doctors
from shared.model.doctor import Doctor
from shared.store.port import Store, StoreError, StoreUnavailable
from shared.store.remembered import FRESH_SECONDS, PATIENCE_SECONDS, RETRY_SECONDS, Remembered

DOCTORS_CACHED = 5_000
SERVICES_CACHED = 200
MOST_TOGETHER = 200
"""How many doctors one request goes through that does not name them."""


class _Cached(Struct, frozen=True):
    """A doctor, None if there is none of that id, and until when it need not be read again."""

    doctor: Doctor | None
    expires_at: float


_Read = Mapping[str, _Cached]


class DoctorCache:
    """The doctors of a store, each read when it is first needed.

    A change there is seen within a minute. While the store gives no answer, what is known is
    served. `seconds` is a clock that only goes forward.
    """

    def __init__(self, store: Store, seconds: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._seconds = seconds
        self._cached: OrderedDict[str, _Cached] = OrderedDict()
        self._reading: dict[str, asyncio.Task[_Read]] = {}
        self._everybody = Remembered(self._read_everybody, seconds)
        self._offering: OrderedDict[str | None, Remembered[Sequence[Doctor]]] = OrderedDict()

    async def find(self, ids: Collection[str]) -> Mapping[str, Doctor]:
        """Return those of these doctors that there are, by id, retired ones too.

        Reads all that are not fresh in one call; no other task runs if all of them are. Raises
        StoreError if one of them was never read, and StoreRefused whenever a read is refused.
        """
        wanted = [each for each in dict.fromkeys(ids) if may_be_a_doctors(each)]
        known = {each: cached for each in wanted if (cached := self._known(each))}
        if due := [each for each in wanted if each not in known or self._is_due(known[each])]:
            known |= await self._read_again(due, known)
        return {each: doctor for each in wanted if (doctor := known[each].doctor)}

    async def everybody(self) -> Sequence[Doctor]:
        """Return all doctors, retired ones too, by id, at most one more than `MOST_TOGETHER`.

        Raises like `find`.
        """
        return await self._everybody.value()

    async def offering(self, service_id: str | None = None) -> Sequence[Doctor]:
        """Return the doctors who are not retired, by id, at most one more than `MOST_TOGETHER`.

        With `service_id` only those who offer that service of the clinic. Raises like `find`.
        """
        cached = self._offering
        if service_id not in cached:
            read = partial(self._read_offering, MOST_TOGETHER + 1, "", service_id)
            cached[service_id] = Remembered(read, self._seconds)
            if len(cached) > SERVICES_CACHED:
                cached.popitem(last=False)
        return await cached[service_id].value()

    async def page(self, size: int, after: str = "") -> Sequence[Doctor]:
        """Return the first doctors who are not retired and whose ids come after one, by id.

        Nothing is read for it where all of them are remembered anyway. Raises like `find`.
        """
        few = await self.offering()
        if len(few) <= MOST_TOGETHER:
            return [doctor for doctor in few if doctor.id > after][:size]
        return await self._read_offering(size, after)

    def _known(self, doctor_id: str) -> _Cached | None:
        """Return what is known of a doctor, which is then the last to be forgotten."""
        cached = self._cached.get(doctor_id)
        if cached is not None:
            self._cached.move_to_end(doctor_id)
        return cached

    def _is_due(self, cached: _Cached) -> bool:
        return self._seconds() >= cached.expires_at

    async def _read_again(self, due: Sequence[str], known: _Read) -> _Read:
        """Read what nobody is reading, and wait for all: not long for what is known."""
        if unread := [each for each in due if each not in self._reading]:
            task = asyncio.get_running_loop().create_task(self._read(unread))
            task.add_done_callback(_retrieve)
            self._reading |= dict.fromkeys(unread, task)
        tasks = {each: self._reading[each] for each in due}
        if new := {task for each, task in tasks.items() if each not in known}:
            await asyncio.wait(new)
        await asyncio.wait(set(tasks.values()), timeout=PATIENCE_SECONDS)
        found: dict[str, _Cached] = {}
        for each, task in tasks.items():
            if not task.done():
                continue
            error = task.exception()
            if error is None:
                found[each] = task.result()[each]
            elif each not in known or not isinstance(error, StoreUnavailable):
                raise error
        return found

    async def _read(self, ids: Sequence[str]) -> _Read:
        try:
            found = await self._store.doctors(ids)
        except StoreError:
            for each in ids:
                if each in self._cached:
                    self._put(each, self._cached[each].doctor, RETRY_SECONDS)
            raise
        finally:
            for each in ids:
                del self._reading[each]
        return {each: self._put(each, found.get(each), FRESH_SECONDS) for each in ids}

    def _put(self, doctor_id: str, doctor: Doctor | None, seconds: float) -> _Cached:
        cached = self._cached[doctor_id] = _Cached(doctor, self._seconds() + seconds)
        self._cached.move_to_end(doctor_id)
        if len(self._cached) > DOCTORS_CACHED:
            self._cached.popitem(last=False)
        return cached

    async def _read_everybody(self) -> Sequence[Doctor]:
        return await self._store.list_doctors(MOST_TOGETHER + 1)

    async def _read_offering(
        self, size: int, after: str, service_id: str | None = None
    ) -> Sequence[Doctor]:
        found: list[Doctor] = []
        while page := await self._store.list_doctors(size, after, service_id):
            found += (doctor for doctor in page if not doctor.retired)
            if len(page) < size or len(found) >= size:
                break
            after = page[-1].id
        return found[:size]


def _retrieve(task: asyncio.Task[_Read]) -> None:
    """Look at the error, so that it is not reported as lost if nobody waits any more."""
    _ = task.cancelled() or task.exception()
