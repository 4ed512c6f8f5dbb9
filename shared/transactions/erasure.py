"""The erasure of patients: safe to repeat, and to resume where it was cut off.

    mark      the account, so that nothing is booked or moved for it any more
    collect   its appointments, which cannot become more now
    erase     a few at a time: their idempotency records and series, which only they name, then
              each appointment by a command, so that no rival change is lost; with it, it leaves the
              schedule and the history
    end       the views of earlier instants
    let go    of the schedule with the mark, but for what limits count

Whatever step is cut off, the mark is still there, and the next request goes on with what is left.
"""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from random import Random
from typing import TypeVar

from msgspec import Struct

from shared.access.caller import ANYBODY, Caller
from shared.directory.doctor_cache import DoctorCache
from shared.model.appointment_id import home_day
from shared.model.patient_history import PastAppointment
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.queries.patient_appointments import all_of
from shared.queries.series_of_appointments import ended_series_of, series_of
from shared.rules.erasing import erase
from shared.rules.existing_appointment import Doctors, Sought
from shared.rules.outcomes import Accepted, Unchanged
from shared.rules.patient_limits import why_not_erased
from shared.rules.refusals import TooManyErasures
from shared.store.port import Keys, PatientWrite, Store, Stored, VersionConflict, Writes
from shared.transactions.command import Command
from shared.transactions.coordinator import Coordinator
from shared.transactions.known_doctors import run_with_doctors
from shared.transactions.retries import Retries

T = TypeVar("T")

MOST_AT_ONCE = 50
"""How many appointments are erased at once; those of one day are committed together."""


