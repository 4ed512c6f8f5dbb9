"""The one way to write: load, decide, commit if nothing has changed, else again.

    request       this instance            store
       |  command        |                   |
       |---------------->| wait for the day  |   others that wait for it join the batch
       |                 | load, or use the  |   a day that was read or written before
       |                 | cache <- - - - - >|
       |                 | decide, in order  |   pure, so it may run again
       |                 | commit ---------->|   every write: "if it is still as I read it"
       |                 |                   |
       |   granted <-----|<- committed ------|
       |                 |<- conflict -------|   nothing was written: load, decide again
       |                 |   (no answer)     |   written or not: load, and see
       |                 |                   |
       |                 | if refused: read  |   a refusal is decided on a snapshot read for it
       |   refusal <-----|<----------------->|

Why nothing is booked twice: an acceptance takes effect only by a commit, and the store applies a
commit only to the very days that it was decided on. Whatever is cached, retried, answered late or
never answered can cost an attempt, but not the rule.

Why nothing acknowledged is lost: the answer is given after the store has said "committed", or
after the appointment was found on a day read from the store.

Why a refusal is true: what is booked, held and overridden, and the account of the patient, are read
for it after the request has arrived. It is never based on cached ones, or on what others of the
batch have not committed yet. What the clinic offers is no part of that, for acceptances either:
doctors, services and the policy come with the command, as the instance knows them, mostly of the
last minute.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from math import inf
from random import Random
from typing import Any, TypeVar

from msgspec.structs import replace

from shared.model.day import DayKey
from shared.model.doctor_days import MOST_DAYS_TOUCHED
from shared.model.elsewhere import ElsewhereKey
from shared.model.patient_key import PatientKey
from shared.rules.events import Telling
from shared.rules.outcomes import AlreadyApplied, NeedsDocuments, Outcome
from shared.store.port import (
    Keys,
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
from shared.transactions.document_cache import DocumentCache
from shared.transactions.plan import Answer, BatchPlan, changed_patients
from shared.transactions.retries import Retries
from shared.transactions.snapshot_decisions import SnapshotDecision, SnapshotDecisions

T = TypeVar("T")

MOST_DAYS_OF_A_MOVE = 1 + 2 * MOST_DAYS_TOUCHED
"""The day of its birth, and all that an appointment leaves and comes to."""

MOST_REFUSALS = 16
"""As many in a row as it takes to find a few commands at fault among two hundred."""


class Coordinator:
    """Decides commands on the days of a store. One for each instance, in one event loop."""

    def __init__(
        self,
        store: Store,
        deadline_seconds: float,
        random: Random,
        telling: Telling | None = None,
    ) -> None:
        self._store = store
        self._telling = telling
        self._deadline_seconds = deadline_seconds
        self._random = random
        self._cache = DocumentCache()
        self._said_at, self._said = -inf, ""  # When and why the store last gave no answer.
        self._commits: Batcher[Answer] = Batcher(self._commit_batch)
        self._snapshots: Batcher[SnapshotDecision] = Batcher(self._decide_batch)

    async def run(self, command: Command) -> Outcome:
        """Decide a command and, if it is granted, commit it.

        Raises StoreUnavailable at the deadline, and StoreRefused if the store refuses to work.
        After either, the change may have happened if a commit was never answered.
        """
        return await self._in_time(lambda deadline: self._run(command, deadline))

    async def preview(self, command: Command) -> Outcome:
        """Tell what a command would come to now, decided on one snapshot. Writes nothing.

        Raises like `run`.
        """
        return await self._in_time(lambda end: self._preview(command, end))

    async def _in_time(self, work: Callable[[float], Awaitable[T]]) -> T:
        began_at = asyncio.get_running_loop().time()
        deadline = began_at + self._deadline_seconds
        try:
            async with asyncio.timeout_at(deadline):
                return await work(deadline)
        except TimeoutError:
            why = f": {self._said}" if self._said_at > began_at else ""
            message = f"no certain answer within {self._deadline_seconds:g} s{why}"
            raise StoreUnavailable(message) from None

    def _note(self, error: StoreUnavailable) -> None:
        self._said_at, self._said = asyncio.get_running_loop().time(), str(error)

    async def _run(self, command: Command, deadline: float) -> Outcome:
        retries = Retries(self._random)
        while True:
            outcome: Outcome | None = await self._commits.enter(command, deadline)
            if isinstance(outcome, AlreadyApplied):
                # Others may have cancelled or moved it since, so the snapshot must look for it.
                command = replace(command, elsewhere=command.elsewhere | command.births)
                outcome = None
            if outcome is None:
                outcome = await self._on_snapshot(command, deadline, retries)
            if isinstance(outcome, NeedsDocuments):
                if command.has(outcome):
                    self._cache.forget(command.days)
                    await retries.pause()
                command = command.on(outcome)
            elif outcome is not None:
                return outcome

    async def _preview(self, command: Command, deadline: float) -> Outcome:
        while True:
            outcome = (await self._snapshots.enter(command, deadline)).outcome
            if not isinstance(outcome, NeedsDocuments):
                return outcome
            command = command.on(outcome)

    async def _on_snapshot(
        self, command: Command, deadline: float, retries: Retries
    ) -> Outcome | None:
        """Return the certain outcome, or None if it must be committed or nothing was read."""
        try:
            decision = await self._snapshots.enter(command, deadline)
        except StoreUnavailable as error:
            self._note(error)
            await retries.pause()
            return None
        return None if decision.to_commit else decision.outcome

    async def _decide_batch(self, batch: Batch[SnapshotDecision]) -> None:
        """Give every command of a batch its decision, all on one snapshot if it can be read."""
        await _by_halves(batch, lambda part, _: self._decide_on_snapshot(part))

    async def _decide_on_snapshot(self, batch: Batch[SnapshotDecision]) -> None:
        """Decide every command of a batch on one snapshot, each on its own. Writes nothing."""
        deadline = _latest(batch.waiters)
        async with asyncio.timeout_at(deadline), self._store.snapshot() as snapshot:
            commands = [waiter.command for waiter in batch.waiting()]
            mark = self._cache.begin_read()
            state = await snapshot.load(_keys(batch.days, commands))
            self._cache.put(state.days, state.patients, mark)
            decisions = SnapshotDecisions.on(snapshot, state)
            for waiter in batch.waiting():
                try:
                    waiter.tell(await decisions.decide(waiter.command))
                except StoreRefused as error:  # What one of them reads is not the others' fault.
                    waiter.fail(error)

    async def _commit_batch(self, batch: Batch[Answer]) -> None:
        """Give every command of a batch its outcome, together if the store lets them."""
        await _by_halves(batch, lambda part, first: self._commit(replace(part), first=first))

    async def _commit(self, batch: Batch[Answer], *, first: bool) -> None:
        """Try until every waiter has its answer or is gone, or is to be committed alone."""
        retries, state, outdated = Retries(self._random), None, None
        while waiters := batch.waiting():
            try:
                async with asyncio.timeout_at(_latest(waiters)):
                    state = await (self._cached_state(batch) if first else self._fresh_state(batch))
                    if outdated:
                        _leave_out_wide(batch)
                        _leave_out(batch, changed_patients(outdated, state))
                    await self._attempt(batch, state)
            except (VersionConflict, StoreUnavailable, TimeoutError) as error:
                if isinstance(error, StoreUnavailable):
                    self._note(error)
                outdated = state if isinstance(error, VersionConflict) else None
                first = False
                self._cache.forget(batch.days | batch.patients)
                await retries.pause()

    async def _attempt(self, batch: Batch[Answer], state: State) -> None:
        """Decide in order of arrival, write it all at once, and only then answer.

        What would make the commit too large is left for the next attempt.
        """
        plan, answers = BatchPlan.on(state, self._telling), list[tuple[Waiter[Answer], Answer]]()
        for waiter in batch.waiting():
            if plan.is_full:
                break
            answers.append((waiter, plan.decide(waiter.command)))
        if plan.changes_anything:
            await self._write(plan, len(answers))
        for waiter, answer in answers:
            waiter.tell(answer)

    async def _write(self, plan: BatchPlan, commands: int) -> None:
        count_attempt(commands)
        versions = await self._store.commit(plan.writes())
        self._cache.put(
            {key: Stored(plan.days[key], versions[key]) for key in plan.changed},
            {key: Stored(plan.patients[key], versions[key]) for key in plan.booked},
        )

    async def _cached_state(self, batch: Batch[Answer]) -> State:
        """Load only what is not cached, and no records: the commit finds out if there is one."""
        commands = [waiter.command for waiter in batch.waiting()]
        patients = _patients(commands)
        known_days, known_patients = self._cache.get(batch.days), self._cache.get(patients)
        unknown = Keys(
            days=batch.days - known_days.keys(),
            elsewhere={key for command in commands for key in command.elsewhere},
            patients=patients - known_patients.keys(),
        )
        fresh = await self._load(unknown)
        return State(known_days | fresh.days, {}, fresh.elsewhere, known_patients | fresh.patients)

    async def _fresh_state(self, batch: Batch[Answer]) -> State:
        """Load everything, and where each appointment is that an earlier attempt may have made."""
        commands = [waiter.command for waiter in batch.waiting()]
        births = {key for command in commands for key in command.births}
        return await self._load(_keys(batch.days, commands, births))

    async def _load(self, keys: Keys) -> State:
        if not (keys.days or keys.elsewhere or keys.patients):
            return State()
        mark = self._cache.begin_read()
        async with self._store.snapshot() as snapshot:
            state = await snapshot.load(keys)
        self._cache.put(state.days, state.patients, mark)
        return state


async def _by_halves(batch: Batch[T], serve: Callable[[Batch[T], bool], Awaitable[None]]) -> None:
    """Serve a batch, together if the store lets them; `serve` is told if it is the first attempt.

    What it refuses for all of them may be the fault of one, or of what one of them reads: each
    half is then tried by itself, in order of arrival. After many refusals in a row it is the
    store's, and all that are left are refused.
    """
    left, refusals, first = [batch], 0, True
    while left:
        part, size = left.pop(0), 1  # Who is left out of a commit is committed alone.
        try:
            await serve(part, first)
            refusals = 0
        except StoreRefused as error:
            refusals += 1
            if refusals > MOST_REFUSALS:
                raise
            if len(part.waiters) == 1:
                part.waiters[0].fail(error)
            size = max(1, (len(part.waiting()) + 1) // 2)
        except TimeoutError:
            pass  # All of this part have given up by now; the time of the others may not be over.
        # Not the first attempt: one of them may have been committed, and not answered.
        first, left = False, [*_parts(part.waiting(), size), *left]


def _parts(waiters: Sequence[Waiter[T]], size: int) -> Iterator[Batch[T]]:
    """Yield batches of so many waiters, in order, which hold only the days of these."""
    for begin in range(0, len(waiters), size):
        some = list(waiters[begin : begin + size])
        yield Batch(frozenset[DayKey]().union(*(waiter.command.days for waiter in some)), some)


def _leave_out(batch: Batch[Answer], patients: Collection[PatientKey]) -> None:
    """Take out whoever concerns patients that others change, too, to be committed alone.

    So a busy account does not make all the others of a batch try again and again.
    """
    if len(batch.waiters) > 1:
        batch.waiters = [w for w in batch.waiters if w.command.patients.isdisjoint(patients)]


def _leave_out_wide(batch: Batch[Answer]) -> None:
    """Take out whoever needs many days, to be committed alone after all the others.

    So who needs a day that nobody else changes does not try again because of another one.
    """
    narrow = [w for w in batch.waiters if len(w.command.days) <= MOST_DAYS_OF_A_MOVE]
    batch.waiters = narrow or batch.waiters


def _latest(waiters: Sequence[Waiter[Any]]) -> float:
    return max(waiter.deadline for waiter in waiters)


def _keys(
    days: Collection[DayKey],
    commands: Sequence[Command],
    births: Collection[ElsewhereKey] = (),
) -> Keys:
    """Return the keys of all that decides commands, maybe with the births of appointments."""
    return Keys(
        days=days,
        records={command.idempotency.key for command in commands if command.idempotency},
        elsewhere={key for command in commands for key in command.elsewhere}.union(births),
        patients=_patients(commands),
    )


def _patients(commands: Iterable[Command]) -> set[PatientKey]:
    return {key for command in commands for key in command.patients}
