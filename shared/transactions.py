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
       |                 | if refused: look  |   a refusal is decided on a snapshot of its own
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
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from random import Random

from shared.batches import Batch, Queues, Waiter
from shared.drafts import Draft, answer_of, used_receipt, values
from shared.memory import Memory
from shared.models import DayKey
from shared.outcomes import Accepted, Outcome, Unbookable
from shared.proposals import Proposal
from shared.queries import next_openings
from shared.store import Stale, State, Store, Stored, Unavailable

FIRST_PAUSE_SECONDS = 0.004
PAUSE_DOUBLINGS = 6


class Transactions:
    """Decides proposals on the days of a store. One per instance, in one event loop."""

    def __init__(self, store: Store, deadline_seconds: float, random: Random) -> None:
        self._store = store
        self._deadline_seconds = deadline_seconds
        self._random = random
        self._memory = Memory()
        self._queues = Queues()
        self._batches: dict[asyncio.Task[None], Batch] = {}

    async def run(self, proposal: Proposal) -> Outcome:
        """Decide a proposal and, where it is granted, make it so.

        Raises `Unavailable` at the deadline; the change may have happened or not. Raises
        `Failed` where the store will not do it at all.
        """
        deadline = asyncio.get_running_loop().time() + self._deadline_seconds
        try:
            async with asyncio.timeout_at(deadline):
                return await self._run(proposal, deadline)
        except TimeoutError:
            message = f"no certain answer within {self._deadline_seconds:g} s"
            raise Unavailable(message) from None

    async def preview(self, proposal: Proposal) -> Outcome:
        """What a proposal would come to now. Decided on one snapshot; nothing is written."""
        return (await self._look(proposal)).outcome

    async def _run(self, proposal: Proposal, deadline: float) -> Outcome:
        retries = _Retries(self._random)
        while True:
            if granted := await self._accept(proposal, deadline):
                return granted
            try:
                seen = await self._look(proposal)
            except Unavailable:
                await retries.pause()
            else:
                if not seen.to_be_made:
                    return seen.outcome

    async def _look(self, proposal: Proposal) -> "_Seen":
        """Decide on a snapshot: a refusal, a replay, or what has been made before is certain."""
        async with self._store.snapshot() as snapshot:
            state = await snapshot.load(proposal.days, _receipt_keys([proposal]))
            self._memory.keep(state.days)
            days = values(state.days)
            after, outcome = proposal.decide(days)
            if isinstance(outcome, Accepted) and after is days:
                return _Seen(outcome)
            if receipt := used_receipt(proposal, state):
                return _Seen(answer_of(receipt, proposal, days))
            if isinstance(outcome, Unbookable):
                openings = await next_openings(snapshot, outcome.doctor, outcome.asked)
                return _Seen(replace(outcome, openings=tuple(openings)))
            return _Seen(outcome, to_be_made=isinstance(outcome, Accepted))

    async def _accept(self, proposal: Proposal, deadline: float) -> Accepted | None:
        """Commit the proposal, with all that waits for the same days; None if it is refused."""
        waiter = Waiter(proposal, deadline, asyncio.get_running_loop().create_future())
        self._queues.add(waiter)
        self._start(proposal.days)
        return await waiter.answer

    def _start(self, days: Iterable[DayKey]) -> None:
        for key in sorted(days):
            if batch := self._queues.take(key):
                task = asyncio.create_task(self._decide_together(batch))
                self._batches[task] = batch
                task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[None]) -> None:
        batch = self._batches.pop(task)
        error = None if task.cancelled() else task.exception()
        for waiter in batch.waiting():
            waiter.fail(error)
        self._queues.release(batch.days)
        self._start(batch.days)

    async def _decide_together(self, batch: Batch) -> None:
        """Give every waiter of a batch its answer, however many tries that takes."""
        retries = _Retries(self._random)
        while waiters := batch.waiting():
            try:
                async with asyncio.timeout_at(max(waiter.deadline for waiter in waiters)):
                    await self._try(batch, first=not retries.made)
            except (Stale, Unavailable, TimeoutError):
                self._memory.forget(batch.days)
                await retries.pause()

    async def _try(self, batch: Batch, *, first: bool) -> None:
        """Decide in order of arrival, write it all at once, and only then answer."""
        state = self._memory.recall(batch.days) if first else None
        remembered = state is not None
        if state is None:
            # Receipts need no read up front: the first commit finds out if there is one.
            proposals = () if first else (waiter.proposal for waiter in batch.waiting())
            state = await self._load(batch.days, _receipt_keys(proposals))
        draft = Draft(state, values(state.days), remembered=remembered)
        answers = [(waiter, draft.decide(waiter.proposal)) for waiter in batch.waiting()]
        if writes := draft.writes():
            versions = await self._store.commit(writes, list(draft.receipts.values()))
            self._memory.keep({key: Stored(draft.days[key], versions[key]) for key in versions})
        for waiter, answer in answers:
            waiter.tell(answer)

    async def _load(self, days: Collection[DayKey], receipts: Collection[str]) -> State:
        async with self._store.snapshot() as snapshot:
            state = await snapshot.load(days, receipts)
        self._memory.keep(state.days)
        return state


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a look at the store showed; `to_be_made` where a commit must still make it so."""

    outcome: Outcome
    to_be_made: bool = False


@dataclass(slots=True)
class _Retries:
    """Counts tries, and steps aside between them, so that rivals do not meet again in step."""

    random: Random
    made: int = 0

    async def pause(self) -> None:
        """Wait for a random while, on average twice as long each time."""
        longest = FIRST_PAUSE_SECONDS * 2 ** min(self.made, PAUSE_DOUBLINGS)
        self.made += 1
        await asyncio.sleep(self.random.uniform(0, longest))


def _receipt_keys(proposals: Iterable[Proposal]) -> set[str]:
    return {p.idempotency.key for p in proposals if p.idempotency}
