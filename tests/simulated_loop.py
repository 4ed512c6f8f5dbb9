"""An event loop with a clock of its own: no real time passes, and every order is fixed."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import closing
from contextvars import Context, copy_context
from functools import wraps
from heapq import heappop, heappush
from itertools import repeat
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LONGEST_SECONDS: Final = 3600
MOST_TURNS: Final = 100_000


class Deadlock(AssertionError):
    """Everybody waits for ever, or somebody never waits."""


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


class SimulatedLoop(asyncio.BaseEventLoop):
    """Runs what is ready in the order that asyncio promises, then jumps to the next timer.

    `idle` is asked before that, and told how long it is until the timer, if there is one: True
    if it has found something else to do. The loop does no more than tasks, futures, sleeps and
    timeouts need: hundred thousands of runs are worth that.
    """

    def __init__(self) -> None:
        super().__init__()
        self.complaints: list[str] = []
        self._context = copy_context()
        self._turns: deque[Turn] = deque()
        self._timers: list[tuple[float, int, Turn]] = []
        self.restart()

    def restart(self, idle: Callable[[float | None], bool] = lambda _: False) -> None:
        """Begin anew, at 0 s."""
        self._idle = idle
        self.complaints.clear()
        self._turns.clear()
        self._timers.clear()
        self._timers_ever = 0
        self._now = 0.0

    def time(self) -> float:
        """Seconds of simulated time."""
        return self._now

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
                    raise Deadlock("it runs and runs, and waits for nothing")
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

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what a real loop would only log, such as an exception that nobody saw."""
        self.complaints.append(f"{context['message']}: {context.get('exception')!r}")

    def _wake(self) -> None:
        timers = self._timers
        while timers and timers[0][2].callback is None:
            heappop(timers)
        if self._idle(timers[0][0] - self._now if timers else None):
            return
        if not timers:
            raise Deadlock("nothing is left that could wake anybody")
        self._now = max(self._now, timers[0][0])
        if self._now > LONGEST_SECONDS:
            raise Deadlock("it goes on and on")
        while timers and timers[0][0] <= self._now:
            self._turns.append(heappop(timers)[2])


def simulated(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a test on a loop of its own, and insist on no complaint."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with closing(SimulatedLoop()) as loop:
            try:
                loop.run_until_complete(test(*args, **kwargs))
            finally:
                while tasks := asyncio.all_tasks(loop):
                    for task in tasks:
                        task.cancel()
                    loop.run_until_complete(asyncio.wait(tasks))
            assert not loop.complaints, loop.complaints

    return run


def now() -> float:
    """The time of the running loop."""
    return asyncio.get_running_loop().time()
