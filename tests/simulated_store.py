"""A store in memory, right about versions, and the port through which instances see it."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, Self

from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.elsewhere import ElsewhereKey, Whereabouts
from shared.model.idempotency import IdempotencyRecord
from shared.model.interval import Interval
from shared.model.patient_history import PastAppointment, month_of
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.store.port import (
    DayWrite,
    ElsewhereWrite,
    PatientWrite,
    RecordWrite,
    State,
    Stored,
    Version,
    VersionConflict,
)


class SimulatedStore:
    """Documents with their versions; every write is whole, and at once."""

    def __init__(self, *days: DaySchedule) -> None:
        self.days: dict[DayKey, Stored[DaySchedule]] = {}
        self.records: dict[str, Stored[IdempotencyRecord]] = {}
        self.elsewhere: dict[ElsewhereKey, Stored[Whereabouts | None]] = {}
        self.patients: dict[PatientKey, Stored[PatientSchedule]] = {}
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

    def put_record(self, record: IdempotencyRecord) -> None:
        """Leave a record, as another writer would."""
        self.version += 1
        self.records[record.key] = Stored(record, self.version)

    def has_changed(
        self,
        days: Sequence[DayWrite],
        records: Sequence[RecordWrite],
        elsewhere: Sequence[ElsewhereWrite] = (),
        patients: Sequence[PatientWrite] = (),
    ) -> bool:
        """Whether anything is not as it was read."""
        for write in days:
            found = self.days.get(write.day.key)
            if (found and found.version) != write.read.version:
                return True
        for record in records:
            used = self.records.get(record.record.key)
            if (used and used.version) != record.replaced:
                return True
        for whereabouts in elsewhere:
            there = self.elsewhere.get(whereabouts.key)
            if (there and there.version) != whereabouts.replaced:
                return True
        for patient in patients:
            known = self.patients.get(patient.schedule.key)
            if (known and known.version) != patient.read.version:
                return True
        return False

    def write_unchanged(
        self,
        days: Sequence[DayWrite],
        records: Sequence[RecordWrite],
        elsewhere: Sequence[ElsewhereWrite] = (),
        patients: Sequence[PatientWrite] = (),
    ) -> Mapping[DayKey | PatientKey, Version]:
        """Write all, or nothing where anything has changed."""
        if self.has_changed(days, records, elsewhere, patients):
            raise VersionConflict("changed")
        return self.write(days, records, elsewhere, patients)

    def write(
        self,
        days: Sequence[DayWrite],
        records: Sequence[RecordWrite],
        elsewhere: Sequence[ElsewhereWrite] = (),
        patients: Sequence[PatientWrite] = (),
    ) -> Mapping[DayKey | PatientKey, Version]:
        """Write all of it, whatever is there."""
        self.version += 1
        for write in days:
            self.days[write.day.key] = Stored(write.day, self.version)
        for record in records:
            self.records[record.record.key] = Stored(record.record, self.version)
        for there in elsewhere:
            assert there.whereabouts or there.replaced, "it would delete what is not there"
            self.elsewhere.pop(there.key, None)
            if there.whereabouts is not None:
                self.elsewhere[there.key] = Stored(there.whereabouts, self.version)
        for patient in patients:
            history = self.histories.setdefault(patient.schedule.key, {})
            history.update((past.id, past) for past in patient.ended())
            for past in patient.forgotten:
                if past.id in history and history[past.id].month == past.month:
                    del history[past.id]
            self.patients[patient.schedule.key] = Stored(patient.schedule, self.version)
        written: list[DayKey | PatientKey] = [write.day.key for write in days]
        return dict.fromkeys((*written, *(p.schedule.key for p in patients)), self.version)

    def view(self) -> State:
        """All that there is now."""
        beside = self.elsewhere.copy(), self.patients.copy()
        return State(self.days.copy(), self.records.copy(), *beside)


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

    async def commit(
        self,
        days: Sequence[DayWrite],
        records: Sequence[RecordWrite],
        elsewhere: Sequence[ElsewhereWrite] = (),
        patients: Sequence[PatientWrite] = (),
    ) -> Mapping[DayKey | PatientKey, Version]:
        """Write all or nothing, on the versions that were read."""
        touches = [*(write.day.key for write in days), *(r.record.key for r in records)]
        touches += [there.key for there in elsewhere]
        touches += [patient.schedule.key for patient in patients]
        write = self.store.write_unchanged
        result: Mapping[DayKey | PatientKey, Version]
        result = await self.call("commit", touches, write, days, records, elsewhere, patients)
        return result

    async def doctors(self) -> Sequence[Doctor]:
        """None: decisions are given theirs."""
        return []

    async def put_doctors(self, doctors: Collection[Doctor]) -> None:
        """Nobody does."""
        raise NotImplementedError

    async def secret(self, name: str, proposed: str) -> str:
        """Nobody asks for one."""
        raise NotImplementedError

    async def left_behind(self) -> int:
        """None."""
        raise NotImplementedError

    async def erase_records(self, appointment_ids: Collection[str]) -> None:
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

    async def load(
        self,
        days: Collection[DayKey],
        records: Collection[str],
        elsewhere: Collection[ElsewhereKey] = (),
        patients: Collection[PatientKey] = (),
    ) -> State:
        """Read documents."""
        wanted = (days, records, elsewhere, patients)
        touches = () if self._state else [key for keys in wanted for key in keys]
        result: State = await self._port.call("load", touches, self._load, *wanted)
        return result

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
                yield (await self.load([key], ())).days[key].value

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
                appointment = (await self.load((), (), [key])).elsewhere[key].value
                assert isinstance(appointment, Appointment)
                yield appointment

    async def history(
        self, patient: PatientKey, first: date, last: date
    ) -> Sequence[PastAppointment]:
        """What has left a schedule and started in these months."""
        touches = () if self._state else [patient]
        months = month_of(first), month_of(last)
        result: Sequence[PastAppointment]
        result = await self._port.call("load", touches, self._history, (), patient, *months)
        return result

    async def instant(self) -> datetime:
        """Nobody asks for it."""
        raise NotImplementedError

    def _history(
        self, _: Collection[DayKey], patient: PatientKey, first: str, last: str
    ) -> Sequence[PastAppointment]:
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

    def _load(
        self,
        days: Collection[DayKey],
        records: Collection[str],
        elsewhere: Collection[ElsewhereKey],
        patients: Collection[PatientKey],
    ) -> State:
        there = self._look()
        return State(
            {key: there.days.get(key) or Stored(DaySchedule(key), None) for key in days},
            {key: there.records[key] for key in records if key in there.records},
            {key: there.elsewhere.get(key) or Stored(None, None) for key in elsewhere},
            {
                key: there.patients.get(key) or Stored(PatientSchedule(key), None)
                for key in patients
            },
        )
