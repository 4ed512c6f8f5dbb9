"""`first_available` by HTTP: in a day that is nearly full, and after a full week or year.

The next year of Doctor Strange is full. So is a week of Doctor Who, after a day with one opening
left.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import httpx
import uvloop

from benchmarks.data import instant, new_appointment, next_monday, store_days, working_day
from benchmarks.http_loads import PEER, ROUNDS, SECONDS, WARM_UP_SECONDS, latency, rate
from benchmarks.servers import function, load_doctors, on_firestore
from benchmarks.table import Figure, Row, at_least, plain, within
from benchmarks.timing import Load, load, say
from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.interval import Interval
from shared.runtime.composition import open_dependencies
from shared.settings import read_settings

DAYS_OF_YEAR = 261
DAYS_OF_WEEK = 5
APPOINTMENTS_A_DAY = 20
MINUTES = 24
LENGTH = timedelta(minutes=MINUTES)
"""Twenty of these fill the eight hours that the doctors work."""
DAYS_A_COMMIT = 50
OPENS = {"strange": 9, "who": 8}

PEER_SEARCHES_PER_SECOND = Figure(347, "/s", PEER)
PEER_MILLISECONDS = Figure(7.1, "ms", PEER)
MOST_FOR_A_YEAR = Figure(50, "ms")


def rows() -> list[Row]:
    """Measure the same on SQLite and on Firestore's emulator."""
    with TemporaryDirectory() as folder:
        return [
            *_search_rows("SQLite", {"STORE": f"sqlite:{folder}/appointments.db"}, 10),
            *_search_rows("the emulator", on_firestore(), 3),
        ]


def _search_rows(store: str, settings: Mapping[str, str], times_peer: float) -> list[Row]:
    load_doctors(settings)
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
    """Return the URL of a search from a working day on, which finds the expected start."""
    begin = instant(working_day(next_monday(), first))
    asked = {
        "doctor_id": doctor_id,
        "duration_minutes": MINUTES,
        "after": _text(begin),
        "until": _text(begin + timedelta(days=366)),
    }
    url = f"{function_url}/?{urlencode(asked)}"
    openings = httpx.get(url, trust_env=False).raise_for_status().json()["openings"]
    found = [datetime.fromisoformat(opening["start"]) for opening in openings]
    if found != [expected]:
        raise SystemExit(f"{url} found {found}, not {expected}")
    return url


async def _fill(settings: Mapping[str, str]) -> None:
    """Write full days into a new store, by the commits of the store itself."""
    days = [_booked_day("strange", number) for number in range(DAYS_OF_YEAR)]
    days += [_booked_day("who", number) for number in range(1, 1 + DAYS_OF_WEEK)]
    days.append(_booked_day("who", 0, APPOINTMENTS_A_DAY - 1))
    store = open_dependencies(read_settings(settings)).store
    await store_days(store, days, DAYS_A_COMMIT)
    await store.close()


def _booked_day(doctor_id: str, number: int, count: int = APPOINTMENTS_A_DAY) -> DaySchedule:
    """Return a working day with so many appointments, from its beginning on."""
    key = DayKey(doctor_id, working_day(next_monday(), number))
    starts = [_slot(doctor_id, number, slot) for slot in range(count)]
    return DaySchedule(key, tuple(_appointment(key, start) for start in starts))


def _slot(doctor_id: str, number: int, slot: int) -> datetime:
    return instant(working_day(next_monday(), number), OPENS[doctor_id]) + slot * LENGTH


def _appointment(key: DayKey, start: datetime) -> Appointment:
    made_at = start - timedelta(days=30, microseconds=1)
    return new_appointment(key, Interval(start, start + LENGTH), made_at)


def _text(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
