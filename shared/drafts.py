"""Decisions on what was read, before anything is written: the pure half of a transaction."""

from collections.abc import Mapping

from msgspec import Struct, field

from shared.models import DayKey, DaySchedule, Receipt
from shared.outcomes import Accepted, NeedsDays
from shared.proposals import Proposal
from shared.scheduling import Days
from shared.store import DayWrite, ReceiptWrite, State, Stored


class Draft(Struct):
    """What the days and receipts of a batch come to, one proposal after the other."""

    state: State
    days: Days
    receipts: dict[str, ReceiptWrite] = field(default_factory=dict)
    changed: set[DayKey] = field(default_factory=set)

    def decide(self, proposal: Proposal) -> Accepted | NeedsDays | None:
        """Take a proposal in, if it can be granted here; None if not."""
        receipt = proposal.receipt()
        if receipt and (receipt.key in self.receipts or used_receipt(proposal, self.state)):
            return None
        changes, outcome = proposal.decide({key: self.days[key] for key in proposal.days})
        if not isinstance(outcome, Accepted):
            return outcome if isinstance(outcome, NeedsDays) else None
        if receipt:
            expired = self.state.receipts.get(receipt.key)
            replaced = None if expired is None else expired.version
            self.receipts[receipt.key] = ReceiptWrite(receipt, replaced)
        self.days = {**self.days, **changes}
        self.changed |= changes.keys()
        return outcome

    def writes(self) -> list[DayWrite]:
        """The changed days, which are all that the acceptances rest on."""
        return [DayWrite(self.state.days[key], self.days[key]) for key in sorted(self.changed)]


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
