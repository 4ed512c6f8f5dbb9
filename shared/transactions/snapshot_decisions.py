"""Decisions on a snapshot read for them: refusals, replays, and what was applied before."""

from msgspec import Struct, field
from msgspec.structs import replace

from shared.access.caller import ANYBODY
from shared.model.appointment import Appointment
from shared.model.idempotency import IdempotencyRecord
from shared.model.opening import Opening
from shared.queries.look_ups import find_appointment
from shared.queries.openings import next_openings
from shared.rules.outcomes import (
    Accepted,
    AlreadyApplied,
    KeyReused,
    Outcome,
    Replayed,
    TimeUnavailable,
)
from shared.store.port import Snapshot, State, StoreRefused
from shared.transactions.command import Command
from shared.transactions.plan import values_of


class SnapshotDecision(Struct, frozen=True):
    """The outcome of a command on a snapshot; `to_commit` if only a commit makes it true."""

    outcome: Outcome
    to_commit: bool = False


class SnapshotDecisions(Struct):
    """Decides commands on one snapshot, each on its own."""

    snapshot: Snapshot
    state: State
    openings: dict[TimeUnavailable, tuple[Opening, ...]] = field(default_factory=dict)

    async def decide(self, command: Command) -> SnapshotDecision:
        """Decide one command."""
        if record := command.live_record(self.state):
            return SnapshotDecision(await self._replay(record, command))
        days, elsewhere = values_of(self.state.days), values_of(self.state.elsewhere)
        _, outcome = command.decide(command.documents(days, elsewhere))
        if isinstance(outcome, AlreadyApplied):
            return SnapshotDecision(Accepted(await self._appointment(command.birth.appointment_id)))
        if isinstance(outcome, TimeUnavailable):
            refusal = replace(outcome, openings=await self._openings(outcome))
            return SnapshotDecision(refusal)
        return SnapshotDecision(outcome, to_commit=isinstance(outcome, Accepted))

    async def _replay(self, record: IdempotencyRecord, command: Command) -> Outcome:
        """Tell whether this attempt used the key, an earlier request did, or a different one."""
        own = command.record()
        if own is None or own.fingerprint != record.fingerprint:
            return KeyReused()
        appointment = await self._appointment(record.appointment_id)
        return Accepted(appointment) if record == own else Replayed(appointment)

    async def _appointment(self, appointment_id: str) -> Appointment:
        """Find an appointment that must exist; mostly it is on a loaded day."""
        for stored in self.state.days.values():
            if found := stored.value.find(appointment_id):
                return found
        if found := await find_appointment(self.snapshot, appointment_id, ANYBODY):
            return found
        message = f"{appointment_id} was acknowledged but is gone: was the data changed by hand?"
        raise StoreRefused(message)

    async def _openings(self, refusal: TimeUnavailable) -> tuple[Opening, ...]:
        """Search once, however many commands are refused the same time."""
        if refusal not in self.openings:
            known = values_of(self.state.days)
            self.openings[refusal] = tuple(await next_openings(self.snapshot, refusal, known))
        return self.openings[refusal]
