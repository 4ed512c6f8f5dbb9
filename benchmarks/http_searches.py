"""`first_available` by HTTP: in a day that is nearly full, and behind a full week or year.

Doctor Strange's next year is fully booked. So is a week of Doctor Who's, behind a day with one
opening left.
"""

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import httpx
import uvloop

from benchmarks.http_loads import (
    PEER,
    ROUNDS,
    SECONDS,
    WARM_UP_SECONDS,
    latency,
    on_firestore,
    rate,
)
from benchmarks.servers import function
from benchmarks.table import Figure, Row, at_least, plain, within
from benchmarks.timing import Load, load, say
from shared.model.appointment import Appointment, Patient
from shared.model.day import DayKey, DaySchedule
from shared.model.interval import Interval
from shared.runtime.composition import doctors_of_file, open_dependencies
from shared.settings import read_settings
from shared.store.port import DayWrite, Stored

DAYS_OF_YEAR = 261
DAYS_OF_WEEK = 5
APPOINTMENTS_A_DAY = 20
MINUTES = 24
LENGTH = timedelta(minutes=MINUTES)
"""Twenty of these fill the eight hours that the doctors work."""
DAYS_A_COMMIT = 50
OPENS = {"strange": time(9, tzinfo=UTC), "who": time(8, tzinfo=UTC)}

PEER_SEARCHES_PER_SECOND = Figure(347, "/s", PEER)
PEER_MILLISECONDS = Figure(7.1, "ms", PEER)
MOST_FOR_A_YEAR = Figure(50, "ms")


def rows(emulator: str) -> list[Row]:
    """The same on SQLite and on Firestore's emulator."""
    os.environ["FIRESTORE_EMULATOR_HOST"] = emulator
    with TemporaryDirectory() as folder:
        return [
            *_search_rows("SQLite", {"STORE": f"sqlite:{folder}/appointments.db"}, 10),
            *_search_rows("the emulator", on_firestore(emulator), 3),
        ]


def _search_rows(store: str, settings: Mapping[str, str], times_peer: float) -> list[Row]:
    uvloop.run(_fill(settings))
    with function("first_available", settings) as process:
        day = _url(process.url, "who", 0, _slot("who", 0, APPOINTMENTS_A_DAY - 1))
        week = _url(process.url, "who", 1, _slot("who", 1 + DAYS_OF_WEEK, 0))
        year = _url(process.url, "strange", 0, _slot("strange", DAYS_OF_YEAR, 0))
        _loaded(day, 16, WARM_UP_SECONDS)
        seen = []
        for number in range(ROUNDS):
            say(f"searches by HTTP on {store}, round {number + 1}")
            ways = ((day, 1), (day, 16), (week, 16), (year, 1))
            seen.append([_loaded(url, connections) for url, connections in ways])
    day_alone, day_crowd, week_crowd, year_alone = zip(*seen, strict=True)
    what = "first_available by HTTP, %s, " + store
    # The peer was asked for one day of one doctor.
    one_day = f"in a day of {APPOINTMENTS_A_DAY - 1} appointments"
    return [
        at_least(
            what % f"{one_day}, 16 clients", rate(day_crowd), PEER_SEARCHES_PER_SECOND, times_peer
        ),
        plain(what % f"{one_day}, one client", latency(day_alone), PEER_MILLISECONDS),
        plain(what % "behind a full week, 16 clients", rate(week_crowd)),
        within(what % "behind a full year, one client", latency(year_alone), MOST_FOR_A_YEAR),
    ]


def _loaded(url: str, connections: int, seconds: int = SECONDS) -> Load:
    seen = load(url, connections, seconds)
    if seen.errors:
        raise SystemExit(f"{seen.errors} searches failed at {url}")
    return seen


def _url(function_url: str, doctor_id: str, first: int, expected: datetime) -> str:
    """A search from a working day on, of which it was checked what it finds."""
    begin = datetime.combine(_workday(first), time(), UTC)
    asked = {
        "doctor_id": doctor_id,
        "duration_minutes": MINUTES,
        "after": _text(begin),
        "until": _text(begin + timedelta(days=366)),
    }
    url = f"{function_url}/?{urlencode(asked)}"
    answer = httpx.get(url, trust_env=False).raise_for_status().json()
    found = [datetime.fromisoformat(opening["start"]) for opening in answer["openings"]]
    if found != [expected]:
        raise SystemExit(f"{url} found {found}, not {expected}")
    return url


async def _fill(environment: Mapping[str, str]) -> None:
    """Put doctors and full days into a new store, by the commits of the store itself."""
    settings = read_settings(environment)
    doctors = doctors_of_file(settings)
    store = open_dependencies(settings, doctors).store
    await store.put_doctors(doctors)
    days = [_booked_day("strange", number) for number in range(DAYS_OF_YEAR)]
    days += [_booked_day("who", number) for number in range(1, 1 + DAYS_OF_WEEK)]
    days.append(_booked_day("who", 0, APPOINTMENTS_A_DAY - 1))
    writes = [DayWrite(Stored(DaySchedule(day.key), None), day) for day in days]
    for first in range(0, len(writes), DAYS_A_COMMIT):
        await store.commit(writes[first : first + DAYS_A_COMMIT], [])
    await store.close()


def _booked_day(doctor_id: str, number: int, count: int = APPOINTMENTS_A_DAY) -> DaySchedule:
    """A working day of so many appointments, from its beginning on."""
    booked = (_appointment(doctor_id, _slot(doctor_id, number, n)) for n in range(count))
    return DaySchedule(DayKey(doctor_id, _workday(number)), tuple(booked))


def _slot(doctor_id: str, number: int, slot: int) -> datetime:
    return datetime.combine(_workday(number), OPENS[doctor_id]) + slot * LENGTH


def _appointment(doctor_id: str, start: datetime) -> Appointment:
    name = f"{doctor_id}.{start:%Y%m%d}.{start:%H%M%S000000000000000000}"
    made_at = start - timedelta(days=30, microseconds=1)
    interval = Interval(start, start + LENGTH)
    return Appointment(name, doctor_id, interval, Patient("Ada Lovelace"), made_at, made_at)


def _workday(number: int) -> date:
    """The working days from a Monday on that is at least a week away."""
    today = datetime.now(UTC).date()
    monday = today + timedelta(days=14 - today.weekday())
    return monday + timedelta(weeks=number // 5, days=number % 5)


def _text(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
