"""Decisions on what was read, before anything is written: the pure half of a transaction."""

from collections.abc import Mapping

from msgspec import Struct, field

from shared.model.day import DayKey, DaySchedule
from shared.model.idempotency import IdempotencyRecord
from shared.rules.outcomes import Accepted, Days, NeedsDays
from shared.store.port import DayWrite, RecordWrite, State, Stored
from shared.transactions.command import Command


class BatchPlan(Struct):
    """What the days and receipts of a batch come to, one proposal after the other."""

    state: State
    days: Days
    records: dict[str, RecordWrite] = field(default_factory=dict)
    changed: set[DayKey] = field(default_factory=set)

    def decide(self, command: Command) -> Accepted | NeedsDays | None:
        """Take a proposal in, if it can be granted here; None if not."""
        record = command.record()
        if record and (record.key in self.records or used_record(command, self.state)):
            return None
        changes, outcome = command.decide({key: self.days[key] for key in command.days})
        if not isinstance(outcome, Accepted):
            return outcome if isinstance(outcome, NeedsDays) else None
        if record:
            expired = self.state.records.get(record.key)
            replaced = None if expired is None else expired.version
            self.records[record.key] = RecordWrite(record, replaced)
        self.days = {**self.days, **changes}
        self.changed |= changes.keys()
        return outcome

    def writes(self) -> list[DayWrite]:
        """The changed days, which are all that the acceptances rest on."""
        return [DayWrite(self.state.days[key], self.days[key]) for key in sorted(self.changed)]


def values(days: Mapping[DayKey, Stored[DaySchedule]]) -> Days:
    """The days themselves, without their versions."""
    return {key: stored.value for key, stored in days.items()}


def used_record(command: Command, state: State) -> IdempotencyRecord | None:
    """The receipt that stands in the way of a proposal: its key's, if not expired."""
    if command.idempotency is None:
        return None
    stored = state.records.get(command.idempotency.key)
    if stored is None or stored.value.expires_at <= command.now:
        return None
    return stored.value
