"""An event loop with a clock of its own: no real time passes, and a seed fixes every order."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from random import Random
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LONGEST_SECONDS = 3600


class Deadlock(AssertionError):
    """Everybody waits for ever."""


class SimulatedLoop(asyncio.BaseEventLoop):
    """Jumps from timer to timer, starting at 0 s.

    Without a seed, callbacks run in the order that asyncio promises. With one, all that are
    ready at the same time are shuffled: the same seed gives the same order.
    """

    _ready: deque[asyncio.Handle]

    def __init__(self, seed: int | None = None) -> None:
        super().__init__()
        self.complaints: list[str] = []
        self._now = 0.0
        self._random = None if seed is None else Random(seed)  # noqa: S311 - to be repeated
        self._selector = self

    def time(self) -> float:
        """Seconds of simulated time."""
        return self._now

    def select(self, timeout: float | None) -> Sequence[object]:
        """Called by the base class where a real loop would wait for the operating system."""
        if timeout is None:
            raise Deadlock("nothing is left that could wake anybody")
        self._now += timeout
        if timeout and self._now > LONGEST_SECONDS:
            raise Deadlock("it goes on and on")
        if self._random and len(self._ready) > 1:
            self._random.shuffle(self._ready)
        return ()

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what a real loop would only log, such as an exception that nobody saw."""
        self.complaints.append(f"{context['message']}: {context.get('exception')!r}")

    def _process_events(self, event_list: Sequence[object]) -> None:
        """No input and no output happens here."""

    def _write_to_self(self) -> None:
        """Nobody waits in `select`, so nobody needs to be woken."""


def simulate(main: Coroutine[Any, Any, T], seed: int | None = None) -> T:
    """Run a coroutine to its end on a loop of its own, and insist on no complaint."""
    loop = SimulatedLoop(seed)
    try:
        result = loop.run_until_complete(main)
    finally:
        _end_tasks(loop)
        loop.close()
    assert not loop.complaints, loop.complaints
    return result


def simulated(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Make a test of an asynchronous function, with the order of callbacks kept."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        simulate(test(*args, **kwargs))

    return run


def now() -> float:
    """The time of the running loop."""
    return asyncio.get_running_loop().time()


def _end_tasks(loop: SimulatedLoop) -> None:
    while tasks := asyncio.all_tasks(loop):
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.wait(tasks))
    loop.run_until_complete(loop.shutdown_asyncgens())
