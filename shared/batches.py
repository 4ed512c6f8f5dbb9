"""Who waits for which days, and who may be decided together.

Plain bookkeeping of one event loop: nothing here awaits, so nothing here can be interrupted.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from shared.models import DayKey
from shared.outcomes import Accepted
from shared.proposals import Proposal

MOST_TOGETHER = 200
"""How many are decided at once; a commit of them stays far below Firestore's limit of 10 MiB."""


@dataclass(eq=False, slots=True)
class Waiter:
    """A proposal whose request waits for an answer until `deadline`, in the loop's time.

    The answer None says: not to be granted on these days, look for yourself.
    """

    proposal: Proposal
    deadline: float
    answer: asyncio.Future[Accepted | None]

    def tell(self, answer: Accepted | None) -> None:
        """Answer, if the request still waits."""
        if not self.answer.done():
            self.answer.set_result(answer)

    def fail(self, error: BaseException | None) -> None:
        """Pass on why there will be no answer; None means that the work was cancelled."""
        if error is None:
            self.answer.cancel()
        elif not self.answer.done():
            self.answer.set_exception(error)


@dataclass(eq=False, slots=True)
class Batch:
    """Waiters that are decided together, in order of arrival, holding all of `days`."""

    days: frozenset[DayKey]
    waiters: list[Waiter]

    def waiting(self) -> list[Waiter]:
        """Those who have no answer yet and have not gone away."""
        return [waiter for waiter in self.waiters if not waiter.answer.done()]


@dataclass(slots=True)
class Queues:
    """One queue for each day, in order of arrival; whoever needs two days stands in both.

    A batch takes all its days at once or none, and only for a waiter who is first in each of
    its queues. The one who has waited longest of all is first everywhere, so there is always
    somebody whose turn comes when days are released: no deadlock, nobody waits for ever.
    """

    _waiting: dict[DayKey, deque[Waiter]] = field(default_factory=dict)
    _held: set[DayKey] = field(default_factory=set)

    def add(self, waiter: Waiter) -> None:
        """Let a waiter stand in the queues of its days."""
        for key in waiter.proposal.days:
            self._waiting.setdefault(key, deque()).append(waiter)

    def take(self, key: DayKey) -> Batch | None:
        """Hold the days that the first in this day's queue needs, if it is its turn."""
        queue = self._waiting.get(key)
        if not queue:
            return None
        days = queue[0].proposal.days
        if days & self._held or not self._is_first(queue[0]):
            return None
        self._held |= days
        return Batch(days, list(islice(self._leave(days), MOST_TOGETHER)))

    def release(self, days: frozenset[DayKey]) -> None:
        """Give back the days of a batch that has ended."""
        self._held -= days

    def _is_first(self, waiter: Waiter) -> bool:
        return all(self._waiting[key][0] is waiter for key in waiter.proposal.days)

    def _leave(self, days: frozenset[DayKey]) -> Iterator[Waiter]:
        """Take out, from the front, all whose turn it is and who need no other day."""
        for key in sorted(days):
            while queue := self._waiting.get(key):
                waiter = queue[0]
                if not waiter.proposal.days <= days or not self._is_first(waiter):
                    break
                self._remove_first(waiter)
                yield waiter

    def _remove_first(self, waiter: Waiter) -> None:
        for key in waiter.proposal.days:
            self._waiting[key].popleft()
            if not self._waiting[key]:
                del self._waiting[key]
