"""The plan of a batch: what its commands come to, before anything is written."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Self, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from shared.model.day import DayKey, DaySchedule
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey, Whereabouts
from shared.model.idempotency_record import IdempotencyRecord
from shared.model.outbox import OutboxRecord
from shared.model.patient_history import PastAppointment
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.model.series import Series
from shared.rules.document_size import HOLD_BYTES, weight
from shared.rules.events import Telling, events_of, records_of
from shared.rules.outcomes import (
    Accepted,
    AlreadyApplied,
    BookedSeries,
    CancelledSeries,
    Granted,
    Held,
    NeedsDocuments,
)
from shared.store.port import (
    DayWrite,
    ElsewhereWrite,
    OutboxWrite,
    PatientWrite,
    RecordWrite,
    State,
    Stored,
    Writes,
)
from shared.transactions.command import Command

K = TypeVar("K")
V = TypeVar("V")

MOST_BYTES = 4 * 2**20
"""Of changed entries in one commit, which stays far below Firestore's limit of 10 MiB."""

Answer = Granted | AlreadyApplied | NeedsDocuments | None
"""None: it cannot be granted on what is known here, or not on that alone."""


class BatchPlan(Struct):
    """The documents and idempotency records of a batch, changed by one command after the other.

    `left` is what goes to the histories of patients, as it was last: one command may move what the
    next one cancels. `forgotten` leaves the histories, `series` are new. `telling` is None where
    nobody is told of `events`, so that there are none. `size` is about how many bytes of entries
    it changes.
    """

    state: State
    days: dict[DayKey, DaySchedule]
    elsewhere: dict[ElsewhereKey, Whereabouts | None]
    patients: dict[PatientKey, PatientSchedule]
    records: dict[str, RecordWrite] = field(default_factory=dict)
    changed: set[DayKey] = field(default_factory=set)
    told: set[ElsewhereKey] = field(default_factory=set)
    booked: set[PatientKey] = field(default_factory=set)
    left: dict[PatientKey, dict[str, PastAppointment]] = field(default_factory=dict)
    forgotten: dict[PatientKey, list[PastAppointment]] = field(default_factory=dict)
    series: list[Series] = field(default_factory=list)
    events: list[OutboxRecord] = field(default_factory=list)
    telling: Telling | None = None
    size: int = 0

    @classmethod
    def on(cls, state: State, telling: Telling | None = None) -> Self:
        """Return a plan that changes nothing yet."""
        known = _values(state.days), _values(state.elsewhere), _values(state.patients)
        return cls(state, *known, telling=telling)

    @property
    def changes_anything(self) -> bool:
        """Whether there is anything to commit."""
        return bool(self.changed or self.told or self.booked)

    @property
    def is_full(self) -> bool:
        """Whether nothing more should be added to the same commit."""
        return self.size >= MOST_BYTES

    def decide(self, command: Command) -> Answer:
        """Add a command if it can be granted."""
        record = command.record()
        if record and (record.key in self.records or command.live_record(self.state)):
            return None
        known = Documents(self.days, self.elsewhere, self.patients)
        changes, outcome = command.decide(command.documents(known))
        if not (isinstance(outcome, Granted) and changes.change_anything):
            return outcome if isinstance(outcome, NeedsDocuments | AlreadyApplied) else None
        if record:
            self._leave(record, outcome)
        each = _weight(outcome)
        self._change(changes, each)
        if self.telling:
            self._tell(self.telling, changes, command.now, each)
        return outcome

    def writes(self) -> Writes:
        """Return what is to be written; the acceptances depend on nothing else."""
        return Writes(
            days=[DayWrite(self.state.days[key], self.days[key]) for key in sorted(self.changed)],
            records=list(self.records.values()),
            elsewhere=list(self._elsewhere_writes()),
            patients=[self._patient_write(key) for key in sorted(self.booked)],
            series=self.series,
            events=[OutboxWrite(record) for record in self.events],
        )

    def _elsewhere_writes(self) -> Iterator[ElsewhereWrite]:
        """Yield the changed whereabouts; what was not loaded is written where there is none."""
        for key in sorted(self.told):
            read, told = self.state.elsewhere.get(key), self.elsewhere[key]
            version = read.version if read else None
            if (told or version) is not None:
                yield ElsewhereWrite(key, told, version)

    def _patient_write(self, key: PatientKey) -> PatientWrite:
        left, forgotten = list(self.left[key].values()), self.forgotten.get(key, ())
        return PatientWrite(self.state.patients[key], self.patients[key], left, forgotten)

    def _leave(self, record: IdempotencyRecord, outcome: Granted) -> None:
        """Leave a record, in the place of one that has expired."""
        if isinstance(outcome, Held):
            record = replace(record, hold=outcome.hold)
        self.records[record.key] = RecordWrite.over(record, self.state)

    def _change(self, changes: Documents, each: int) -> None:
        self.days.update(changes.days)
        self.changed |= changes.days.keys()
        self.elsewhere.update(changes.elsewhere)
        self.told |= changes.elsewhere.keys()
        for key, schedule in changes.patients.items():
            self._let_go(self.patients[key], schedule, changes.forgotten.get(key))
        self.patients.update(changes.patients)
        self.booked |= changes.patients.keys()
        if changes.series:
            self.series.append(changes.series)
        self.size += each * (len(changes.days) + len(changes.elsewhere) + len(changes.patients))

    def _tell(self, telling: Telling, changes: Documents, now: datetime, each: int) -> None:
        """Leave a record for each event, to be delivered from `now` on."""
        for change in changes.appointments:
            records = records_of(events_of(change, telling.reminders), now)
            self.events += records
            self.size += each * len(records)

    def _let_go(
        self, before: PatientSchedule, after: PatientSchedule, forgotten: PastAppointment | None
    ) -> None:
        """Note what has left a schedule, and what its history is not to hold any more."""
        held = {a.id for a in after.appointments}
        gone = (PastAppointment.of(a) for a in before.appointments if a.id not in held)
        left = self.left.setdefault(after.key, {})
        left.update((past.id, past) for past in gone)
        # What was in the schedule until now is not in the history yet.
        if forgotten and left.pop(forgotten.id, None) is None:
            self.forgotten.setdefault(after.key, []).append(forgotten)


def _weight(granted: Granted) -> int:
    """Return about how many bytes each document takes in a commit that something changes."""
    match granted:
        case Accepted(appointment):
            return weight(appointment)
        case BookedSeries(appointments=appointments) | CancelledSeries(cancelled=appointments):
            # About one of them stands in each document.
            return max(map(weight, appointments))
    return HOLD_BYTES


def documents_of(state: State) -> Documents:
    """Return what was loaded, without versions."""
    return Documents(_values(state.days), _values(state.elsewhere), _values(state.patients))


def changed_patients(before: State, now: State) -> set[PatientKey]:
    """Return the patients whose schedules are not as they were read before."""
    return {
        key
        for key, stored in now.patients.items()
        if key in before.patients and before.patients[key].version != stored.version
    }


def _values(stored: Mapping[K, Stored[V]]) -> dict[K, V]:
    return {key: document.value for key, document in stored.items()}
