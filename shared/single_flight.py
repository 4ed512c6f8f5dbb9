"""Work that many wait for, and that is done once for all of them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Work of which one run is under way at most.

    Wait for a run with `asyncio.shield`, so that a waiter who gives up does not end it for others.
    """

    def __init__(self, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._work = work
        self._task: asyncio.Task[T] | None = None

    @property
    def under_way(self) -> asyncio.Task[T] | None:
        """The run that is under way, if there is one."""
        return self._task

    def run(self) -> asyncio.Task[T]:
        """Return the run that is under way, or begin one."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())
            self._task.add_done_callback(self._end)
        return self._task

    def _end(self, task: asyncio.Task[T]) -> None:
        self._task = None
        _ = task.cancelled() or task.exception()  # Retrieved, so not reported as lost.
