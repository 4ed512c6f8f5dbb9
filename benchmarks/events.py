"""What it costs to tell others of events, and how fast those that wait are delivered.

A booking is counted without a sink and with one. Waiting events go to a webhook that answers at
once, a process of its own; beside it a bare client posts as many bodies, and claims and settles
nothing.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import NamedTuple

import httpcore
import uvloop

from benchmarks.counted import Counted
from benchmarks.data import ON_DISK, instant, new_appointment
from benchmarks.servers import HOST, ROOT, new_project
from benchmarks.table import Figure, Row, plain, within
from benchmarks.timing import say
from shared.access.caller import ANYBODY
from shared.directory.clinic_cache import ClinicCache
from shared.directory.doctor_cache import DoctorCache
from shared.model.appointment import Appointment
from shared.model.day import DayKey
from shared.model.elsewhere import ElsewhereKey
from shared.model.event import Change
from shared.model.interval import Interval
from shared.model.time_zones import time_zone
from shared.notifications.deliverer import Deliverer
from shared.notifications.messages import Messages
from shared.rules.availability import Booking
from shared.rules.booking import book
from shared.rules.events import Telling, events_of, records_of
from shared.runtime.sinks import open_sinks
from shared.settings import NotificationSettings, WebhookSettings
from shared.store.port import OutboxWrite, Store, Writes
from shared.store.sqlite.store import SqliteStore
from shared.store.usage import StoreUsage, charged_to
from shared.transactions.command import Command
from shared.transactions.coordinator import Coordinator
from tests import builders
from tests.firestore_emulator import emulated_store
from tests.ports import free_port

EVENTS = 1000
A_COMMIT = 200
AT_ONCE = 16
SECONDS = 10.0
PATIENCE = 120.0
FIRST_DAY = date(2099, 1, 5)
NOW = datetime(2098, 12, 1, 12, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
SECRET = "whsec_" + "c2VjcmV0" * 4
DOCTOR = builders.doctor()


class Delivery(NamedTuple):
    """What it took to deliver some events: seconds, those of the processor, and documents."""

    seconds: float
    processor: float
    reads: int
    writes: int


def rows() -> list[Row]:
    """Measure on Firestore's emulator, then on SQLite."""
    with _receiver() as url:
        return [*uvloop.run(_on_firestore(url)), *uvloop.run(_on_sqlite(url))]


async def _on_firestore(url: str) -> list[Row]:
    store = emulated_store(new_project(), SECONDS)
    table = await _rows_of("the emulator", store, url)
    await store.close()
    return table


async def _on_sqlite(url: str) -> list[Row]:
    with TemporaryDirectory(dir=ON_DISK) as folder:
        store = SqliteStore(str(Path(folder, "ours.db")))
        table = await _rows_of("SQLite", store, url)
        await store.close()
    return table


async def _rows_of(name: str, store: Store, url: str) -> list[Row]:
    say(f"events on {name}")
    await store.put_doctors([DOCTOR])
    alone, told = await _cost(store, None, 0), await _cost(store, Telling(), 1)
    await _forget_all(store)
    async with _deliverer(store, url) as deliverer:
        nothing, one, many = [await _delivery(store, deliverer, n) for n in (0, 1, EVENTS)]
    bare = await _post_barely(url)
    what = f"{EVENTS:,} bookings told to a webhook, {name}"
    each = Figure(1e6 * many.processor / EVENTS, "us")
    return [
        plain(f"booking on a known day with a sink, {name}: calls", told[0], alone[0]),
        plain(f"booking on a known day with a sink, {name}: writes", told[1], alone[1]),
        within(
            f"deliver_events, nothing due, {name}: reads", Figure(nothing.reads, ""), Figure(1, "")
        ),
        plain(f"deliver_events, one booking due, {name}: reads", Figure(one.reads, "")),
        plain(f"deliver_events, one booking due, {name}: writes", Figure(one.writes, "")),
        within(what, Figure(many.seconds, "s"), Figure(5, "s")),
        plain(f"as many bare posts, beside {name}", Figure(bare, "s")),
        plain(f"{what}: processor time of each", each),
        plain(f"{what}: reads of each", Figure(many.reads / EVENTS, "")),
        plain(f"{what}: writes of each", Figure(many.writes / EVENTS, "")),
    ]


