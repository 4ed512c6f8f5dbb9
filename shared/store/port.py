"""The port to a store of doctor-days: a few verbs, and what they raise.

A store keeps documents, each with a version: doctor-days, whereabouts of appointments that left
their day, patients, idempotency records, doctors, overrides, series, the clinic, and the outbox of
events. It can write several of them at once on the condition that none has changed. It also keeps
the secrets of the deployment and of links to calendars, and the blocked callers. All policy is
above it.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Any, Generic, Protocol, Self, TypeVar

from msgspec import Struct, field

from shared.model.appointment import Appointment
from shared.model.busy_day import BusyDay
from shared.model.day import DayKey, DaySchedule, Entry
from shared.model.doctor import Doctor
from shared.model.elsewhere import ElsewhereKey, Whereabouts
from shared.model.idempotency_record import IdempotencyRecord
from shared.model.interval import Interval
from shared.model.outbox import OutboxRecord
from shared.model.override import Override, OverrideKey
from shared.model.patient_history import PastAppointment
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.model.series import Series

T_co = TypeVar("T_co", covariant=True)

Version = int | str
"""Names one state of a document. Only the store can compare two."""

DocumentKey = DayKey | PatientKey | str
"""Of a day, of a patient's schedule, or the id of an event."""

Versions = Mapping[DocumentKey, Version]


class StoreError(Exception):
    """The store did not do what it was asked to."""


class VersionConflict(StoreError):
    """A document is not as it was read. Nothing was written."""


class StoreUnavailable(StoreError):
    """No answer from the store. A commit may have happened or not; another attempt may help."""


class SnapshotExpired(StoreError):
    """The store no longer knows, or does not yet know, its state at that instant."""


class StoreRefused(StoreError):
    """The store said no and will say it again: no permission, no space, unknown data."""


class Stored(Struct, Generic[T_co], frozen=True):
    """A value as it was read, and its version; None if there was no document."""

    value: T_co
    version: Version | None


StoredRecord = Stored[OutboxRecord]


class Keys(Struct, frozen=True):
    """Which documents are loaded together, in one call."""

    days: Collection[DayKey] = ()
    records: Collection[str] = ()
    elsewhere: Collection[ElsewhereKey] = ()
    patients: Collection[PatientKey] = ()
    overrides: Collection[OverrideKey] = ()
    series: Collection[str] = ()


class State(Struct, frozen=True):
    """What was loaded, by key: everything that was asked for, but only records that exist."""

    days: dict[DayKey, Stored[DaySchedule]] = field(default_factory=dict)
    records: dict[str, Stored[IdempotencyRecord]] = field(default_factory=dict)
    elsewhere: dict[ElsewhereKey, Stored[Whereabouts | None]] = field(default_factory=dict)
    patients: dict[PatientKey, Stored[PatientSchedule]] = field(default_factory=dict)
    overrides: dict[OverrideKey, Stored[Override | None]] = field(default_factory=dict)
    series: dict[str, Series | None] = field(default_factory=dict)


class DayWrite(Struct, frozen=True):
    """Replace the day that was read by `day`; if both are the same, only its version is checked."""

    read: Stored[DaySchedule]
    day: DaySchedule

    def changed(self) -> dict[str, Entry | None]:
        """Return the entries that differ from those that were read, by id; None: removed.

        An entry that did not change is the same object, so comparing identities is enough.
        """
        before, after = self.read.value.entries, self.day.entries
        gone = dict.fromkeys(before.keys() - after.keys())
        return {**gone, **{name: e for name, e in after.items() if before.get(name) is not e}}


class RecordWrite(Struct, frozen=True):
    """Write a record where one of version `replaced` was read; None: where there was none."""

    record: IdempotencyRecord
    replaced: Version | None

    @classmethod
    def over(cls, record: IdempotencyRecord, state: State) -> Self:
        """Write a record in the place of the one that was loaded, if there was one."""
        expired = state.records.get(record.key)
        return cls(record, expired.version if expired else None)


class ElsewhereWrite(Struct, frozen=True):
    """Write an appointment's whereabouts where version `replaced` was read, or delete them.

    None as `replaced` means that there were none, None as `whereabouts` that there are to be none.
    """

    key: ElsewhereKey
    whereabouts: Whereabouts | None
    replaced: Version | None


