"""Queues of commands by doctor-day, and the batches that are served together."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

from shared.model.day import DayKey
from shared.model.patient_key import PatientKey
from shared.store.usage import StoreUsage, charged, charged_context
from shared.transactions.command import Command

T = TypeVar("T")

MOST_TOGETHER = 200
"""The largest batch: Firestore lets one commit change so many documents, and many more."""


class Waiter(Struct, Generic[T], eq=False):
    """A command whose request waits for an answer until `deadline`, in the loop's time."""

    command: Command
    deadline: float
    answer: asyncio.Future[T]
    usages: Collection[StoreUsage] = ()

    def tell(self, answer: T) -> None:
        """Answer, if the request still waits."""
        if not self.answer.done():
            self.answer.set_result(answer)

    def fail(self, error: BaseException | None) -> None:
        """Tell why there will be no answer; None means that the work was cancelled."""
        if error is None:
            self.answer.cancel()
        elif not self.answer.done():
            self.answer.set_exception(error)


class Batch(Struct, Generic[T], eq=False):
    """Waiters that are served together, in order of arrival.

    They hold all of `days`, and all patients of their commands.
    """

    days: frozenset[DayKey]
    waiters: list[Waiter[T]]

    @property
    def patients(self) -> frozenset[PatientKey]:
        """The patients that it holds."""
        return frozenset(key for waiter in self.waiters for key in waiter.command.patients)

    def waiting(self) -> list[Waiter[T]]:
        """Return the waiters that have no answer yet and have not gone away."""
        return [waiter for waiter in self.waiters if not waiter.answer.done()]

    def usages(self) -> list[StoreUsage]:
        """Return the store usage of each of its requests, which may have several commands."""
        usages = (usage for waiter in self.waiters for usage in waiter.usages)
        return list({id(usage): usage for usage in usages}.values())


