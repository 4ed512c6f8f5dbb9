"""How a doctor-day fares when all clients book it at once, on the Firestore emulator.

Several processes of the function, each as in production, and hundreds of clients. The rival is a
function that decides in the library's transaction. The same crowd comes once more with a token
each: as patients, all others of whom book for themselves while one asks for many slots at once.
"""

import asyncio
import ssl
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle
from statistics import median
from time import perf_counter
from typing import Any

import httpx
import uvloop

from benchmarks.callers import asking_for_tokens, signed_in
from benchmarks.data import PATIENT, instant, next_monday, working_days
from benchmarks.servers import RIVALS, function, load_doctors, on_firestore
from benchmarks.table import Figure, Row, faster, plain
from benchmarks.timing import say
from shared.model.policy import POLICY

PROCESSES = 4
CLIENTS = 400
RUNS = 3
TIMEOUT_SECONDS = 60
CREATED, CONFLICT = 201, 409

BUSY = POLICY.open_appointments
"""As many as one patient may have ahead."""

MANY_TIMES = 100
CROWD = f"hot day, {PROCESSES} processes x {CLIENTS // PROCESSES} clients"
# It loads no certificates: that takes longer than a booking.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

Json = dict[str, Any]
Headers = Mapping[str, str]

NOBODY: Headers = {}


@dataclass(frozen=True, slots=True)
class Crowd:
    """The responses to requests that were all sent at once; a missing one counts by its cause."""

    seconds: float
    counts: Counter[int | str]
    responses: Sequence[httpx.Response | str]

    @property
    def milliseconds_each(self) -> float:
        """The milliseconds for each appointment that was booked."""
        booked = self.counts[CREATED]
        return 1000 * self.seconds / booked if booked else float("inf")

    def __str__(self) -> str:
        """Return how often each status came."""
        counts = sorted(self.counts.items(), key=str)
        return ", ".join(f"{count} x {what}" for what, count in counts)


def rows() -> list[Row]:
    """Measure crowds that book the free slots of one day, and crowds that book one slot."""
    settings = on_firestore()
    load_doctors(settings)
    with instances(settings) as urls:
        days = iter(working_days(next_monday(), 2 * RUNS))
        ours = [sent(urls, slots(next(days)), "free slots of one day") for _ in range(RUNS)]
        one = [sent(urls, [_booking(next(days), 0)] * CLIENTS, "one slot") for _ in range(RUNS)]
    signed_in_ones = _signed_in_crowds()
    with instances(on_firestore(), RIVALS) as urls:
        rival = sent(urls, slots(next_monday()), f"the rival (up to {TIMEOUT_SECONDS} s)")
    return [*_slots_rows(ours, rival), *_patients_rows(signed_in_ones), *_one_slot_rows(one)]


def _signed_in_crowds() -> list[Crowd]:
    """Send crowds of patients, in each of which all are others."""
    settings = on_firestore()
    load_doctors(settings)
    clerk = signed_in(settings, "front-desk", "staff")
    with instances(asking_for_tokens(settings), headers=clerk) as urls:
        crowds = []
        for day in working_days(next_monday(), RUNS):
            names = [f"{day}.{max(number, BUSY - 1)}" for number in range(CLIENTS)]
            patients = [signed_in(settings, name) for name in names]
            crowds.append(sent(urls, slots(day), "signed-in patients", patients))
        return crowds


def _patients_rows(crowds: Sequence[Crowd]) -> Iterator[Row]:
    yield all_booked_row(f"{CROWD}, all signed in, one of them {BUSY} times", crowds)
    yield plain(f"{CROWD}, all signed in, one booking", each_of(crowds))


def _slots_rows(ours: Sequence[Crowd], rival: Crowd) -> Iterator[Row]:
    rival_each = Figure(rival.milliseconds_each, "ms", "async_transactional")
    yield faster(f"{CROWD}, one booking", each_of(ours), rival_each, MANY_TIMES)
    yield all_booked_row(f"{CROWD}, each wants another slot", ours, f"async_transactional {rival}")


def each_of(crowds: Sequence[Crowd]) -> Figure:
    """Return the median of the time for one booking."""
    return Figure(median(crowd.milliseconds_each for crowd in crowds), "ms")


