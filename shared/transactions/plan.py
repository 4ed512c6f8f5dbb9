"""The plan of a batch: what its commands come to, before anything is written."""

from collections.abc import Mapping

from msgspec import Struct, field

from shared.model.day import DayKey, DaySchedule
from shared.rules.outcomes import Accepted, Days, NeedsDays
from shared.store.port import DayWrite, RecordWrite, State, Stored
from shared.transactions.command import Command


class BatchPlan(Struct):
    """The days and idempotency records of a batch, changed by one command after the other."""

    state: State
    days: Days
    records: dict[str, RecordWrite] = field(default_factory=dict)
    changed: set[DayKey] = field(default_factory=set)

    def decide(self, command: Command) -> Accepted | NeedsDays | None:
        """Add a command if it can be granted; None if not."""
        record = command.record()
        if record and (record.key in self.records or command.live_record(self.state)):
            return None
        changes, outcome = command.decide({key: self.days[key] for key in command.days})
        if not isinstance(outcome, Accepted):
            return outcome if isinstance(outcome, NeedsDays) else None
        if record:
            expired = self.state.records.get(record.key)
            self.records[record.key] = RecordWrite(record, expired.version if expired else None)
        self.days = {**self.days, **changes}
        self.changed |= changes.keys()
        return outcome

    def writes(self) -> list[DayWrite]:
        """Return the changed days; the acceptances depend on no others."""
        return [DayWrite(self.state.days[key], self.days[key]) for key in sorted(self.changed)]


def without_versions(days: Mapping[DayKey, Stored[DaySchedule]]) -> Days:
    """Return the days themselves."""
    return {key: stored.value for key, stored in days.items()}
