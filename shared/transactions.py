"""The one way to write: load, decide, commit if nothing has changed, else again.

    request       this instance            store
       |  propose        |                   |
       |---------------->| wait for the day  |   others that wait for it join the batch
       |                 | load, or recall   |   a day that was read or written before
       |                 |<- - - - - - - - ->|
       |                 | decide, in order  |   pure, so it may be done again
       |                 | commit ---------->|   every write: "if it is still as I read it"
       |                 |                   |
       |   granted <-----|<- committed ------|
       |                 |<- stale ----------|   nothing was written: load, decide again
       |                 |   (no answer)     |   written or not: load, and see
       |                 |                   |
       |                 | if refused: look  |   a refusal is decided on a snapshot read for it
       |   refusal <-----|<----------------->|

Why nothing is booked twice: an acceptance takes effect only by a commit, and the store applies
a commit only to the very days that it was decided on. What is remembered, retried, answered
late or never answered can cost a try, but not the rule.

Why nothing acknowledged is lost: the answer is given after the store has said "committed", or
after the appointment was found in a day that the store gave out.

Why a refusal is true: it is never given on what is only remembered, or on what others of the
batch have not committed yet.
"""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from random import Random
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from shared.batches import Batch, Door, Waiter
from shared.drafts import Draft, used_receipt, values
from shared.effort import count_attempt
from shared.memory import Memory
from shared.models import Appointment, DayKey, Opening, Receipt
from shared.outcomes import Accepted, KeyReused, Made, NeedsDays, Outcome, Replayed, Unbookable
from shared.proposals import Proposal
from shared.queries import find_appointment, next_openings
from shared.store import Failed, Snapshot, Stale, State, Store, Stored, Unavailable

FIRST_PAUSE_SECONDS = 0.004
PAUSE_DOUBLINGS = 6

_Answer = Accepted | NeedsDays | None
"""None: it is not to be granted on what is known here, or not on that alone."""


class Transactions:
    """Decides proposals on the days of a store. One per instance, in one event loop."""

    def __init__(self, store: Store, deadline_seconds: float, random: Random) -> None:
        self._store = store
        self._deadline_seconds = deadline_seconds
        self._random = random
        self._memory = Memory()
        self._commits: Door[_Answer] = Door(self._decide_together)
        self._looks: Door[_Seen] = Door(self._look_together)

    async def run(self, proposal: Proposal) -> Outcome:
        """Decide a proposal and, where it is granted, make it so.

        Raises `Unavailable` at the deadline, and `Failed` where the store refuses to work.
        After either the change may have happened, if a commit was never answered.
        """
        deadline = self._deadline()
        try:
            async with asyncio.timeout_at(deadline):
                return await self._run(proposal, deadline)
        except TimeoutError:
            message = f"no certain answer within {self._deadline_seconds:g} s"
            raise Unavailable(message) from None

    async def preview(self, proposal: Proposal) -> Outcome:
        """What a proposal would come to now. Decided on one snapshot; nothing is written."""
        return (await self._looks.enter(proposal, self._deadline())).outcome

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._deadline_seconds

    async def _run(self, proposal: Proposal, deadline: float) -> Outcome:
        retries = _Retries(self._random)
        while True:
            outcome: Outcome | None = await self._commits.enter(proposal, deadline)
            if outcome is None:
                outcome = await self._looked_at(proposal, deadline, retries)
            if not isinstance(outcome, NeedsDays | None):
                return outcome
            if isinstance(outcome, NeedsDays):
                if outcome.days <= proposal.days:
                    self._memory.forget(proposal.days)
                    await retries.pause()
                proposal = replace(proposal, days=outcome.days)

    async def _looked_at(
        self, proposal: Proposal, deadline: float, retries: "_Retries"
    ) -> Outcome | None:
        """What the store says to a proposal; None: it is to be made, or nothing was seen."""
        try:
            seen = await self._looks.enter(proposal, deadline)
        except Unavailable:
            await retries.pause()
            return None
        return None if seen.to_be_made else seen.outcome

    # Looking

    async def _look_together(self, batch: Batch["_Seen"]) -> None:
        """Decide every waiter of a batch on one snapshot, each by itself, and write nothing."""
        deadline = _latest(batch.waiters)
        async with asyncio.timeout_at(deadline), self._store.snapshot() as snapshot:
            keys = _receipt_keys(waiter.proposal for waiter in batch.waiting())
            state = await snapshot.load(batch.days, keys)
            self._memory.keep(state.days)
            look = _Look(snapshot, state)
            for waiter in batch.waiting():
                waiter.tell(await look.at(waiter.proposal))

    # Committing

    async def _decide_together(self, batch: Batch[_Answer]) -> None:
        """Give every waiter of a batch its answer, however many tries that takes."""
        retries = _Retries(self._random)
        while waiters := batch.waiting():
            try:
                async with asyncio.timeout_at(_latest(waiters)):
                    await self._try(batch, first=not retries.made)
            except (Stale, Unavailable, TimeoutError):
                self._memory.forget(batch.days)
                await retries.pause()

    async def _try(self, batch: Batch[_Answer], *, first: bool) -> None:
        """Decide in order of arrival, write it all at once, and only then answer."""
        if first:
            # Receipts need no read up front: the commit finds out if there is one.
            known = self._memory.recall(batch.days)
            fresh = await self._load(batch.days - known.keys(), ())
            state = State(known | fresh.days, {})
        else:
            proposals = (waiter.proposal for waiter in batch.waiting())
            state = await self._load(batch.days, _receipt_keys(proposals))
        draft = Draft(state, values(state.days))
        answers = [(waiter, draft.decide(waiter.proposal)) for waiter in batch.waiting()]
        if writes := draft.writes():
            count_attempt(len(answers))
            versions = await self._store.commit(writes, list(draft.receipts.values()))
            self._memory.keep({key: Stored(draft.days[key], versions[key]) for key in versions})
        for waiter, answer in answers:
            waiter.tell(answer)

    async def _load(self, days: Collection[DayKey], receipts: Collection[str]) -> State:
        if not days:
            return State({}, {})
        async with self._store.snapshot() as snapshot:
            state = await snapshot.load(days, receipts)
        self._memory.keep(state.days)
        return state


