"""A store for the tests of the coordinator and of queries: its calls go wrong where told to."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection
from functools import partial
from random import Random
from typing import Any, Literal, Protocol, TypeVar

from shared.model.day import DayKey, DaySchedule
from shared.store.port import Keys, StoreRefused, StoreUnavailable
from shared.transactions.coordinator import Coordinator
from tests.simulated_store import Port, SimulatedStore

T = TypeVar("T")


class Step(Protocol):
    """How one call goes. `effect` does it, all at once, and returns its answer."""

    async def __call__(self, effect: Callable[[], T], /) -> T: ...


async def prompt(effect: Callable[[], T]) -> T:
    """As it should be."""
    await asyncio.sleep(0)
    return effect()


async def fails_before(effect: Callable[[], T]) -> T:  # noqa: ARG001 - it never happens
    """No answer, and no effect."""
    await asyncio.sleep(0)
    raise StoreUnavailable("it did not happen")


async def fails_after(effect: Callable[[], T]) -> T:
    """No answer, but the effect."""
    await asyncio.sleep(0)
    effect()
    raise StoreUnavailable("it did happen")


async def fails_for_good(effect: Callable[[], T]) -> T:  # noqa: ARG001 - it never happens
    """The store says no."""
    await asyncio.sleep(0)
    raise StoreRefused("no permission")


async def hangs(effect: Callable[[], T]) -> T:  # noqa: ARG001 - it never happens
    """No answer ever, and no effect."""
    never: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    return await never


def slow(seconds: float) -> Step:
    """The effect now, the answer later."""

    async def step(effect: Callable[[], T]) -> T:
        answer = effect()
        await asyncio.sleep(seconds)
        return answer

    return step


def after(interruption: Callable[[], None]) -> Step:
    """Somebody else does something first."""

    async def step(effect: Callable[[], T]) -> T:
        await asyncio.sleep(0)
        interruption()
        return effect()

    return step


class ScriptedStore(SimulatedStore, Port):
    """Its calls take the steps of the scripts, then go `otherwise`; `read` are the days read."""

    def __init__(self, *days: DaySchedule, otherwise: Step = prompt) -> None:
        SimulatedStore.__init__(self, *days)
        Port.__init__(self, self)
        self.read: list[DayKey] = []
        self.loads = self.commits = 0
        self.on_load: deque[Step] = deque()
        self.on_commit: deque[Step] = deque()
        self._otherwise = otherwise

    async def call(
        self,
        verb: Literal["load", "commit"],
        touches: Collection[object],  # noqa: ARG002
        do: Callable[..., Any],
        *arguments: Any,  # noqa: ANN401 - what the call is given
    ) -> Any:  # noqa: ANN401 - what the call answers
        """Count it, and take a step."""
        script = self.on_load if verb == "load" else self.on_commit
        if verb == "load":
            self.loads += 1
            self.read += [key for k in arguments if isinstance(k, Keys) for key in sorted(k.days)]
        else:
            self.commits += 1
        step = script.popleft() if script else self._otherwise
        return await step(partial(do, *arguments))

    def days_read(self) -> list[str]:
        """The days that were read, in order."""
        return [f"{key.doctor_id} {key.day}" for key in self.read]

    def ids(self) -> list[str]:
        """The ids of all booked appointments, by day and start."""
        return [
            appointment.id
            for key in sorted(self.days)
            for appointment in self.days[key].value.appointments
            if appointment.status == "booked"
        ]


def instance(store: ScriptedStore, seed: int = 0) -> Coordinator:
    """An instance whose requests give up after 10 s."""
    return Coordinator(store, 10, Random(seed))  # noqa: S311 - jitter is no secret
