"""What a doctor-day bears when everybody wants it at once, on the Firestore emulator.

Several processes of the function, each as in production, and hundreds of clients; the rival is
the same function, deciding in the library's transaction.
"""

import asyncio
import os
import secrets
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import cycle
from statistics import median
from time import perf_counter
from typing import Any

import httpx
import uvloop

from benchmarks.servers import ROOT, function
from benchmarks.table import Figure, Row, faster, plain
from benchmarks.timing import say

PROCESSES = 4
CLIENTS = 400
RUNS = 3
TIMEOUT_SECONDS = 60
CREATED, CONFLICT = 201, 409

RIVAL = "benchmarks/rivals/main.py"
MANY_TIMES = 100
CROWD = f"hot day, {PROCESSES} processes x {CLIENTS // PROCESSES} clients"
# Loads no certificates, which takes longer than a booking.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Crowd:
    """What came of requests that were all sent at once; no answer at all counts by its cause."""

    seconds: float
    counts: Counter[int | str]
    answers: Sequence[httpx.Response | str]

    @property
    def milliseconds_each(self) -> float:
        """Milliseconds for one booking that was made."""
        booked = self.counts[CREATED]
        return 1000 * self.seconds / booked if booked else float("inf")

    def __str__(self) -> str:
        """How many got which answer."""
        counts = sorted(self.counts.items(), key=str)
        return ", ".join(f"{count} x {what}" for what, count in counts)


def rows(emulator: str) -> list[Row]:
    """Crowds that want the free slots of one day, and that want one and the same slot."""
    settings = _settings(emulator)
    loaded = [sys.executable, "-m", "shared.runtime.load_doctors"]
    subprocess.run(loaded, cwd=ROOT, env=settings, check=True, stdout=subprocess.DEVNULL)
    with _instances(settings) as urls:
        days = iter(_weekdays(2 * RUNS))
        ours = [_sent(urls, _slots(next(days)), "free slots of one day") for _ in range(RUNS)]
        one = [_sent(urls, [_wish(next(days), 0)] * CLIENTS, "one slot") for _ in range(RUNS)]
    with _instances(_settings(emulator), RIVAL) as urls:
        rival = _sent(urls, _slots(_weekdays(1)[0]), f"the rival (up to {TIMEOUT_SECONDS} s)")
    return [*_slots_rows(ours, rival), *_one_slot_rows(one)]


def _slots_rows(ours: Sequence[Crowd], rival: Crowd) -> Iterator[Row]:
    each = Figure(median(crowd.milliseconds_each for crowd in ours), "ms")
    rival_each = Figure(rival.milliseconds_each, "ms", "async_transactional")
    yield faster(f"{CROWD}, one booking", each, rival_each, MANY_TIMES)
    good = all(crowd.counts == {CREATED: CLIENTS} for crowd in ours)
    yield Row(
        f"{CROWD}, each wants another slot: answers in {RUNS} runs",
        ours=_answers(ours),
        against=f"async_transactional {rival}",
        result="all booked" if good else "not all booked",
        goal="no failure",
        met=good,
    )


def _one_slot_rows(crowds: Sequence[Crowd]) -> Iterator[Row]:
    good = all(_is_true_refusal(crowd) for crowd in crowds)
    yield Row(
        f"{CROWD}, all want one slot: answers in {RUNS} runs",
        ours=_answers(crowds),
        against="",
        result="all true" if good else "not all true",
        goal="one booked, the others told that just this slot is in the way",
        met=good,
    )
    usual = Figure(median(crowd.seconds for crowd in crowds), "s")
    yield plain(f"{CROWD}, all want one slot: until the last has its answer", usual)


def _answers(crowds: Sequence[Crowd]) -> str:
    return "; ".join(dict.fromkeys(str(crowd) for crowd in crowds))


def _is_true_refusal(crowd: Crowd) -> bool:
    """Whether one got the slot, and all others were told that just this slot is in the way."""
    if crowd.counts != {CREATED: 1, CONFLICT: CLIENTS - 1}:
        return False
    answers = [a.json() for a in crowd.answers if not isinstance(a, str)]
    booked = next(a for a in answers if "conflicts" not in a)
    slot = {"start": booked["start"], "end": booked["end"]}
    return all(a["conflicts"] == [slot] for a in answers if a is not booked)


# Crowds


@contextmanager
def _instances(settings: Mapping[str, str], source: str = "main.py") -> Iterator[list[str]]:
    """Several processes of the function, each of which has booked once, on a day of no matter."""
    with ExitStack() as stack:
        started = (function("create_appointment", settings, source) for _ in range(PROCESSES))
        urls = [stack.enter_context(process).url for process in started]
        elsewhere = _weekdays(100)[-PROCESSES:]
        warm = _sent(urls, [_wish(day, 0) for day in elsewhere], "first bookings elsewhere")
        if warm.counts != {CREATED: PROCESSES}:
            raise SystemExit(f"the functions do not book: {warm}")
        yield urls


def _sent(urls: Sequence[str], wishes: Sequence[Json], name: str) -> Crowd:
    say(f"hot day: {name}")
    return uvloop.run(_crowd(urls, wishes))


async def _crowd(urls: Sequence[str], wishes: Sequence[Json]) -> Crowd:
    """Send all wishes at once, in turn to each process, each from a client of its own."""
    async with AsyncExitStack() as stack:
        # One pool for all of them would take longer to find a connection than the answer takes.
        new = (
            httpx.AsyncClient(verify=NO_TLS, timeout=TIMEOUT_SECONDS, trust_env=False)
            for _ in wishes
        )
        clients = [await stack.enter_async_context(client) for client in new]
        started = perf_counter()
        asked = zip(clients, cycle(urls), wishes, strict=False)
        answers = await asyncio.gather(*(_ask(*request) for request in asked))
        seconds = perf_counter() - started
    counts = Counter(a if isinstance(a, str) else a.status_code for a in answers)
    return Crowd(seconds, counts, answers)


async def _ask(client: httpx.AsyncClient, url: str, wish: Json) -> httpx.Response | str:
    """The answer, or the name of what came instead of one."""
    try:
        return await client.post(url, json=wish)
    except httpx.TransportError as error:
        return type(error).__name__


# Wishes


def _settings(emulator: str) -> dict[str, str]:
    """Of a database of its own: in the emulator, each project has one."""
    return {
        "PATH": os.environ["PATH"],
        "STORE": "firestore",
        "GOOGLE_CLOUD_PROJECT": f"demo-{secrets.token_hex(6)}",
        "FIRESTORE_EMULATOR_HOST": emulator,
    }


def _weekdays(count: int) -> list[date]:
    """The first working days from a Monday on that is at least a week away."""
    today = datetime.now(UTC).date()
    monday = today + timedelta(days=14 - today.weekday())
    return [monday + timedelta(weeks=n // 5, days=n % 5) for n in range(count)]


def _slots(day: date) -> list[Json]:
    return [_wish(day, n) for n in range(CLIENTS)]


def _wish(day: date, minutes: int) -> Json:
    """To be with Doctor Strange for a minute, so many minutes after nine."""
    start = datetime.combine(day, time(9), UTC) + timedelta(minutes=minutes)
    wish = {"doctor_id": "strange", "start": start.isoformat(), "duration_minutes": 1}
    return {**wish, "patient": {"name": "Ada Lovelace"}}
