"""The controls: stores that break the promise, on purpose.

The proof must find out that functions on them book a doctor twice, or a patient; a proof that
cannot fail proves nothing.
"""

from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Generic, TypeVar

from msgspec.structs import replace

from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule, Entry
from shared.model.doctor import Doctor
from shared.model.hold import Hold
from shared.model.override import OverrideEntry
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.model.time_zones import standard_offset
from shared.store.port import (
    DayWrite,
    Keys,
    PatientWrite,
    RecordWrite,
    Snapshot,
    State,
    Store,
    Stored,
    Version,
    VersionConflict,
    Versions,
    Writes,
)

E = TypeVar("E", OverrideEntry, Hold)


class _Wrong:
    """A `Store` that does all but one thing as another does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.snapshot = store.snapshot
        self.clinic = store.clinic
        self.put_clinic = store.put_clinic
        self.put_doctors = store.put_doctors
        self.secret = store.secret
        self.calendar_link = store.calendar_link
        self.replace_calendar_link = store.replace_calendar_link
        self.left_behind = store.left_behind
        self.erase_records = store.erase_records
        self.erase_patient = store.erase_patient
        self.erased_patients = store.erased_patients
        self.due_events = store.due_events
        self.waiting_events = store.waiting_events
        self.set_aside_events = store.set_aside_events
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

    async def commit(self, writes: Writes) -> Versions:
        """Write all, as if nothing had changed since it was read."""
        while True:
            async with self._store.snapshot() as snapshot:
                state = await snapshot.load(
                    Keys(
                        days=[write.day.key for write in writes.days],
                        records=[write.record.key for write in writes.records],
                        elsewhere=[write.key for write in writes.elsewhere],
                        patients=[write.schedule.key for write in writes.patients],
                        overrides=[write.override.key for write in writes.overrides],
                        series=[each.id for each in writes.series],
                    )
                )
            try:
                return await self._store.commit(_on_what_is_there(writes, state))
            except VersionConflict:
                continue


def _on_what_is_there(writes: Writes, state: State) -> Writes:
    days = [
        DayWrite(found, _overwritten(found.value, write.changed()))
        for write in writes.days
        for found in [state.days[write.day.key]]
    ]
    records = [
        RecordWrite(write.record, found.version if found else None)
        for write in writes.records
        for found in [state.records.get(write.record.key)]
    ]
    elsewhere = [replace(w, replaced=state.elsewhere[w.key].version) for w in writes.elsewhere]
    overrides = [
        replace(write, replaced=state.overrides[write.override.key].version)
        for write in writes.overrides
    ]
    series = [each for each in writes.series if state.series[each.id] is None]
    patients = _patients_overwritten(writes, state.patients)
    return Writes(days, records, elsewhere, patients, overrides, series, writes.events)


def _patients_overwritten(
    writes: Writes, there: Mapping[PatientKey, Stored[PatientSchedule]]
) -> list[PatientWrite]:
    return [
        PatientWrite(found, _overwritten_patient(found.value, write.changed()))
        for write in writes.patients
        for found in [there[write.schedule.key]]
    ]


def _overwritten(day: DaySchedule, changes: Mapping[str, Entry | None]) -> DaySchedule:
    for name, entry in changes.items():
        if entry is None:
            day = day.without(name).without_override(name).without_hold(name)
        elif isinstance(entry, Appointment):
            day = day.with_appointment(entry)
        elif isinstance(entry, Hold):
            day = day.without_hold(name).with_hold(entry)
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

    async def commit(self, writes: Writes) -> Versions:
        """Write all if no doctor-day has changed, whatever the patients have by now."""
        keys = [write.schedule.key for write in writes.patients]
        there = await self._patients(keys)
        while True:
            schedules = _patients_overwritten(writes, there)
            try:
                return await self._store.commit(replace(writes, patients=schedules))
            except VersionConflict:
                before, there = there, await self._patients(keys)
                if there == before:
                    raise

    async def _patients(
        self, keys: Sequence[PatientKey]
    ) -> Mapping[PatientKey, Stored[PatientSchedule]]:
        async with self._store.snapshot() as snapshot:
            return (await snapshot.load(Keys(patients=keys))).patients


class _Remembering(_Wrong, Generic[E]):
    """A `Store` that remembers some of what a day holds, and does not see new ones for a while."""

    @staticmethod
    @abstractmethod
    def of(day: DaySchedule) -> tuple[E, ...]:
        """Return what is remembered of a day."""

    @staticmethod
    @abstractmethod
    def having(day: DaySchedule, known: tuple[E, ...]) -> DaySchedule:
        """Return the same day, with what is remembered."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.doctors: Callable[..., Any] = store.doctors
        self.list_doctors: Callable[..., Any] = store.list_doctors
        self.snapshot = self._snapshot
        self._remembered: dict[DayKey, tuple[float, tuple[E, ...]]] = {}
        self._true: dict[tuple[DayKey, Version | None], Stored[DaySchedule]] = {}

    @asynccontextmanager
    async def _snapshot(self, instant: datetime | None = None) -> AsyncIterator[Snapshot]:
        async with self._store.snapshot(instant) as snapshot:
            load = snapshot.load

            async def remembering(*keys: Any, **more: Any) -> State:  # noqa: ANN401 - as it is called
                state = await load(*keys, **more)
                return replace(state, days={k: self._as_it_was(d) for k, d in state.days.items()})

            snapshot.load = remembering  # type: ignore[method-assign]
            yield snapshot

    def _as_it_was(self, day: Stored[DaySchedule]) -> Stored[DaySchedule]:
        """A day as it is, but for what is remembered of it."""
        key = day.value.key
        self._true[key, day.version] = day
        until, known = self._remembered.get(key, (0.0, ()))
        if until < monotonic():
            known = self.of(day.value)
            self._remembered[key] = monotonic() + REMEMBERED_SECONDS, known
        return Stored(self.having(day.value, known), day.version)

    async def commit(self, writes: Writes) -> Versions:
        """Write all, and leave where it is what was not seen."""
        days = [
            DayWrite(read, _overwritten(read.value, write.changed()))
            for write in writes.days
            for read in [self._true.get((write.day.key, write.read.version), write.read)]
        ]
        versions = await self._store.commit(replace(writes, days=days))
        for write in days:
            version = versions[write.day.key]
            self._true[write.day.key, version] = Stored(write.day, version)
        return versions


REMEMBERED_SECONDS = 5


class OverridesRemembered(_Remembering[OverrideEntry]):
    """A `Store` that remembers the overrides of a day, and does not see new ones for a while."""

    @staticmethod
    def of(day: DaySchedule) -> tuple[OverrideEntry, ...]:
        return day.overrides

    @staticmethod
    def having(day: DaySchedule, known: tuple[OverrideEntry, ...]) -> DaySchedule:
        return replace(day, overrides=known)


class HoldsRemembered(_Remembering[Hold]):
    """A `Store` that remembers the holds of a day, and does not see new ones for a while."""

    @staticmethod
    def of(day: DaySchedule) -> tuple[Hold, ...]:
        return day.holds

    @staticmethod
    def having(day: DaySchedule, known: tuple[Hold, ...]) -> DaySchedule:
        return replace(day, holds=known)


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
    "overrides remembered": OverridesRemembered,
    "holds remembered": HoldsRemembered,
    "by local date": ByLocalDate,
}