def all_booked_row(what: str, crowds: Sequence[Crowd], against: str = "") -> Row:
    """Return a row that is met if all of all crowds were booked."""
    good = all(crowd.counts == {CREATED: CLIENTS} for crowd in crowds)
    return Row(
        f"{what}: answers in {len(crowds)} runs",
        ours=_counts(crowds),
        against=against,
        result="all booked" if good else "not all booked",
        goal="no failure",
        met=good,
    )


def _one_slot_rows(crowds: Sequence[Crowd]) -> Iterator[Row]:
    good = all(_is_true_refusal(crowd) for crowd in crowds)
    yield Row(
        f"{CROWD}, all want one slot: answers in {RUNS} runs",
        ours=_counts(crowds),
        against="",
        result="all true" if good else "not all true",
        goal="one booked, every refusal names this slot alone",
        met=good,
    )
    usual = Figure(median(crowd.seconds for crowd in crowds), "s")
    yield plain(f"{CROWD}, all want one slot: until the last has its answer", usual)


def _counts(crowds: Sequence[Crowd]) -> str:
    return "; ".join(dict.fromkeys(str(crowd) for crowd in crowds))


def _is_true_refusal(crowd: Crowd) -> bool:
    """Whether one client got the slot, and all others were refused because of it alone."""
    if crowd.counts != {CREATED: 1, CONFLICT: CLIENTS - 1}:
        return False
    bodies = [r.json() for r in crowd.responses if not isinstance(r, str)]
    booked = next(body for body in bodies if "conflicts" not in body)
    slot = {"start": booked["start"], "end": booked["end"]}
    return all(body["conflicts"] == [slot] for body in bodies if body is not booked)


# Crowds


@contextmanager
def instances(
    settings: Mapping[str, str], source: str = "main.py", headers: Headers = NOBODY
) -> Iterator[list[str]]:
    """Serve the function in several processes; each has booked once, on a day of its own."""
    with ExitStack() as stack:
        started = (function("create_appointment", settings, source) for _ in range(PROCESSES))
        urls = [stack.enter_context(process).url for process in started]
        elsewhere = working_days(next_monday(), 100)[-PROCESSES:]
        bookings = [_booking(day, 0) for day in elsewhere]
        warm = sent(urls, bookings, "first bookings elsewhere", [headers] * PROCESSES)
        if warm.counts != {CREATED: PROCESSES}:
            raise SystemExit(f"the functions do not book: {warm}")
        yield urls


def sent(
    urls: Sequence[str], bookings: Sequence[Json], name: str, headers: Sequence[Headers] = ()
) -> Crowd:
    """Send all bookings at once."""
    say(f"hot day: {name}")
    return uvloop.run(_crowd(urls, bookings, headers or [NOBODY] * len(bookings)))


async def _crowd(
    urls: Sequence[str], bookings: Sequence[Json], headers: Sequence[Headers]
) -> Crowd:
    """Send all bookings at once, in turn to each process, each from a client of its own."""
    async with AsyncExitStack() as stack:
        # One pool for all would take longer to find a connection than a response takes.
        new = (
            httpx.AsyncClient(verify=NO_TLS, timeout=TIMEOUT_SECONDS, trust_env=False)
            for _ in bookings
        )
        clients = [await stack.enter_async_context(client) for client in new]
        started = perf_counter()
        requests = zip(clients, cycle(urls), bookings, headers, strict=False)
        responses = await asyncio.gather(*(_send(*request) for request in requests))
        seconds = perf_counter() - started
    counts = Counter(r if isinstance(r, str) else r.status_code for r in responses)
    return Crowd(seconds, counts, responses)


async def _send(
    client: httpx.AsyncClient, url: str, booking: Json, headers: Headers
) -> httpx.Response | str:
    """Return the response, or the name of the error."""
    try:
        return await client.post(url, json=booking, headers=headers)
    except httpx.TransportError as error:
        return type(error).__name__


# Requests


def slots(day: date) -> list[Json]:
    """Return a request for each client, all for other minutes of a day."""
    return [_booking(day, minute) for minute in range(CLIENTS)]


def _booking(day: date, minute: int) -> Json:
    """Return a request for one minute with Doctor Strange, so many minutes after nine."""
    start = (instant(day, 9) + timedelta(minutes=minute)).isoformat()
    return {"doctor_id": "strange", "start": start, "duration_minutes": 1, "patient": PATIENT}
