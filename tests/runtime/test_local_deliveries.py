"""Deliveries that a server makes by itself, on a clock of the tests' own."""

import asyncio
import logging
from collections.abc import Sequence

import pytest

from shared.notifications.deliverer import Report
from shared.runtime.local_deliveries import deliver_until
from shared.store.port import StoreUnavailable
from tests.simulated_loop import now, simulated

DOWN = StoreUnavailable("locked")
BUG = RuntimeError("secret")


class Runs:
    """Runs that each come to something, until the last one, within which all is stopped."""

    def __init__(self, *results: Report | Exception, seconds: float = 0) -> None:
        self.stopped = asyncio.Event()
        self.times: list[float] = []
        self.ended = 0
        self._results = list(results)
        self._seconds = seconds

    async def run(self, seconds: float) -> Report:
        assert seconds == 1.0
        self.times.append(now())
        result = self._results.pop(0)
        if not self._results:
            self.stopped.set()
        await asyncio.sleep(self._seconds)
        self.ended += 1
        if isinstance(result, Exception):
            raise result
        return result

    async def all(self) -> Sequence[float]:
        """When each of them began."""
        await deliver_until(self.stopped, self.run)
        return self.times


@simulated
async def test_a_run_begins_half_a_second_after_the_last_one_has_ended() -> None:
    assert await Runs(Report(), Report(1), Report(), seconds=2).all() == [0, 2.5, 5]


@simulated
async def test_pauses_grow_while_nothing_can_be_delivered_and_are_short_again_then() -> None:
    results = (DOWN, BUG, DOWN, DOWN, DOWN, DOWN, Report(), Report(), BUG, Report())
    assert await Runs(*results).all() == [0, 1, 3, 7, 15, 23, 31, 31.5, 32, 33]


@simulated
async def test_what_is_being_sent_is_sent_before_it_ends_and_nothing_is_begun() -> None:
    runs = Runs(Report(), seconds=10)
    await runs.all()
    assert (runs.ended, now()) == (1, 10)


@simulated
async def test_nobody_waits_for_the_end_of_a_pause() -> None:
    runs = Runs(Report(), Report())
    delivering = asyncio.create_task(deliver_until(runs.stopped, runs.run))
    await asyncio.sleep(0.25)
    runs.stopped.set()
    await delivering
    assert (runs.ended, now()) == (1, 0.25)


def test_what_was_done_is_logged_and_what_was_not_without_what_an_error_quotes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "appointments")

    @simulated
    async def run() -> None:
        await Runs(Report(), Report(2, 1, 3.25), DOWN, BUG).all()

    run()
    assert [(line.levelname, line.getMessage()) for line in caplog.records] == [
        ("INFO", "2 delivered, 1 failed, the oldest 3.2 s old"),
        ("WARNING", "events wait: StoreUnavailable: locked"),
        ("ERROR", "events were not delivered; RuntimeError"),
    ]
