"""What goes wrong while clients work: one fault after the other, chosen at random, all counted."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from random import Random
from typing import Any

import grpc  # type: ignore[import-untyped]

from tests.postgresql_server import PostgresqlServer
from tests.proof.exhausted import refusing_server
from tests.proof.processes import Freezing, Functions, Program
from tests.proof.proxy import Proxy

PAUSE_SECONDS = 0.1
CLOCK_HOURS = 11
"""At most, either way: so two clocks are never as far apart as a patient's changes count."""

Fault = Callable[[], Awaitable[None]]


class Faults:
    """Lets things fail until it is cancelled. `counts` tells what has failed how often."""

    def __init__(self, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self._random = Random(seed)  # noqa: S311 - to be repeated
        self._kinds: list[tuple[str, int, Fault]] = []

    def add(self, name: str, weight: int, fault: Fault) -> None:
        """Have one more kind of fault, so often in proportion to the others."""
        self._kinds.append((name, weight, fault))

    async def go_on(self, due: Callable[[int], bool]) -> None:
        """One fault after the other, each as soon as it is due, after so many."""
        weights = [weight for _, weight, _ in self._kinds]
        while True:
            await asyncio.sleep(self._random.uniform(0, PAUSE_SECONDS))
            if not due(self.counts.total()):
                continue
            ((name, _, fault),) = self._random.choices(self._kinds, weights)
            await _to_its_end(fault)
            self.counts[name] += 1

    # Kinds

    def of_network(self, proxies: Sequence[Proxy], between: str) -> None:
        """Of the connections that go through some proxies."""

        def any_proxy() -> Proxy:
            return self._random.choice(proxies)

        async def cut() -> None:
            any_proxy().cut()

        async def lose_answers() -> None:
            with any_proxy().losing_answers():
                await self._while(0.2)

        async def delay() -> None:
            with any_proxy().delaying(0.1):
                await self._while(0.3)

        async def refuse() -> None:
            proxy = any_proxy()
            async with proxy.refusing():
                proxy.cut()
                await self._while(0.3)

        self.add(f"connections cut, {between}", 10, cut)
        self.add(f"answers lost, {between}", 10, lose_answers)
        self.add(f"delays, {between}", 5, delay)
        self.add(f"connections refused, {between}", 3, refuse)

    def of_processes(self, processes: Sequence[Functions]) -> None:
        """Of the functions: killed and started again, frozen, with a wrong clock."""

        async def kill() -> None:
            await asyncio.to_thread(self._random.choice(processes).restart)

        async def jump() -> None:
            hours = self._random.uniform(-CLOCK_HOURS, CLOCK_HOURS)
            self._random.choice(processes).set_clock(hours * 3600)

        async def update() -> None:
            process = self._random.choice(processes)
            process.update_zones(later=self._random.random() < 0.5)
            await asyncio.to_thread(process.restart)

        self.add("function processes killed (-9)", 2, kill)
        self.add("time-zone data exchanged, with a restart", 1, update)
        self.add("function processes frozen", 2, self._freezing(processes, 1))
        self.add("clock jumps", 5, jump)

    def of_emulator(self, emulator: Program, proxy: Proxy) -> None:
        """Of Firestore itself: silent for seconds, out of quota, without a server."""
        self.add("emulator frozen", 1, self._freezing([emulator], 2))
        for code in ("RESOURCE_EXHAUSTED", "UNAVAILABLE"):
            self.add(code, 1, self._refusing(code, proxy))

    def of_database(self, server: PostgresqlServer) -> None:
        """Of PostgreSQL: silent for seconds, killed, or ending connections and what they do."""

        async def kill() -> None:
            await asyncio.to_thread(server.restart)

        async def terminate() -> None:
            await asyncio.to_thread(server.end_connections)

        self.add("database frozen", 1, self._freezing([server], 2))
        self.add("database killed (-9)", 1, kill)
        self.add("connections ended by the database", 2, terminate)

    def _freezing(self, programs: Sequence[Freezing], seconds: float) -> Fault:
        async def freeze() -> None:
            program = self._random.choice(programs)
            program.freeze()
            try:
                await self._while(seconds)
            finally:
                program.thaw()

        return freeze

    def _refusing(self, code: str, proxy: Proxy) -> Fault:
        async def refuse() -> None:
            async with refusing_server(grpc.StatusCode[code]) as (port, _):
                with proxy.leading_to(port):
                    await self._while(0.5)

        return refuse

    async def _while(self, longest: float) -> None:
        await asyncio.sleep(self._random.uniform(longest / 4, longest))


async def _to_its_end(fault: Fault) -> None:
    """Let a fault end, also once no more are wanted: threads that do a part of it would go on."""
    going = asyncio.ensure_future(fault())
    try:
        await asyncio.shield(going)
    finally:
        await going


async def meanwhile(failing: asyncio.Task[None], working: asyncio.Future[Any]) -> None:
    """Let things fail until some work is done, and pass on why either failed if it did.

    Work ends with the faults: if one of them failed, it may wait for what is never started again.
    """
    await asyncio.wait([failing, working], return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        working.cancel()
        await asyncio.wait([working])
    await stopped(failing)
    await working


async def stopped(task: asyncio.Task[None]) -> None:
    """End a task, and pass on why it failed if it did."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
