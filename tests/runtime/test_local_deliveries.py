"""Deliveries that a server makes by itself, on a clock of the tests' own."""

import asyncio
import json
import logging
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from shared.http.application import application
from shared.notifications.sending import Report
from shared.runtime.combined_application import function_routes
from shared.runtime.composition import clinic_file, open_dependencies
from shared.runtime.local_deliveries import deliver_until, local_deliveries
from shared.settings import NotificationSettings, Settings, read_settings
from shared.store.port import StoreUnavailable
from tests.notifications.receivers import NO_CONTENT, Receiver, receiver
from tests.simulated_loop import now, simulated

CLINIC = Path(__file__).parents[1] / "data" / "clinic.json"
BOOKING = {
    "doctor_id": "strange",
    "start": "2099-03-02T12:00:00Z",
    "duration_minutes": 30,
    "patient": {"name": "Ada Lovelace"},
}
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
        assert seconds == 20.0
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


def settings_of(folder: Path, server: Receiver) -> Settings:
    """The settings of a server on loopback that calls a hook."""
    return read_settings(
        {
            "STORE": f"sqlite:{folder}/a.db",
            "DOCTORS_FILE": str(CLINIC),
            "WEBHOOK_URLS": f"http://{server.address}/",
            "WEBHOOK_SECRET": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",
        }
    )


async def test_as_long_as_a_server_runs_what_happens_is_told_and_the_end_waits_for_it(
    tmp_path: Path,
) -> None:
    ending = asyncio.Event()

    async def answers_at_the_end(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ending.wait()
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async with receiver(answers_at_the_end) as server:
        settings = settings_of(tmp_path, server)
        dependencies = open_dependencies(settings, clinic_file(settings))
        routes = function_routes(dependencies)
        app = application(dependencies, routes, lambda: None, local_deliveries)
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://clinic.test") as client,
        ):
            booked = await client.post("/create_appointment", json=BOOKING)
            await server.wait_until_called()
            asyncio.get_running_loop().call_soon(ending.set)
        (request,) = server.requests
    assert json.loads(request.body)["data"] == booked.json()
    with closing(sqlite3.connect(tmp_path / "a.db")) as store:
        assert store.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


@pytest.mark.parametrize("changes", [{"proxied": True}, {"notifications": NotificationSettings()}])
async def test_where_a_scheduler_calls_or_nobody_is_told_nothing_runs(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    async with receiver(NO_CONTENT) as server:
        settings = replace(settings_of(tmp_path, server), **changes)
        dependencies = open_dependencies(settings, clinic_file(settings))
        before = asyncio.all_tasks()
        async with local_deliveries(dependencies):
            assert asyncio.all_tasks() == before
        await dependencies.close()