async def _delivery(store: Store, deliverer: Deliverer, count: int) -> Delivery:
    """Leave so many events, and return what it took to deliver them."""
    await _leave(store, count)
    usage, began, worked = StoreUsage(), perf_counter(), process_time()
    with charged_to([usage]):
        report = await deliverer.run(PATIENCE)
    if report.delivered != count:
        raise SystemExit(f"{report.delivered} of {count} events were delivered")
    seconds, processor = perf_counter() - began, process_time() - worked
    return Delivery(seconds, processor, usage.reads, usage.writes)


async def _cost(store: Store, telling: Telling | None, day: int) -> tuple[Figure, Figure]:
    """Return the calls and the writes of a booking on a day that is known."""
    counted, usage = Counted(store), StoreUsage()
    coordinator = Coordinator(counted, SECONDS, _jitter(), telling)
    await coordinator.run(_command(day, 0))
    before = counted.calls
    with charged_to([usage]):
        await coordinator.run(_command(day, 1))
    name = "without" if telling is None else ""
    return Figure(counted.calls - before, "", name), Figure(usage.writes, "", name)


async def _leave(store: Store, count: int) -> None:
    """Leave events of as many appointments."""
    new = [_appointment(number % 100, number // 100) for number in range(count)]
    events = [event for each in new for event in events_of(Change(None, each), ())]
    writes = [OutboxWrite(record) for record in records_of(events, datetime.now(UTC))]
    for start in range(0, count, A_COMMIT):
        await store.commit(Writes(events=writes[start : start + A_COMMIT]))


async def _forget_all(store: Store) -> None:
    """Delete what the bookings have left."""
    due = await store.due_events(datetime.now(UTC), EVENTS)
    found = await store.waiting_events({each.value.event.appointment_id for each in due})
    done = [OutboxWrite(each.value, each.version, done=True) for each in found]
    await store.commit(Writes(events=done))


@asynccontextmanager
async def _deliverer(store: Store, url: str) -> AsyncIterator[Deliverer]:
    webhook = WebhookSettings((url,), (SECRET,), loopback=True)
    known = DoctorCache(store), ClinicCache(store, time_zone("UTC"))
    sinks = partial(open_sinks, NotificationSettings(webhook), store)
    clock = partial(datetime.now, UTC)
    deliverer = Deliverer(store, Messages(store, *known), sinks, clock, _jitter())
    yield deliverer
    await deliverer.close()


async def _post_barely(url: str) -> float:
    """Return how long it takes to post as many bodies of the same size."""
    body, turns = b'{"data":"' + b"x" * 600 + b'"}', asyncio.Semaphore(AT_ONCE)

    async def post() -> None:
        async with turns:
            await pool.request("POST", url, content=body)

    async with httpcore.AsyncConnectionPool() as pool:
        began = perf_counter()
        await asyncio.gather(*(post() for _ in range(EVENTS)))
        return perf_counter() - began


@contextmanager
def _receiver() -> Iterator[str]:
    """Run a server that answers 204 to everything, and return its address."""
    port = free_port()
    server = [sys.executable, "-m", "uvicorn", "benchmarks.receiver:app", "--no-access-log"]
    command = [*server, "--host", HOST, "--port", str(port), "--log-level", "error"]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        asyncio.run(_wait_for(port))
        yield f"http://{HOST}:{port}/hook"
    finally:
        process.kill()
        process.wait()


async def _wait_for(port: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                _, writer = await asyncio.open_connection(HOST, port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return


def _jitter() -> Random:
    return Random(1)  # noqa: S311 - jitter is no secret


def _appointment(day: int, slot: int) -> Appointment:
    key = DayKey(DOCTOR.id, FIRST_DAY + timedelta(days=7 * day))
    start = instant(key.day, 9) + slot * HALF_HOUR
    return new_appointment(key, Interval(start, start + HALF_HOUR), NOW)


def _command(day: int, slot: int) -> Command:
    appointment = _appointment(day, slot)
    booking = Booking(DOCTOR, appointment, ANYBODY)
    births = frozenset({ElsewhereKey(DOCTOR.id, appointment.id)})
    decide = partial(book, booking=booking, now=NOW)
    return Command(frozenset(booking.days), decide, NOW, appointment.id, ANYBODY, births)