class OverrideWrite(Struct, frozen=True):
    """Write an override whole where version `replaced` was read; None: where there was none.

    One that is `forgotten` is deleted instead.
    """

    override: Override
    replaced: Version | None
    forgotten: bool = False


class OutboxWrite(Struct, frozen=True):
    """Write an outbox record where version `replaced` was read; None: where there was none.

    Of one that is replaced, only what came of its delivery changes; it gets a new version even if
    nothing does. One that is `done` is deleted.
    """

    record: OutboxRecord
    replaced: Version | None = None
    done: bool = False


class PatientWrite(Struct, frozen=True):
    """Replace the schedule that was read by `schedule`.

    `left` goes to the history of the account; None: all that the schedule holds no more, as it was
    read. `forgotten` leaves the history.
    """

    read: Stored[PatientSchedule]
    schedule: PatientSchedule
    left: Sequence[PastAppointment] | None = None
    forgotten: Sequence[PastAppointment] = ()

    def changed(self) -> dict[str, Appointment | None]:
        """Return the appointments that differ from those that were read, by id; None: removed."""
        before = {a.id: a for a in self.read.value.appointments}
        after = {a.id: a for a in self.schedule.appointments}
        gone = dict.fromkeys(before.keys() - after.keys())
        return {**gone, **{name: a for name, a in after.items() if before.get(name) is not a}}

    def ended(self) -> Sequence[PastAppointment]:
        """Return what goes to the history."""
        if self.left is not None:
            return self.left
        gone = (a for a in self.read.value.appointments if self.schedule.find(a.id) is None)
        return [PastAppointment.of(appointment) for appointment in gone]


class Writes(Struct, frozen=True):
    """What one commit writes. The `series` are new ones, and there must be none of their ids."""

    days: Sequence[DayWrite] = ()
    records: Sequence[RecordWrite] = ()
    elsewhere: Sequence[ElsewhereWrite] = ()
    patients: Sequence[PatientWrite] = ()
    overrides: Sequence[OverrideWrite] = ()
    series: Sequence[Series] = ()
    events: Sequence[OutboxWrite] = ()


class Snapshot(Protocol):
    """Reads that all see the store as it was at one instant.

    `days_at_once`: how many days are worth reading together before it is known that they are
    needed, because every read is a wait.
    """

    days_at_once: int

    async def load(self, keys: Keys) -> State:
        """Read documents. A day or a patient without one has nothing booked.

        Series have no versions: only `erase_records` changes them.
        """

    async def busy_days(self, days: Collection[DayKey]) -> Mapping[DayKey, BusyDay]:
        """Read only when the doctor is busy on these days, and what is overridden.

        Always of the present: a snapshot that was taken at an instant must not be asked.
        """

    async def versions(self, days: Collection[DayKey]) -> Mapping[DayKey, Version | None]:
        """Read only the versions of days; None of one without a document."""

    async def revision(self, doctor_id: str) -> int:
        """Return a number that any commit which writes a day of a doctor makes another one.

        Reads no day.
        """

    def scan(
        self, doctor_id: str, first: date, last: date, at_once: int = 16
    ) -> AsyncIterator[DaySchedule]:
        """Read the days from first to last that have a document, in order, only as far as needed.

        The first read fetches `at_once` of them, each later one twice as many.
        """

    def scan_ended(
        self, doctor_id: str, starts: Interval, at_once: int = 16
    ) -> AsyncIterator[Appointment]:
        """Read what was last with a doctor, holds no time any more, and starts in an interval.

        In order of start, then id, and only as far as needed, like `scan`.
        """

    def scan_overrides(
        self, doctor_id: str, starts: Interval, at_once: int = 16
    ) -> AsyncIterator[Override]:
        """Read a doctor's overrides that start in an interval, also those that were deleted.

        In order of start, then id, and only as far as needed, like `scan`.
        """

    async def history(
        self, patient: PatientKey, first: date, last: date
    ) -> Sequence[PastAppointment]:
        """Return what has left a patient's schedule and started in these months, month by month.

        `first` and `last` are any days of the first and the last month, in UTC.
        """

    async def instant(self) -> datetime:
        """Return the instant of this view by the store's own clock, once something was read.

        Raises `SnapshotExpired` if views have been ended since.
        """


