"""The erasure of patients: safe to repeat, and to resume where it was cut off.

    mark      the account, so that nothing is booked, moved or cancelled for it any more
    collect   the ids of all its appointments, which cannot become more now
    erase     each of them, by a command, so that no rival change is lost
    let go    of what is kept beside the appointments; the schedule with the mark goes last

Whatever step is cut off, the mark is still there, and the next request goes on.
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from shared.access.caller import ANYBODY
from shared.directory.doctor_cache import DoctorCache
from shared.model.appointment_id import home_day
from shared.model.day import DayKey
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.queries.patients import all_ids
from shared.rules.erasing import erase
from shared.rules.existing import Doctors, Sought
from shared.rules.outcomes import Accepted, UnknownAppointment
from shared.store.port import PatientWrite, Store, Stored, StoreUnavailable, VersionConflict
from shared.transactions.command import Command
from shared.transactions.coordinator import Coordinator
from shared.transactions.known_doctors import run_with_doctors
from shared.transactions.retries import Retries

MOST_AT_ONCE = 50
"""How many appointments are erased at once; those of one day are committed together."""

_Homes = Sequence[tuple[DayKey, str]]


class Erasure(Struct, frozen=True):
    """What an erasure works with."""

    store: Store
    coordinator: Coordinator
    doctors: DoctorCache
    random: Random

    async def erase_account(self, patient: PatientKey, now: datetime) -> int:
        """Erase an account and return how many appointments it had. Raises StoreError.

        Its future appointments are cancelled, and nothing of it stays but blocks of its tokens.
        """
        await self._mark(patient)
        count, erased, retries = 0, set[str](), Retries(self.random)
        while True:
            stored, ids = await self._read(patient)
            if not stored.value.erasing:
                return count  # Nothing is kept, or it is gone now, whoever let it go.
            # A mark may be another one by now, of what was booked after this account had gone.
            if rest := set(ids) - erased:
                count += await self._erase_all(rest, now)
                erased |= rest
                continue
            try:
                await self.store.erase(ids, stored)
            except VersionConflict:
                await retries.pause()

    async def erase_appointments(self, ids: Collection[str], now: datetime) -> int:
        """Erase appointments of people without an account. Raises StoreError."""
        count = await self._erase_all(ids, now)
        await self.store.erase(ids)
        return count

    async def _mark(self, patient: PatientKey) -> None:
        """Mark an account that is to be erased, unless nothing is kept of it."""
        retries = Retries(self.random)
        while (stored := await self._stored(patient)).version is not None:
            if stored.value.erasing:
                return
            write = PatientWrite(stored, replace(stored.value, erasing=True))
            try:
                await self.store.commit([], [], [], [write])
            except VersionConflict:
                await retries.pause()

    async def _read(self, patient: PatientKey) -> tuple[Stored[PatientSchedule], Sequence[str]]:
        async with self.store.snapshot() as snapshot:
            return await all_ids(snapshot, patient)

    async def _stored(self, patient: PatientKey) -> Stored[PatientSchedule]:
        async with self.store.snapshot() as snapshot:
            return (await snapshot.load((), (), (), [patient])).patients[patient]

    async def _erase_all(self, ids: Collection[str], now: datetime) -> int:
        """Erase appointments, those of one day at once, and return how many there are."""
        homes = sorted((home, name) for name in set(ids) if (home := home_day(name)))
        chunks = [homes[i : i + MOST_AT_ONCE] for i in range(0, len(homes), MOST_AT_ONCE)]
        return sum([sum(await self._erase_some(chunk, now)) for chunk in chunks])

    async def _erase_some(self, homes: _Homes, now: datetime) -> Sequence[bool]:
        return await asyncio.gather(*(self._erase(name, home, now) for home, name in homes))

    async def _erase(self, appointment_id: str, home: DayKey, now: datetime) -> bool:
        """Erase an appointment; False if there is none any more."""

        def command(doctors: Doctors) -> Command:
            sought = Sought(appointment_id, home, doctors, ANYBODY)
            decide = partial(erase, sought=sought, now=now)
            return Command(frozenset({home}), decide, now, sought.birth, caller=ANYBODY)

        outcome = await run_with_doctors(self.coordinator, self.doctors, {home.doctor_id}, command)
        if isinstance(outcome, Accepted | UnknownAppointment):
            return isinstance(outcome, Accepted)
        # It must not pass for erased.
        raise StoreUnavailable(f"{appointment_id} is not erased: {type(outcome).__name__}")
