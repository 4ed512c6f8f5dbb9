"""An event loop that opens a gate whenever nothing else can run."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context, copy_context
from heapq import heappop, heappush
from itertools import repeat
from typing import Any, Final, TypeVar

from tests.proof.gates import Gates
from tests.proof.promises import Broken
from tests.simulated_loop import SimulatedLoop

T = TypeVar("T")

MOST_TURNS: Final = 100_000


class Turn:
    """Something that will be done next, or at a time, unless it is cancelled."""

    __slots__ = ("args", "callback", "context")

    def __init__(
        self, callback: Callable[..., object], args: tuple[Any, ...], context: Context
    ) -> None:
        self.callback: Callable[..., object] | None = callback
        self.args = args
        self.context = context

    def cancel(self) -> None:
        """Do not do it."""
        self.callback = None


class GatedLoop(SimulatedLoop):
    """Opens a gate whenever nothing can run; lets time pass where there is none, or if told.

    It runs what is ready in the order that asyncio promises, and does no more about it than
    tasks, futures, sleeps and timeouts need: hundred thousands of runs are worth that.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gates: Gates | None = None
        self._turns: deque[Turn] = deque()
        self._timers: list[tuple[float, int, Turn]] = []
        self._timers_ever = 0
        self._context = copy_context()

    def restart(self, gates: Gates) -> None:
        """Begin anew, at 0 s."""
        self.gates = gates
        self.complaints.clear()
        self._turns.clear()
        self._timers.clear()
        self._timers_ever = 0
        self._now = 0.0

    def busy(self) -> bool:
        """Whether anything but its caller still runs, or waits for a time."""
        return bool(self._turns) or any(timer.callback for _, _, timer in self._timers)

    def run_until_complete(self, main: Awaitable[T]) -> T:  # type: ignore[override]
        """Run until this is done."""
        asyncio._set_running_loop(self)  # noqa: SLF001 - meant for whoever writes a loop
        try:
            task = asyncio.ensure_future(main, loop=self)
            turns = self._turns
            while not task.done():
                for _ in repeat(None, MOST_TURNS):
                    if not turns:
                        break
                    turn = turns.popleft()
                    if turn.callback is not None:
                        turn.context.run(turn.callback, *turn.args)
                else:
                    raise Broken("it runs and runs, and asks the store for nothing")
                if not task.done():
                    self._wake()
            return task.result()
        finally:
            asyncio._set_running_loop(None)  # noqa: SLF001

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> Turn:
        """Do it next."""
        turn = Turn(callback, args, context or self._context)
        self._turns.append(turn)
        return turn

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: object
    ) -> Turn:
        """Do it then."""
        timer = Turn(callback, args, self._context)
        self._timers_ever += 1
        heappush(self._timers, (when, self._timers_ever, timer))
        return timer

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: object
    ) -> Turn:
        """Do it after a while."""
        return self.call_at(self._now + delay, callback, *args)

    def create_task(self, coro: Coroutine[Any, Any, T], **_: object) -> asyncio.Task[T]:  # type: ignore[override]
        """A task of this loop."""
        return asyncio.Task(coro, loop=self, context=self._context)

    def _wake(self) -> None:
        timers = self._timers
        while timers and timers[0][2].callback is None:
            heappop(timers)
        left = timers[0][0] - self._now if timers else None
        if self.gates and self.gates.open_one(left):
            return
        self.select(left)
        while timers and timers[0][0] <= self._now:
            self._turns.append(heappop(timers)[2])