class Queues(Struct, Generic[T]):
    """One queue for each day, in order; a command for two days waits in both.

    Plain bookkeeping: nothing here awaits, so nothing here can be interrupted.

    A batch takes all its days at once or none, and only for a waiter that is first in each of its
    queues. If another batch holds the waiter's patient, the waiter leaves its queues, so that it
    blocks nobody, and parks. When the patient is released, it is promised to the one that parked
    first, which goes back to the front of all its queues.

    No deadlock: waiters enter at the end of all their queues at once, or at the front of all, so
    all queues are in one order. The first of that order is first everywhere; it waits for running
    batches only, for its days or, parked, for its patient.

    A waiter that needs many days, and cannot have them yet, lets those pass that need only one of
    these. They go with the next batch that holds their day, whatever that batch is for. It runs
    anyway, so they make nobody wait longer unless its commit has to be tried again.

    No starvation: a command concerns one patient at most, and nobody gets a patient that is
    promised to another. So a waiter parks once at most, and goes in front of others once at most:
    it waits for those that were there before it, and for as many as parked before its turn.
    """

    _waiting: dict[DayKey, deque[Waiter[T]]] = field(default_factory=dict)
    _held: set[DayKey] = field(default_factory=set)
    _patients_held: set[PatientKey] = field(default_factory=set)
    _promised: dict[PatientKey, Waiter[T]] = field(default_factory=dict)
    _parked: dict[PatientKey, deque[Waiter[T]]] = field(default_factory=dict)

    def add(self, waiter: Waiter[T]) -> None:
        """Add a waiter to the queues of its days."""
        for key in waiter.command.days:
            self._waiting.setdefault(key, deque()).append(waiter)

    def take(self, keys: Iterable[DayKey]) -> Iterator[Batch[T]]:
        """Start all batches that can start, now that these days are free or have new waiters."""
        due = sorted(keys, reverse=True)
        while due:
            waiter = self._next(due[-1])
            if waiter is None:
                due.pop()
            elif patient := self._unavailable(waiter):
                self._park(waiter, patient)
                due += sorted(waiter.command.days, reverse=True)
            else:
                yield self._batch(waiter.command.days)

    def release(self, batch: Batch[T]) -> set[DayKey]:
        """Release what a batch held; return the days on which another may start now."""
        self._held -= batch.days
        freed = {*batch.days}
        for key in sorted(batch.patients):  # In the same order in every process.
            self._patients_held.discard(key)
            if waiter := self._unpark(key):
                freed |= waiter.command.days
        return freed

    def _next(self, key: DayKey) -> Waiter[T] | None:
        """Return the first waiter of a day if all its days are free for it, else None."""
        queue = self._waiting.get(key)
        if not queue:
            return None
        waiter = queue[0]
        free = waiter.command.days.isdisjoint(self._held)
        return waiter if free and self._is_first(waiter) else None

    def _is_first(self, waiter: Waiter[T]) -> bool:
        return all(self._waiting[key][0] is waiter for key in waiter.command.days)

    def _batch(self, days: frozenset[DayKey]) -> Batch[T]:
        batch: Batch[T] = Batch(days, [])
        for key in sorted(days):
            self._leave(key, batch)
        self._held |= days
        for patient in batch.patients:
            self._patients_held.add(patient)
            self._promised.pop(patient, None)
        return batch

    def _leave(self, key: DayKey, batch: Batch[T]) -> None:
        """Move waiters of a day to a batch: all whose turn it is and that need no other day.

        Those whose patients are held elsewhere are parked. Behind one that has to wait for another
        day go those that need only this one.
        """
        while (queue := self._waiting.get(key)) and len(batch.waiters) < MOST_TOGETHER:
            waiter = queue[0]
            if not waiter.command.days <= batch.days or not self._is_first(waiter):
                self._overtake(key, queue, batch)
                return
            if patient := self._unavailable(waiter):
                self._park(waiter, patient)
                continue
            self._remove_first(waiter)
            batch.waiters.append(waiter)

    def _overtake(self, key: DayKey, queue: deque[Waiter[T]], batch: Batch[T]) -> None:
        """Move waiters that need only this day to a batch, from behind those that need others."""
        rest: deque[Waiter[T]] = deque()
        for waiter in queue:
            alone = len(waiter.command.days) == 1 and not self._unavailable(waiter)
            to = batch.waiters if alone and len(batch.waiters) < MOST_TOGETHER else rest
            to.append(waiter)
        self._waiting[key] = rest

    def _unavailable(self, waiter: Waiter[T]) -> PatientKey | None:
        """Return a patient of this waiter that is held by a batch or promised to another."""
        for key in waiter.command.patients:
            if key in self._patients_held or self._promised.get(key, waiter) is not waiter:
                return key
        return None

    def _park(self, waiter: Waiter[T], patient: PatientKey) -> None:
        self._remove_first(waiter)
        self._parked.setdefault(patient, deque()).append(waiter)

    def _unpark(self, patient: PatientKey) -> Waiter[T] | None:
        """Promise a patient to the first that parked for it, if there is one."""
        parked = self._parked.get(patient)
        if not parked:
            return None
        waiter = self._promised[patient] = parked.popleft()
        if not parked:
            del self._parked[patient]
        for key in waiter.command.days:
            self._waiting.setdefault(key, deque()).appendleft(waiter)
        return waiter

    def _remove_first(self, waiter: Waiter[T]) -> None:
        for key in waiter.command.days:
            self._waiting[key].popleft()
            if not self._waiting[key]:
                del self._waiting[key]


class Batcher(Generic[T]):
    """Serves commands that wait for the same days together, one batch at a time.

    `serve` answers every waiter of a batch; those that it leaves without an answer get its error.
    """

    def __init__(self, serve: Callable[[Batch[T]], Coroutine[Any, Any, None]]) -> None:
        self._serve = serve
        self._queues: Queues[T] = Queues()
        self._batches: dict[asyncio.Future[None], Batch[T]] = {}

    async def enter(self, command: Command, deadline: float) -> T:
        """Return the answer to a command, served in a batch that begins after this call."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        waiter: Waiter[T] = Waiter(command, deadline, answer, charged())
        self._queues.add(waiter)
        self._start(command.days)
        return await answer

    def _start(self, days: Iterable[DayKey]) -> None:
        for batch in self._queues.take(days):
            context = charged_context(batch.usages())
            task = asyncio.get_running_loop().create_task(self._serve(batch), context=context)
            self._batches[task] = batch
            task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Future[None]) -> None:
        batch = self._batches.pop(task)
        error = None if task.cancelled() else task.exception()
        for waiter in batch.waiting():
            waiter.fail(error)
        self._start(self._queues.release(batch))