class Store(Protocol):
    """Where doctor-days are kept. Every verb raises `StoreError` and nothing else."""

    def snapshot(self, instant: datetime | None = None) -> AbstractAsyncContextManager[Snapshot]:
        """Open a view of now, or of the instant of another view that is at most an hour old.

        A view of an instant shows days, what has ended, and patients with their histories, but
        neither versions, revisions, records, whereabouts, overrides nor series. Its reads raise
        `SnapshotExpired` if the instant is gone.
        """

    async def commit(self, writes: Writes) -> Versions:
        """Write all or nothing, if each document still has the version that was read.

        Returns the new versions of days, patients and events once the writes survive a loss of
        power. Raises `VersionConflict` if a document has changed, or a series is there.
        """

    async def due_events(
        self, until: datetime, limit: int, after: OutboxRecord | None = None
    ) -> Sequence[StoredRecord]:
        """Return the first events that are due by an instant, in order of `due_at`, then id.

        With `after`, which must be due itself, only those behind that one.
        """

    async def waiting_events(self, appointment_ids: Collection[str]) -> Sequence[StoredRecord]:
        """Return all events of these appointments, in order of ids, also those set aside."""

    async def set_aside_events(self, limit: int, after: str = "") -> Sequence[StoredRecord]:
        """Return the first events behind an id whose delivery to any sink was given up."""

    async def erase_records(self, ids: Collection[str]) -> None:
        """Let the idempotency records of appointments and series tell no more what was asked for.

        They stay, so that a late retry books nothing, each with its hold, which names nobody. The
        events of the appointments that name a patient are deleted, whoever waits for them. The
        series among the ids that exist stay, too, with an empty `holder`, so that they are nobody's
        any more. Raises `VersionConflict` if one of these changes meanwhile. Safe to repeat, also
        after an attempt that was cut off.
        """

    async def erase_patient(self, read: Stored[PatientSchedule], rest: PatientSchedule) -> None:
        """Delete the history of an account, and all of its schedule but `rest`.

        `rest` holds no appointment; without any instant there is no schedule any more. Raises
        `VersionConflict` if the schedule is not as it was read; an attempt that is cut off leaves
        that as it was. Views of earlier instants still show what was there.
        """

    async def erased_patients(self, now: datetime) -> Sequence[PatientKey]:
        """Return the accounts of which only instants have stayed that count no more."""

    async def end_views(self) -> None:
        """Let no view of an earlier instant be read any more, as it would show what was erased."""

    async def blocked(self) -> Mapping[PatientKey, datetime]:
        """Return the blocked callers: their tokens issued before an instant count no more."""

    async def block(self, caller: PatientKey, issued_before: datetime) -> None:
        """Refuse the tokens that a caller was issued before an instant; the last call counts."""

    async def doctors(self, ids: Collection[str]) -> Mapping[str, Doctor]:
        """Return those of these doctors that are stored, by id, in one call."""

    async def list_doctors(
        self, limit: int, after: str = "", service_id: str | None = None
    ) -> Sequence[Doctor]:
        """Return the first doctors, retired ones too, whose ids come after one, ordered by id.

        With `service_id` only those who are not retired and offer that service.
        """

    async def clinic(self) -> Mapping[str, Any]:
        """Return what is true of the whole clinic, as it was put; empty if nothing was."""

    async def put_clinic(self, clinic: Mapping[str, Any]) -> None:
        """Replace what is true of the whole clinic: members as JSON holds them."""

    async def put_doctors(self, doctors: Collection[Doctor]) -> None:
        """Add these doctors, or replace those with the same ids, which keep their day shift.

        May raise `VersionConflict` while another process adds the same doctors; nothing is written.
        """

    async def secret(self, name: str, proposed: str) -> str:
        """Return the secret of that name, which stays for good; if there is none, keep this one.

        Whoever asks, and however many at once, all get the same.
        """

    async def calendar_link(self, doctor_id: str) -> str | None:
        """Return the secret of the link to a doctor's calendar, in one read; None without a link.

        There need not be such a doctor.
        """

    async def replace_calendar_link(self, doctor_id: str, replaced: str | None, secret: str) -> str:
        """Keep a secret in the place of `replaced`, or where there is none; return what is kept.

        If somebody else was first, that is theirs.
        """

    async def left_behind(self) -> int:
        """Return how many entries of an earlier release nobody can read; they are kept apart."""

    async def close(self) -> None:
        """Release files and connections. Every later call raises `StoreUnavailable`."""
