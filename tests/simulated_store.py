"""A store in memory, right about versions, and the port through which instances see it."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, Self

from msgspec.structs import astuple

from shared.model.appointment import Appointment
from shared.model.busy_day import BusyDay
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.elsewhere import ElsewhereKey, Whereabouts
from shared.model.idempotency_record import IdempotencyRecord
from shared.model.interval import Interval
from shared.model.outbox import OutboxRecord
from shared.model.override import Override, OverrideKey
from shared.model.patient_history import PastAppointment, month_of
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.store.port import (
    DocumentKey,
    Keys,
    State,
    Stored,
    StoredRecord,
    Version,
    VersionConflict,
    Versions,
    Writes,
)

if TYPE_CHECKING:
    from shared.model.series import Series


class SimulatedStore:
    """Documents with their versions; every write is whole, and at once."""

    def __init__(self, *days: DaySchedule) -> None:
        self.days: dict[DayKey, Stored[DaySchedule]] = {}
        self.records: dict[str, Stored[IdempotencyRecord]] = {}
        self.elsewhere: dict[ElsewhereKey, Stored[Whereabouts | None]] = {}
        self.patients: dict[PatientKey, Stored[PatientSchedule]] = {}
        self.overrides: dict[OverrideKey, Stored[Override | None]] = {}
        self.series: dict[str, Series] = {}
        self.outbox: dict[str, StoredRecord] = {}
        self.histories: dict[PatientKey, dict[str, PastAppointment]] = {}
        self.version = 0
        self.put(*days)

    def put(self, *days: DaySchedule) -> None:
        """Replace days, as another writer would."""
        for day in days:
            self.version += 1
            self.days[day.key] = Stored(day, self.version)

    def put_elsewhere(self, key: ElsewhereKey, whereabouts: Whereabouts) -> None:
        """Say where an appointment is, as another writer would."""
        self.version += 1
        self.elsewhere[key] = Stored(whereabouts, self.version)

    def put_patients(self, *schedules: PatientSchedule) -> None:
        """Replace schedules, as another writer would."""
        for schedule in schedules:
            self.version += 1
            self.patients[schedule.key] = Stored(schedule, self.version)

    def put_patient(self, schedule: PatientSchedule) -> None:
        """Replace a schedule, as another writer would."""
        self.version += 1
        self.patients[schedule.key] = Stored(schedule, self.version)

    def put_override(self, override: Override) -> None:
        """Leave an override, as another writer would, but not in the days that it touches."""
        self.version += 1
        self.overrides[override.key] = Stored(override, self.version)

    def put_record(self, record: IdempotencyRecord) -> None:
        """Leave a record, as another writer would."""
        self.version += 1
        self.records[record.key] = Stored(record, self.version)

    def has_changed(self, writes: Writes) -> bool:
        """Whether anything is not as it was read, or a series is there that is to be new."""
        there_and_read: list[tuple[Stored[Any] | None, Version | None]] = [
            *((self.days.get(w.day.key), w.read.version) for w in writes.days),
            *((self.records.get(w.record.key), w.replaced) for w in writes.records),
            *((self.elsewhere.get(w.key), w.replaced) for w in writes.elsewhere),
            *((self.patients.get(w.schedule.key), w.read.version) for w in writes.patients),
            *((self.overrides.get(w.override.key), w.replaced) for w in writes.overrides),
            *((self.outbox.get(w.record.id), w.replaced) for w in writes.events),
        ]
        changed = any((there and there.version) != read for there, read in there_and_read)
        return changed or any(each.id in self.series for each in writes.series)

    def write_unchanged(self, writes: Writes) -> Versions:
        """Write all, or nothing where anything has changed."""
        if self.has_changed(writes):
            raise VersionConflict("changed")
        return self.write(writes)

    def write(self, writes: Writes) -> Versions:  # noqa: C901 - one for each kind of document
        """Write all of it, whatever is there."""
        self.version += 1
        for write in writes.days:
            self.days[write.day.key] = Stored(write.day, self.version)
        for record in writes.records:
            self.records[record.record.key] = Stored(record.record, self.version)
        for there in writes.elsewhere:
            assert there.whereabouts or there.replaced, "it would delete what is not there"
            self.elsewhere.pop(there.key, None)
            if there.whereabouts is not None:
                self.elsewhere[there.key] = Stored(there.whereabouts, self.version)
        for patient in writes.patients:
            history = self.histories.setdefault(patient.schedule.key, {})
            for past in patient.forgotten:
                if past.id in history and history[past.id].month == past.month:
                    del history[past.id]
            history.update((past.id, past) for past in patient.ended())
            self.patients[patient.schedule.key] = Stored(patient.schedule, self.version)
        for override in writes.overrides:
            if override.forgotten:
                del self.overrides[override.override.key]
            else:
                self.overrides[override.override.key] = Stored(override.override, self.version)
        self.series.update((each.id, each) for each in writes.series)
        for event in writes.events:
            self.outbox.pop(event.record.id, None)
            if not event.done:
                self.outbox[event.record.id] = Stored(event.record, self.version)
        written: list[DocumentKey] = [write.day.key for write in writes.days]
        written += [
            *(p.schedule.key for p in writes.patients),
            *(e.record.id for e in writes.events),
        ]
        return dict.fromkeys(written, self.version)

    def view(self) -> State:
        """All that there is now."""
        beside = self.elsewhere.copy(), self.patients.copy(), self.overrides.copy()
        return State(self.days.copy(), self.records.copy(), *beside, {**self.series})


class Port:
    """The `Store` that an instance gets; `call` says how each call goes."""

    def __init__(self, store: SimulatedStore) -> None:
        self.store = store

    async def call(
        self,
        verb: Literal["load", "commit"],  # noqa: ARG002
        touches: Collection[object],  # noqa: ARG002
        do: Callable[..., Any],
        *arguments: object,
    ) -> Any:  # noqa: ANN401 - what the call answers
        """Do it, which reads or writes what it `touches`, and answer."""
        return do(*arguments)

    def snapshot(self, instant: datetime | None = None) -> "View":
        """A view of the instant of its first read."""
        assert instant is None
        return View(self)

    async def commit(self, writes: Writes) -> Versions:
        """Write all or nothing, on the versions that were read."""
        touches: list[object] = [write.day.key for write in writes.days]
        touches += [each.record.key for each in writes.records]
        touches += [there.key for there in writes.elsewhere]
        touches += [patient.schedule.key for patient in writes.patients]
        touches += [override.override.key for override in writes.overrides]
        touches += [each.id for each in writes.series]
        touches += [event.record.id for event in writes.events]
        result: Versions = await self.call("commit", touches, self.store.write_unchanged, writes)
        return result

    async def due_events(
        self, until: datetime, limit: int, after: OutboxRecord | None = None
    ) -> Sequence[StoredRecord]:
        """What is due by then, behind another one."""
        found = [(r.value.due_at, name) for name, r in self.store.outbox.items()]
        due = sorted((due_at, name) for due_at, name in found if due_at and due_at <= until)
        begin = due.index((after.due_at, after.id)) + 1 if after and after.due_at else 0
        return [self.store.outbox[name] for _, name in due[begin : begin + limit]]

    async def waiting_events(self, appointment_ids: Collection[str]) -> Sequence[StoredRecord]:
        """All events of appointments."""
        found = sorted(self.store.outbox.items())
        return [each for _, each in found if each.value.event.appointment_id in appointment_ids]

    async def set_aside_events(self, limit: int, after: str = "") -> Sequence[StoredRecord]:
        """What was set aside, behind an id."""
        found = sorted(self.store.outbox.items())
        return [each for name, each in found if name > after and each.value.is_set_aside][:limit]

    async def doctors(self, ids: Collection[str]) -> Mapping[str, Doctor]:  # noqa: ARG002
        """None: decisions are given theirs."""
        return {}

    async def list_doctors(
        self,
        limit: int,  # noqa: ARG002
        after: str = "",  # noqa: ARG002
        service_id: str | None = None,  # noqa: ARG002
    ) -> Sequence[Doctor]:
        """None."""
        return []

    async def clinic(self) -> Mapping[str, Any]:
        """Nothing was put."""
        return {}

    async def put_clinic(self, clinic: Mapping[str, Any]) -> None:
        """Nobody does."""
        raise NotImplementedError

    async def put_doctors(self, doctors: Collection[Doctor]) -> None:
        """Nobody does."""
        raise NotImplementedError

    async def secret(self, name: str, proposed: str) -> str:
        """Nobody asks for one."""
        raise NotImplementedError

    async def calendar_link(self, doctor_id: str) -> str | None:
        """Nobody asks for one."""
        raise NotImplementedError

    async def replace_calendar_link(self, doctor_id: str, replaced: str | None, secret: str) -> str:
        """Nobody does."""
        raise NotImplementedError

    async def left_behind(self) -> int:
        """None."""
        raise NotImplementedError

    async def erase_records(self, ids: Collection[str]) -> None:
        """Nobody does."""
        raise NotImplementedError

    async def erase_patient(self, read: Stored[PatientSchedule], rest: PatientSchedule) -> None:
        """Nobody does."""
        raise NotImplementedError

    async def erased_patients(self, now: datetime) -> Sequence[PatientKey]:
        """Nobody is."""
        raise NotImplementedError

    async def end_views(self) -> None:
        """Nobody does."""
        raise NotImplementedError

    async def blocked(self) -> Mapping[PatientKey, datetime]:
        """Nobody is."""
        raise NotImplementedError

    async def block(self, caller: PatientKey, issued_before: datetime) -> None:
        """Nobody is."""
        raise NotImplementedError

    async def close(self) -> None:
        """There is nothing to close."""


class View:
    """A `Snapshot` through a port."""

    days_at_once = 10

    def __init__(self, port: Port) -> None:
        self._port = port
        self._state: State | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def load(self, keys: Keys) -> State:
        """Read documents."""
        touches = () if self._state else [key for kind in astuple(keys) for key in kind]
        result: State = await self._port.call("load", touches, self._load, keys)
        return result

    async def busy_days(self, days: Collection[DayKey]) -> Mapping[DayKey, BusyDay]:
        """Read busy times."""
        state = await self.load(Keys(days=days))
        return {key: stored.value.busy for key, stored in state.days.items()}

    async def versions(self, days: Collection[DayKey]) -> Mapping[DayKey, Version | None]:
        """Read the versions of days."""
        touches = () if self._state else days
        result: Mapping[DayKey, Version | None]
        result = await self._port.call("load", touches, self._versions, days)
        return result

    async def revision(self, doctor_id: str) -> int:
        """Nobody asks for it."""
        raise NotImplementedError

    async def scan(
        self,
        doctor_id: str,
        first: date,
        last: date,
        at_once: int = 16,  # noqa: ARG002
    ) -> AsyncIterator[DaySchedule]:
        """The existing days in order, each read when it is asked for."""
        for key in sorted(self._look().days):
            if key.doctor_id == doctor_id and first <= key.day <= last:
                yield (await self.load(Keys(days=[key]))).days[key].value

    async def scan_ended(
        self,
        doctor_id: str,
        starts: Interval,
        at_once: int = 16,  # noqa: ARG002
    ) -> AsyncIterator[Appointment]:
        """What has ended with a doctor, each read when it is asked for."""
        found = [
            (stored.value.position, key)
            for key, stored in self._look().elsewhere.items()
            if key.doctor_id == doctor_id and isinstance(stored.value, Appointment)
        ]
        for (start, _), key in sorted(found):
            if starts.start <= start < starts.end:
                appointment = (await self.load(Keys(elsewhere=[key]))).elsewhere[key].value
                assert isinstance(appointment, Appointment)
                yield appointment

    async def scan_overrides(
        self,
        doctor_id: str,
        starts: Interval,
        at_once: int = 16,  # noqa: ARG002
    ) -> AsyncIterator[Override]:
        """A doctor's overrides, each read when it is asked for."""
        there = self._look().overrides
        found = [o.value for k, o in there.items() if k.doctor_id == doctor_id and o.value]
        for override in sorted(found, key=lambda each: each.position):
            if starts.start <= override.interval.start < starts.end:
                await self.load(Keys(overrides=[override.key]))
                yield override

    async def history(
        self, patient: PatientKey, first: date, last: date
    ) -> Sequence[PastAppointment]:
        """What has left a schedule and started in these months."""
        touches = () if self._state else [patient]
        months = month_of(first), month_of(last)
        result: Sequence[PastAppointment]
        result = await self._port.call("load", touches, self._history, patient, *months)
        return result

    async def instant(self) -> datetime:
        """Nobody asks for it."""
        raise NotImplementedError

    def _versions(self, days: Collection[DayKey]) -> Mapping[DayKey, Version | None]:
        found = self._look().days
        return {key: found[key].version if key in found else None for key in days}

    def _history(self, patient: PatientKey, first: str, last: str) -> Sequence[PastAppointment]:
        self._look()
        found = self._port.store.histories.get(patient, {}).values()
        return sorted(
            (past for past in found if first <= past.month <= last),
            key=lambda past: (past.month, past.id),
        )

    def _look(self) -> State:
        if self._state is None:
            self._state = self._port.store.view()
        return self._state

    def _load(self, keys: Keys) -> State:
        there = self._look()
        return State(
            {key: there.days.get(key) or Stored(DaySchedule(key), None) for key in keys.days},
            {key: there.records[key] for key in keys.records if key in there.records},
            {key: there.elsewhere.get(key) or Stored(None, None) for key in keys.elsewhere},
            {
                key: there.patients.get(key) or Stored(PatientSchedule(key), None)
                for key in keys.patients
            },
            {key: there.overrides.get(key) or Stored(None, None) for key in keys.overrides},
            {each: there.series.get(each) for each in keys.series},
        )
