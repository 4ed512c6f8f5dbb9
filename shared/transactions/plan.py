"""The plan of a batch: what its commands come to, before anything is written."""

from collections.abc import Mapping
from typing import Self, TypeVar

from msgspec import Struct, field

from shared.model.day import DayKey, DaySchedule
from shared.model.documents import Documents
from shared.model.elsewhere import ElsewhereKey, Whereabouts
from shared.rules.outcomes import Accepted, AlreadyApplied, NeedsDocuments
from shared.store.port import DayWrite, ElsewhereWrite, RecordWrite, State, Stored
from shared.transactions.command import Command

K = TypeVar("K")
V = TypeVar("V")

Granted = Accepted | AlreadyApplied | NeedsDocuments | None
"""None: it cannot be granted on what is known here, or not on that alone."""


class BatchPlan(Struct):
    """The documents and idempotency records of a batch, changed by one command after the other."""

    state: State
    days: dict[DayKey, DaySchedule]
    elsewhere: dict[ElsewhereKey, Whereabouts | None]
    records: dict[str, RecordWrite] = field(default_factory=dict)
    changed: set[DayKey] = field(default_factory=set)
    told: set[ElsewhereKey] = field(default_factory=set)

    @classmethod
    def on(cls, state: State) -> Self:
        """Return a plan that changes nothing yet."""
        return cls(state, values_of(state.days), values_of(state.elsewhere))

    def decide(self, command: Command) -> Granted:
        """Add a command if it can be granted."""
        record = command.record()
        if record and (record.key in self.records or command.live_record(self.state)):
            return None
        changes, outcome = command.decide(command.documents(self.days, self.elsewhere))
        if not isinstance(outcome, Accepted):
            return outcome if isinstance(outcome, NeedsDocuments | AlreadyApplied) else None
        if record:
            expired = self.state.records.get(record.key)
            self.records[record.key] = RecordWrite(record, expired.version if expired else None)
        self._change(changes)
        return outcome

    def day_writes(self) -> list[DayWrite]:
        """Return the changed days; the acceptances depend on no others."""
        return [DayWrite(self.state.days[key], self.days[key]) for key in sorted(self.changed)]

    def elsewhere_writes(self) -> list[ElsewhereWrite]:
        """Return the changed whereabouts; what was not loaded is written where there is none."""
        writes = map(self._elsewhere_write, sorted(self.told))
        return [write for write in writes if (write.whereabouts or write.replaced) is not None]

    def _elsewhere_write(self, key: ElsewhereKey) -> ElsewhereWrite:
        read = self.state.elsewhere.get(key)
        return ElsewhereWrite(key, self.elsewhere[key], read.version if read else None)

    def _change(self, changes: Documents) -> None:
        self.days.update(changes.days)
        self.changed |= changes.days.keys()
        self.elsewhere.update(changes.elsewhere)
        self.told |= changes.elsewhere.keys()


def values_of(stored: Mapping[K, Stored[V]]) -> dict[K, V]:
    """Return what was loaded, without versions."""
    return {key: document.value for key, document in stored.items()}
