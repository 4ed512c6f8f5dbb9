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

from shared.model.appointment import Appointment
from shared.model.day import DayKey
from shared.model.idempotency import IdempotencyRecord
from shared.model.opening import Opening
from shared.queries.appointments import find_appointment
from shared.queries.openings import next_openings
from shared.rules.outcomes import (
    Accepted,
    AlreadyApplied,
    KeyReused,
    NeedsDays,
    Outcome,
    Replayed,
    TimeUnavailable,
)
from shared.store.port import (
    Snapshot,
    State,
    Store,
    Stored,
    StoreRefused,
    StoreUnavailable,
    VersionConflict,
)
from shared.store.usage import count_attempt
from shared.transactions.batching import Batch, Batcher, Waiter
from shared.transactions.command import Command
from shared.transactions.day_cache import DayCache
from shared.transactions.plan import BatchPlan, used_record, values

FIRST_PAUSE_SECONDS = 0.004
PAUSE_DOUBLINGS = 6

_Answer = Accepted | NeedsDays | None
"""None: it is not to be granted on what is known here, or not on that alone."""


class Coordinator:
    """Decides proposals on the days of a store. One per instance, in one event loop."""

    def __init__(self, store: Store, deadline_seconds: float, random: Random) -> None:
        self._store = store
        self._deadline_seconds = deadline_seconds
        self._random = random
        self._day_cache = DayCache()
        self._commits: Batcher[_Answer] = Batcher(self._decide_together)
        self._looks: Batcher[_Seen] = Batcher(self._look_together)

    async def run(self, command: Command) -> Outcome:
        """Decide a proposal and, where it is granted, make it so.

        Raises `Unavailable` at the deadline, and `Failed` where the store refuses to work.
        After either the change may have happened, if a commit was never answered.
        """
        deadline = self._deadline()
        try:
            async with asyncio.timeout_at(deadline):
                return await self._run(command, deadline)
        except TimeoutError:
            message = f"no certain answer within {self._deadline_seconds:g} s"
            raise StoreUnavailable(message) from None

    async def preview(self, command: Command) -> Outcome:
        """What a proposal would come to now. Decided on one snapshot; nothing is written."""
        return (await self._looks.enter(command, self._deadline())).outcome

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._deadline_seconds

    async def _run(self, command: Command, deadline: float) -> Outcome:
        retries = _Retries(self._random)
        while True:
            outcome: Outcome | None = await self._commits.enter(command, deadline)
            if outcome is None:
                outcome = await self._looked_at(command, deadline, retries)
            if not isinstance(outcome, NeedsDays | None):
                return outcome
            if isinstance(outcome, NeedsDays):
                if outcome.days <= command.days:
                    self._day_cache.forget(command.days)
                    await retries.pause()
                command = replace(command, days=outcome.days)

    async def _looked_at(
        self, command: Command, deadline: float, retries: "_Retries"
    ) -> Outcome | None:
        """What the store says to a proposal; None: it is to be made, or nothing was seen."""
        try:
            seen = await self._looks.enter(command, deadline)
        except StoreUnavailable:
            await retries.pause()
            return None
        return None if seen.to_be_made else seen.outcome

    # Looking

    async def _look_together(self, batch: Batch["_Seen"]) -> None:
        """Decide every waiter of a batch on one snapshot, each by itself, and write nothing."""
        deadline = _latest(batch.waiters)
        async with asyncio.timeout_at(deadline), self._store.snapshot() as snapshot:
            keys = _record_keys(waiter.command for waiter in batch.waiting())
            state = await snapshot.load(batch.days, keys)
            self._day_cache.keep(state.days)
            look = _Look(snapshot, state)
            for waiter in batch.waiting():
                waiter.tell(await look.at(waiter.command))

    # Committing

    async def _decide_together(self, batch: Batch[_Answer]) -> None:
        """Give every waiter of a batch its answer, however many tries that takes."""
        retries = _Retries(self._random)
        while waiters := batch.waiting():
            try:
                async with asyncio.timeout_at(_latest(waiters)):
                    await self._try(batch, first=not retries.made)
            except (VersionConflict, StoreUnavailable, TimeoutError):
                self._day_cache.forget(batch.days)
                await retries.pause()

    async def _try(self, batch: Batch[_Answer], *, first: bool) -> None:
        """Decide in order of arrival, write it all at once, and only then answer."""
        if first:
            # Receipts need no read up front: the commit finds out if there is one.
            known = self._day_cache.recall(batch.days)
            fresh = await self._load(batch.days - known.keys(), ())
            state = State(known | fresh.days, {})
        else:
            commands = (waiter.command for waiter in batch.waiting())
            state = await self._load(batch.days, _record_keys(commands))
        plan = BatchPlan(state, values(state.days))
        answers = [(waiter, plan.decide(waiter.command)) for waiter in batch.waiting()]
        if writes := plan.writes():
            count_attempt(len(answers))
            versions = await self._store.commit(writes, list(plan.records.values()))
            self._day_cache.keep({key: Stored(plan.days[key], versions[key]) for key in versions})
        for waiter, answer in answers:
            waiter.tell(answer)

    async def _load(self, days: Collection[DayKey], records: Collection[str]) -> State:
        if not days:
            return State({}, {})
        async with self._store.snapshot() as snapshot:
            state = await snapshot.load(days, records)
        self._day_cache.keep(state.days)
        return state


class _Seen(Struct, frozen=True):
    """What a look at the store showed; `to_be_made` where a commit must still make it so."""

    outcome: Outcome
    to_be_made: bool = False


class _Look(Struct):
    """Decides on one snapshot: a refusal, a replay, or what has been made before is certain."""

    snapshot: Snapshot
    state: State
    openings: dict[TimeUnavailable, tuple[Opening, ...]] = field(default_factory=dict)

    async def at(self, command: Command) -> _Seen:
        """What a proposal comes to."""
        if record := used_record(command, self.state):
            return _Seen(await self._answer_of(record, command))
        days = {key: self.state.days[key].value for key in command.days}
        _, outcome = command.decide(days)
        if isinstance(outcome, AlreadyApplied):
            outcome = Accepted(await self._appointment(command.appointment_id))
            return _Seen(outcome)
        if isinstance(outcome, TimeUnavailable):
            return _Seen(replace(outcome, openings=await self._openings(outcome)))
        return _Seen(outcome, to_be_made=isinstance(outcome, Accepted))

    async def _answer_of(self, record: IdempotencyRecord, command: Command) -> Outcome:
        """What a used key means: this try made it, an earlier request did, or another one."""
        own = command.record()
        if own is None or own.fingerprint != record.fingerprint:
            return KeyReused()
        appointment = await self._appointment(record.appointment_id)
        return Accepted(appointment) if record == own else Replayed(appointment)

    async def _appointment(self, appointment_id: str) -> Appointment:
        """An appointment that must be there; mostly it lies on a day that was loaded."""
        for stored in self.state.days.values():
            if found := stored.value.find(appointment_id):
                return found
        if found := await find_appointment(self.snapshot, appointment_id):
            return found
        message = f"{appointment_id} was acknowledged and is not there: was the data changed?"
        raise StoreRefused(message)

    async def _openings(self, refusal: TimeUnavailable) -> tuple[Opening, ...]:
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


def _record_keys(commands: Iterable[Command]) -> set[str]:
    return {p.idempotency.key for p in commands if p.idempotency}