class Erasure(Struct, frozen=True):
    """What an erasure works with."""

    store: Store
    coordinator: Coordinator
    doctors: DoctorCache
    random: Random

    async def erase_account(
        self, patient: PatientKey, caller: Caller, now: datetime
    ) -> int | TooManyErasures:
        """Erase an account, and return how many of its appointments were. Raises StoreError.

        Its future appointments are cancelled. Nothing of it stays but blocks of its tokens and, for
        a day, when the patient changed something.
        """
        if refusal := await self._mark(patient, caller, now):
            return refusal
        erased, retries = set[str](), Retries(self.random)
        while True:
            stored, past = await self._read(patient)
            if not stored.value.erasing:
                return len(erased)  # Nothing is kept, or it is gone now, whoever let it go.
            # A mark may be another one by now, of what was booked after this account had gone.
            for some in _chunks(past):
                erased |= await self._erase_some(patient, some, erased, now)
            if not past and not await self._end(stored, now):
                await retries.pause()

    async def erase_appointments(self, ids: Collection[str], now: datetime) -> int:
        """Erase appointments of people without an account, and return how many were.

        Raises StoreError.
        """
        series = await series_of(self.store, ids)
        erased = await self._erase_all(ids, now)
        await self._erase_records([*ids, *series])
        await self.store.end_views()
        return len(erased)

    async def erase_past(self, ids: Collection[str], now: datetime) -> int:
        """Erase appointments that nobody may change any more, and return how many were.

        A series is erased once all of it has ended: until then its patient may cancel the rest.
        Views of earlier instants are left to `end_views` of the store. Raises StoreError.
        """
        series = await ended_series_of(self.store, ids, now)
        await self._erase_records([*ids, *series])
        erased = await self._erase_all(ids, now)
        await self._erase_records(ids)  # Of what others changed between the two.
        return len(erased)

    async def forget_erased(self, patient: PatientKey, now: datetime) -> None:
        """Let go of what was kept of an erased account for limits that count it no more."""
        stored, past = await self._read(patient)
        if not past and not stored.value.erasing:
            await self._forget(stored, now)

    async def _mark(
        self, patient: PatientKey, caller: Caller, now: datetime
    ) -> TooManyErasures | None:
        """Mark an account that is to be erased, unless nothing of it is left, or say why not."""
        retries = Retries(self.random)
        while True:
            stored, past = await self._read(patient)
            if stored.value.erasing:
                return None
            if not past:
                await self._forget(stored, now)
                return None
            if refusal := why_not_erased(stored.value, caller, now):
                return refusal
            marked = stored.value.marked(now if caller.patient == patient else None)
            try:
                await self.store.commit(Writes(patients=[PatientWrite(stored, marked)]))
            except VersionConflict:
                await retries.pause()

    async def _forget(self, stored: Stored[PatientSchedule], now: datetime) -> None:
        """Delete the schedule of an account that has no appointments, unless limits need it."""
        if stored.version is not None and stored.value.rest(now).counts_until is None:
            with suppress(VersionConflict):  # Somebody has booked.
                await self.store.erase_patient(stored, stored.value.rest(now))

    async def _end(self, stored: Stored[PatientSchedule], now: datetime) -> bool:
        """Let an account go of which no appointment is left; False if it is not as it was read."""
        await self.store.end_views()
        try:
            await self.store.erase_patient(stored, stored.value.rest(now))
        except VersionConflict:
            return False
        return True

    async def _read(
        self, patient: PatientKey
    ) -> tuple[Stored[PatientSchedule], Sequence[PastAppointment]]:
        async with self.store.snapshot() as snapshot:
            return await all_of(snapshot, patient)

    async def _erase_some(
        self,
        patient: PatientKey,
        some: Sequence[PastAppointment],
        before: Collection[str],
        now: datetime,
    ) -> set[str]:
        """Erase some appointments of an account, and return the ids of those that were.

        That does not count those that were erased `before`.
        """
        ids = [past.id for past in some]
        await self._erase_records([*ids, *await series_of(self.store, ids)])
        erased = (await self._erase_at_once(ids, now)).difference(before)
        await self._erase_records(ids)  # Of what others changed between the two.
        if rest := [past for past in some if past.id not in erased]:
            await self._let_go(patient, rest)
        return erased

    async def _let_go(self, patient: PatientKey, rest: Sequence[PastAppointment]) -> None:
        """Let go of appointments that no command has taken out: they were erased before, or lost.

        If the account is not as it was read, they stay, and are found again.
        """
        async with self.store.snapshot() as snapshot:
            stored = (await snapshot.load(Keys(patients=[patient]))).patients[patient]
        if stored.value.erasing:
            schedule = stored.value
            for past in rest:
                schedule = schedule.without(past.id)
            with suppress(VersionConflict):
                write = PatientWrite(stored, schedule, left=(), forgotten=rest)
                await self.store.commit(Writes(patients=[write]))

    async def _erase_records(self, ids: Collection[str]) -> None:
        retries = Retries(self.random)
        while True:
            try:
                return await self.store.erase_records(ids)
            except VersionConflict:
                await retries.pause()

    async def _erase_all(self, ids: Collection[str], now: datetime) -> set[str]:
        """Erase appointments, and return the ids of those that were not erased before."""
        chunks = _chunks(sorted(set(ids), key=_birth))
        return {name for some in chunks for name in await self._erase_at_once(some, now)}

    async def _erase_at_once(self, ids: Collection[str], now: datetime) -> set[str]:
        erased = await asyncio.gather(*(self._erase(name, now) for name in ids))
        return {name for name, is_erased in zip(ids, erased, strict=True) if is_erased}

    async def _erase(self, appointment_id: str, now: datetime) -> bool:
        """Erase an appointment; False if there is none any more, or it was erased before."""
        home = home_day(appointment_id)
        if home is None:
            return False

        def command(doctors: Doctors) -> Command:
            sought = Sought(appointment_id, home, doctors, ANYBODY)
            decide = partial(erase, sought=sought, now=now)
            births = frozenset({sought.birth})
            return Command(frozenset({home}), decide, now, appointment_id, ANYBODY, births)

        outcome = await run_with_doctors(self.coordinator, self.doctors, {home.doctor_id}, command)
        if not isinstance(outcome, Accepted | Unchanged):
            return False
        # An attempt whose answer was lost has erased it, too.
        return outcome.appointment.updated_at == now


def _birth(appointment_id: str) -> tuple[str, str]:
    """Return where an appointment was born, so that those of one day come together."""
    return str(home_day(appointment_id)), appointment_id


def _chunks(each: Sequence[T]) -> list[Sequence[T]]:
    return [each[i : i + MOST_AT_ONCE] for i in range(0, len(each), MOST_AT_ONCE)]
