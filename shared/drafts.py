"""Decisions on what was read, before anything is written: the pure half of a transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.models import DayKey, DaySchedule, Receipt
from shared.outcomes import Accepted, KeyReused, Replayed
from shared.proposals import Proposal
from shared.scheduling import Days
from shared.store import DayWrite, ReceiptWrite, State, Stored


@dataclass(slots=True)
class Draft:
    """What the days and receipts of a batch come to, one proposal after the other."""

    state: State
    days: Days
    remembered: bool
    receipts: dict[str, ReceiptWrite] = field(default_factory=dict)
    decided_on: set[DayKey] = field(default_factory=set)

    def decide(self, proposal: Proposal) -> Accepted | None:
        """Take a proposal in, if it can be granted here; None if not."""
        before = {key: self.days[key] for key in proposal.days}
        after, outcome = proposal.decide(before)
        if not isinstance(outcome, Accepted):
            return None
        if after is before:
            # An earlier try has made it, and its answer was lost. No commit will check that.
            return None if self.remembered else outcome
        if receipt := proposal.receipt():
            if receipt.key in self.receipts or used_receipt(proposal, self.state):
                return None
            expired = self.state.receipts.get(receipt.key)
            replaced = None if expired is None else expired.version
            self.receipts[receipt.key] = ReceiptWrite(receipt, replaced)
        self.days = {**self.days, **after}
        self.decided_on |= proposal.days
        return outcome

    def writes(self) -> list[DayWrite]:
        """All days that an acceptance rests on: one that is not changed must not have changed."""
        return [DayWrite(self.state.days[key], self.days[key]) for key in sorted(self.decided_on)]


def values(days: Mapping[DayKey, Stored[DaySchedule]]) -> Days:
    """The days themselves, without their versions."""
    return {key: stored.value for key, stored in days.items()}


def used_receipt(proposal: Proposal, state: State) -> Receipt | None:
    """The receipt that stands in the way of a proposal: its key's, if not expired."""
    if proposal.idempotency is None:
        return None
    stored = state.receipts.get(proposal.idempotency.key)
    if stored is None or stored.value.expires_at <= proposal.now:
        return None
    return stored.value


def answer_of(receipt: Receipt, proposal: Proposal, days: Days) -> Replayed | KeyReused:
    """What a used key means for a proposal: it was granted before, or it is another one."""
    if proposal.idempotency is None or proposal.idempotency.fingerprint != receipt.fingerprint:
        return KeyReused()
    found = (day.find(receipt.appointment_id) for day in days.values())
    return Replayed(next(appointment for appointment in found if appointment))