class _Seen(Struct, frozen=True):
    """What a look at the store showed; `to_be_made` where a commit must still make it so."""

    outcome: Outcome
    to_be_made: bool = False


class _Look(Struct):
    """Decides on one snapshot: a refusal, a replay, or what has been made before is certain."""

    snapshot: Snapshot
    state: State
    openings: dict[Unbookable, tuple[Opening, ...]] = field(default_factory=dict)

    async def at(self, proposal: Proposal) -> _Seen:
        """What a proposal comes to."""
        if receipt := used_receipt(proposal, self.state):
            return _Seen(await self._answer_of(receipt, proposal))
        days = {key: self.state.days[key].value for key in proposal.days}
        _, outcome = proposal.decide(days)
        if isinstance(outcome, Made):
            outcome = Accepted(await self._appointment(proposal.appointment_id))
            return _Seen(outcome)
        if isinstance(outcome, Unbookable):
            return _Seen(replace(outcome, openings=await self._openings(outcome)))
        return _Seen(outcome, to_be_made=isinstance(outcome, Accepted))

    async def _answer_of(self, receipt: Receipt, proposal: Proposal) -> Outcome:
        """What a used key means: this try made it, an earlier request did, or another one."""
        own = proposal.receipt()
        if own is None or own.fingerprint != receipt.fingerprint:
            return KeyReused()
        appointment = await self._appointment(receipt.appointment_id)
        return Accepted(appointment) if receipt == own else Replayed(appointment)

    async def _appointment(self, appointment_id: str) -> Appointment:
        """An appointment that must be there; mostly it lies on a day that was loaded."""
        for stored in self.state.days.values():
            if found := stored.value.find(appointment_id):
                return found
        if found := await find_appointment(self.snapshot, appointment_id):
            return found
        message = f"{appointment_id} was acknowledged and is not there: was the data changed?"
        raise Failed(message)

    async def _openings(self, refusal: Unbookable) -> tuple[Opening, ...]:
        """Looked for once, however many are refused the same time."""
        if refusal not in self.openings:
            known = values(self.state.days)
            self.openings[refusal] = tuple(await next_openings(self.snapshot, refusal, known))
        return self.openings[refusal]


class _Retries(Struct):
    """Counts tries, and steps aside between them, so that rivals do not meet again in step."""

    random: Random
    made: int = 0

    async def pause(self) -> None:
        """Wait for a random while, on average twice as long each time."""
        longest = FIRST_PAUSE_SECONDS * 2 ** min(self.made, PAUSE_DOUBLINGS)
        self.made += 1
        await asyncio.sleep(self.random.uniform(0, longest))


def _latest(waiters: Sequence[Waiter[Any]]) -> float:
    return max(waiter.deadline for waiter in waiters)


def _receipt_keys(proposals: Iterable[Proposal]) -> set[str]:
    return {p.idempotency.key for p in proposals if p.idempotency}
