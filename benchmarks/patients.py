"""What it costs that a caller is known: calls for a patient's booking, and the time of a list."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from random import Random
from tempfile import TemporaryDirectory

import httpx
import uvloop

from benchmarks.callers import asking_for_tokens, signed_in
from benchmarks.counted import Counted
from benchmarks.data import instant, new_appointment, next_monday, store_days
from benchmarks.servers import function, load_doctors, new_project
from benchmarks.table import Figure, Row, at_most, within
from benchmarks.timing import medians, say
from shared.access.caller import ANYBODY, Caller
from shared.model.appointment import Patient
from shared.model.day import DayKey, DaySchedule
from shared.model.elsewhere import ElsewhereKey
from shared.model.interval import Interval
from shared.rules.availability import Booking
from shared.rules.booking import book
from shared.rules.outcomes import Accepted
from shared.runtime.composition import open_dependencies
from shared.settings import read_settings
from shared.transactions.command import Command
from shared.transactions.coordinator import Coordinator
from tests import builders
from tests.firestore_emulator import emulated_store

LISTED = 16
REQUESTS = 600
WARM_UP = 100
SECONDS = 10.0
HALF_HOUR = timedelta(minutes=30)
NINE = instant(next_monday(), 9)
DAY = DayKey("strange", next_monday())


def rows() -> list[Row]:
    """Count calls of bookings, then measure lists with and without a token."""
    return [*uvloop.run(_call_rows()), *_list_rows()]


# Calls


async def _call_rows() -> Sequence[Row]:
    """Book on a day that the instance knows: for nobody's account, and twice for a patient's."""
    say("patients: calls of bookings")
    store = Counted(emulated_store(new_project(), SECONDS))
    coordinator = Coordinator(store, SECONDS, Random(1))  # noqa: S311 - jitter
    ada = Caller("patient", "https://issuer.example", "ada")
    calls = []
    for number, caller in enumerate((ANYBODY, ANYBODY, ada, ada)):
        before = store.calls
        outcome = await coordinator.run(_command(number, caller))
        if not isinstance(outcome, Accepted):
            raise SystemExit(f"refused: {outcome}")
        calls.append(store.calls - before)
    await store.close()
    _, nobodys, first, next_one = calls
    what = "of a signed-in patient on a known day, more calls than without an account"
    return [
        within(f"first booking {what}", Figure(first - nobodys, "calls"), Figure(1, "calls")),
        within(f"next booking {what}", Figure(next_one - nobodys, "calls"), Figure(0, "calls")),
    ]


def _command(number: int, caller: Caller) -> Command:
    start, now = NINE + number * HALF_HOUR, NINE - timedelta(days=7)
    plain = new_appointment(DAY, Interval(start, start + HALF_HOUR), now)
    mine = Patient("Ada Lovelace", id=caller.subject) if caller.patient else plain.patient
    wanted = plain._replace(patient=mine, owner=caller.patient)
    doctor = builders.doctor(doctor_id=DAY.doctor_id)
    return Command(
        frozenset({DAY}),
        partial(book, booking=Booking(doctor, wanted, caller), now=now),
        now,
        wanted.id,
        caller,
        births=frozenset({ElsewhereKey(DAY.doctor_id, wanted.id)}),
        patients=frozenset({caller.patient} if caller.patient else ()),
    )


# Lists


def _list_rows() -> Sequence[Row]:
    """Ask two processes in turn for the same day of one store, with a token and without."""
    say("patients: lists")
    with TemporaryDirectory() as folder:
        settings = {
            "STORE": f"sqlite:{folder}/appointments.db",
            "GOOGLE_CLOUD_PROJECT": new_project(),
        }
        load_doctors(settings)
        uvloop.run(_fill(settings))
        asking = asking_for_tokens(settings)
        with (
            function("list_appointments", {**settings, "AUTH": "none"}) as everybody,
            function("list_appointments", asking) as known,
        ):
            clerk = signed_in(settings, "front-desk", "staff")
            seconds = uvloop.run(_lists({"": known.url, "AUTH=none": everybody.url}, clerk))
    ours, open_to_all = (Figure(1000 * taken, "ms", name) for name, taken in seconds.items())
    what = f"list a day of {LISTED} appointments by HTTP with a token seen before, one client"
    return [at_most(what, ours, open_to_all, 1.1)]


async def _fill(settings: Mapping[str, str]) -> None:
    made = (
        new_appointment(DAY, Interval(start, start + HALF_HOUR), NINE - timedelta(days=7))
        for start in (NINE + number * HALF_HOUR for number in range(LISTED))
    )
    store = open_dependencies(read_settings(settings)).store
    await store_days(store, [DaySchedule(DAY, tuple(made))], 1)
    await store.close()


async def _lists(urls: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, float]:
    """Return the median seconds of each process; both are sent the token, one looks at it."""
    end = (next_monday() + timedelta(days=1)).isoformat()
    query = {"doctor_id": DAY.doctor_id, "start": next_monday().isoformat(), "end": end}
    async with httpx.AsyncClient(trust_env=False, headers=headers) as client:

        async def ask(url: str, _number: int) -> None:
            answer = await client.get(url, params=query)
            if len(answer.raise_for_status().json()["appointments"]) != LISTED:
                raise SystemExit(f"{url} does not list what is booked: {answer.text}")

        asks = {name: partial(ask, url) for name, url in urls.items()}
        return await medians(asks, REQUESTS, WARM_UP)
