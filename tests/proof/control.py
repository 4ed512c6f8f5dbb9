"""The controls: stores that break the promise, on purpose.

The proof must find out that functions on them book a doctor twice, or a patient; a proof that
cannot fail proves nothing.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule, Entry
from shared.model.doctor import Doctor
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.model.time_zones import standard_offset
from shared.store.port import (
    DayWrite,
    ElsewhereWrite,
    OverrideWrite,
    PatientWrite,
    RecordWrite,
    Store,
    Stored,
    Version,
    VersionConflict,
)


class _Wrong:
    """A `Store` that does all but one thing as another does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.snapshot = store.snapshot
        self.clinic = store.clinic
        self.put_clinic = store.put_clinic
        self.put_doctors = store.put_doctors
        self.secret = store.secret
        self.left_behind = store.left_behind
        self.erase_records = store.erase_records
        self.erase_patient = store.erase_patient
        self.erased_patients = store.erased_patients
        self.end_views = store.end_views
        self.blocked = store.blocked
        self.block = store.block
        self.close = store.close


class Unchecked(_Wrong):
    """A `Store` that looks first and then writes, without a precondition."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.doctors = store.doctors
        self.list_doctors = store.list_doctors

    async def commit(
        self,
        days: Sequence[DayWrite],
        records: Sequence[RecordWrite],
        elsewhere: Sequence[ElsewhereWrite] = (),
        patients: Sequence[PatientWrite] = (),
        overrides: Sequence[OverrideWrite] = (),
    ) -> Mapping[DayKey | PatientKey, Version]:
        """Write all, as if nothing had changed since it was read."""
        while True:
            async with self._store.snapshot() as snapshot:
                state = await snapshot.load(
                    [write.day.key for write in days],
                    [write.record.key for write in records],
                    [write.key for write in elsewhere],
                    [write.schedule.key for write in patients],
                    [write.override.key for write in overrides],
                )
            writes = []
            for write in days:
                found = state.days[write.day.key]
                writes.append(DayWrite(found, _overwritten(found.value, write.changed())))
            kept = [
                RecordWrite(write.record, found.version if found else None)
                for write in records
                for found in [state.records.get(write.record.key)]
            ]
            schedules = []
            for patient in patients:
                there = state.patients[patient.schedule.key]
                schedule = _overwritten_patient(there.value, patient.changed())
                schedules.append(PatientWrite(there, schedule))
            told = [replace(w, replaced=state.elsewhere[w.key].version) for w in elsewhere]
            away = [
                replace(write, replaced=state.overrides[write.override.key].version)
                for write in overrides
            ]
            try:
                return await self._store.commit(writes, kept, told, schedules, away)
            except VersionConflict:
                continue


def _overwritten(day: DaySchedule, changes: Mapping[str, Entry | None]) -> DaySchedule:
    for name, entry in changes.items():
        if entry is None:
            day = day.without(name).without_override(name)
        elif isinstance(entry, Appointment):
            day = day.with_appointment(entry)
        else:
            day = day.with_override(entry)
    return day


def _overwritten_patient(
    schedule: PatientSchedule, changes: Mapping[str, Appointment | None]
) -> PatientSchedule:
    for name, entry in changes.items():
        schedule = schedule.without(name) if entry is None else schedule.with_appointment(entry)
    return schedule


class PatientsUnchecked(_Wrong):
    """A `Store` that writes patients' schedules, and nothing else, without a precondition."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.doctors = store.doctors
        self.list_doctors = store.list_doctors

    async def commit(
        self,
        days: Sequence[DayWrite],
        records: Sequence[RecordWrite],
        elsewhere: Sequence[ElsewhereWrite] = (),
        patients: Sequence[PatientWrite] = (),
        overrides: Sequence[OverrideWrite] = (),
    ) -> Mapping[DayKey | PatientKey, Version]:
        """Write all if no doctor-day has changed, whatever the patients have by now."""
        keys = [write.schedule.key for write in patients]
        there = await self._patients(keys)
        while True:
            schedules = [
                PatientWrite(found, _overwritten_patient(found.value, write.changed()))
                for write in patients
                for found in [there[write.schedule.key]]
            ]
            try:
                return await self._store.commit(days, records, elsewhere, schedules, overrides)
            except VersionConflict:
                before, there = there, await self._patients(keys)
                if there == before:
                    raise

    async def _patients(
        self, keys: Sequence[PatientKey]
    ) -> Mapping[PatientKey, Stored[PatientSchedule]]:
        async with self._store.snapshot() as snapshot:
            return (await snapshot.load((), (), (), keys)).patients


class OverridesUnchecked(_Wrong):
    """A `Store` that books on a day which it knows, though an override stands there by now."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.doctors = store.doctors
        self.list_doctors = store.list_doctors

    async def commit(
        self,
        days: Sequence[DayWrite],
        records: Sequence[RecordWrite],
        elsewhere: Sequence[ElsewhereWrite] = (),
        patients: Sequence[PatientWrite] = (),
        overrides: Sequence[OverrideWrite] = (),
    ) -> Mapping[DayKey | PatientKey, Version]:
        """Write all if no appointment on these days has changed, whatever overrides there are."""
        while True:
            try:
                return await self._store.commit(days, records, elsewhere, patients, overrides)
            except VersionConflict:
                async with self._store.snapshot() as snapshot:
                    there = (await snapshot.load([write.day.key for write in days], ())).days
                if all(_differs_in_overrides(write, there[write.day.key]) for write in days):
                    days = [_on(write, there[write.day.key]) for write in days]
                else:
                    raise


def _differs_in_overrides(write: DayWrite, there: Stored[DaySchedule]) -> bool:
    """Whether a day has changed, if at all, only in its overrides."""
    return write.read.value.appointments == there.value.appointments


def _on(write: DayWrite, there: Stored[DaySchedule]) -> DayWrite:
    return DayWrite(there, _overwritten(there.value, write.changed()))


class ByLocalDate(_Wrong):
    """A `Store` whose doctor-days are named by what the instance's time-zone data says now."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.commit = store.commit

    async def doctors(self, ids: Collection[str]) -> Mapping[str, Doctor]:
        """These doctors, each with the day shift that would be theirs if they were new."""
        return {each: _as_if_new(d) for each, d in (await self._store.doctors(ids)).items()}

    async def list_doctors(
        self, limit: int, after: str = "", service_id: str | None = None
    ) -> Sequence[Doctor]:
        """A page of them, in the same way."""
        found = await self._store.list_doctors(limit, after, service_id)
        return [_as_if_new(doctor) for doctor in found]


def _as_if_new(doctor: Doctor) -> Doctor:
    return replace(doctor, day_shift=standard_offset(doctor.zone, datetime.now(UTC)))


CONTROLS: Mapping[str, Callable[[Store], Store]] = {
    "unchecked": Unchecked,
    "patients unchecked": PatientsUnchecked,
    "overrides unchecked": OverridesUnchecked,
    "by local date": ByLocalDate,
}
