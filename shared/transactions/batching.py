"""Queues of commands by doctor-day, and the batches that are served together."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator
from itertools import islice
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

from shared.model.day import DayKey
from shared.store.usage import StoreUsage, charged, charged_to
from shared.transactions.command import Command

T = TypeVar("T")

MOST_TOGETHER = 200
"""The largest batch; its commit stays far below Firestore's limit of 10 MiB."""


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
    """Waiters that are served together, in order of arrival, and hold all of `days`."""

    days: frozenset[DayKey]
    waiters: list[Waiter[T]]

    def waiting(self) -> list[Waiter[T]]:
        """Return the waiters that have no answer yet and have not gone away."""
        return [waiter for waiter in self.waiters if not waiter.answer.done()]

    def usages(self) -> list[StoreUsage]:
        """Return the store usage of all its requests."""
        return [usage for waiter in self.waiters for usage in waiter.usages]


class Queues(Struct, Generic[T]):
    """One queue for each day, in order of arrival; a command for two days waits in both.

    Plain bookkeeping: nothing here awaits, so nothing here can be interrupted.

    A batch takes all its days at once or none, and only for a waiter that is first in each of its
    queues. The waiter that arrived first of all is first everywhere, so some batch can always
    start when days are released: no deadlock and no starvation.
    """

    _waiting: dict[DayKey, deque[Waiter[T]]] = field(default_factory=dict)
    _held: set[DayKey] = field(default_factory=set)

    def add(self, waiter: Waiter[T]) -> None:
        """Add a waiter to the queues of its days."""
        for key in waiter.command.days:
            self._waiting.setdefault(key, deque()).append(waiter)

    def take(self, key: DayKey) -> Batch[T] | None:
        """Start a batch for the first waiter of this day's queue; None if it has to wait."""
        queue = self._waiting.get(key)
        if not queue:
            return None
        days = queue[0].command.days
        if not (days.isdisjoint(self._held) and self._is_first(queue[0])):
            return None
        self._held |= days
        return Batch(days, list(islice(self._leave(days), MOST_TOGETHER)))

    def release(self, days: frozenset[DayKey]) -> None:
        """Release the days of a batch that has ended."""
        self._held -= days

    def _is_first(self, waiter: Waiter[T]) -> bool:
        return all(self._waiting[key][0] is waiter for key in waiter.command.days)

    def _leave(self, days: frozenset[DayKey]) -> Iterator[Waiter[T]]:
        """Remove, from the front, all waiters whose turn it is and that need no other day."""
        for key in sorted(days):
            while queue := self._waiting.get(key):
                waiter = queue[0]
                if not waiter.command.days <= days or not self._is_first(waiter):
                    break
                self._remove_first(waiter)
                yield waiter

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
        for key in sorted(days):
            if batch := self._queues.take(key):
                with charged_to(batch.usages()):  # A task begins with its maker's context.
                    task = asyncio.get_running_loop().create_task(self._serve(batch))
                self._batches[task] = batch
                task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Future[None]) -> None:
        batch = self._batches.pop(task)
        error = None if task.cancelled() else task.exception()
        for waiter in batch.waiting():
            waiter.fail(error)
        self._queues.release(batch.days)
        self._start(batch.days)
