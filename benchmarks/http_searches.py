"""`first_available` by HTTP: in a day that is nearly full, and after a full week or year.

The next year of Doctor Strange is full. So is a week of Doctor Who, after a day with one opening
left.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.parse import urlencode

import httpx
import uvloop

from benchmarks.data import instant, new_appointment, next_monday, store_days, working_day
from benchmarks.http_loads import (
    LOG_LINE,
    PEER,
    ROUNDS,
    SECONDS,
    WARM_UP_SECONDS,
    Load,
    Requests,
    latency,
    load,
    processor_row,
    rate,
)
from benchmarks.servers import BARE, RIVALS, FunctionProcess, function, load_doctors, on_firestore
from benchmarks.table import Figure, Row, beside, plain, within
from benchmarks.timing import say
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


class Floor(NamedTuple):
    """The function that a search is compared with, its source, and how the table calls it."""

    target: str
    source: str
    name: str


def rows() -> list[Row]:
    """Measure the same on SQLite and on Firestore's emulator.

    SQLite is part of the function's process: there the floor reads nothing.
    """
    with TemporaryDirectory() as folder:
        sqlite, emulated = {"STORE": f"sqlite:{folder}/appointments.db"}, on_firestore()
        return [
            *_search_rows("SQLite", sqlite, Floor("log_line", BARE, LOG_LINE)),
            *_search_rows("the emulator", emulated, Floor("read", RIVALS, "bare read by HTTP")),
        ]


def _search_rows(store: str, settings: Mapping[str, str], chosen: Floor) -> Iterator[Row]:
    load_doctors(settings)
    uvloop.run(_fill(settings))
    with (
        function("first_available", settings) as ours,
        function(chosen.target, settings, chosen.source) as floor,
    ):
        rounds = list(_rounds(ours, floor, store))
    day_alone, day, week, year_alone, bare = zip(*rounds, strict=True)
    what = f"first_available by HTTP, %s, {store}"
    one_day = what % f"in a day of {APPOINTMENTS_A_DAY - 1} appointments, %s"
    one_week = what % "behind a full week, 16 clients"
    for asked, loads in ((one_day % "16 clients", day), (one_week, week)):
        yield beside(asked, rate(loads), rate(bare, chosen.name))
        yield processor_row(asked, loads, bare, chosen.name)
    # The peer was asked for one day of one doctor, in a database of its own machine.
    is_like_peer = store == "SQLite"
    if is_like_peer:
        yield plain(one_day % "16 clients", rate(day), PEER_SEARCHES_PER_SECOND)
    peer = PEER_MILLISECONDS if is_like_peer else None
    yield plain(one_day % "one client", latency(day_alone), peer)
    yield within(what % "behind a full year, one client", latency(year_alone), MOST_FOR_A_YEAR)


def _rounds(ours: FunctionProcess, floor: FunctionProcess, store: str) -> Iterator[list[Load]]:
    """Yield the loads of a day alone, a day, a week, a year alone, and of the floor."""
    day = _path(ours.url, "who", 0, _slot("who", 0, APPOINTMENTS_A_DAY - 1))
    week = _path(ours.url, "who", 1, _slot("who", 1 + DAYS_OF_WEEK, 0))
    year = _path(ours.url, "strange", 0, _slot("strange", DAYS_OF_YEAR, 0))
    ways = ((ours, day, 1), (ours, day, 16), (ours, week, 16), (ours, year, 1), (floor, day, 16))
    _loaded(ours, day, 16, WARM_UP_SECONDS)
    for number in range(ROUNDS):
        say(f"searches by HTTP on {store}, round {number + 1}")
        yield [_loaded(*way) for way in ways]


def _loaded(process: FunctionProcess, path: str, connections: int, seconds: int = SECONDS) -> Load:
    seen = load(process, connections, seconds, Requests(path))
    if seen.errors:
        raise SystemExit(f"{seen.errors} searches failed at {process.url}{path}")
    return seen


def _path(url: str, doctor_id: str, first: int, expected: datetime) -> str:
    """Return the path of a search from a working day on, which finds the expected start."""
    begin = instant(working_day(next_monday(), first))
    asked = {
        "doctor_id": doctor_id,
        "duration_minutes": MINUTES,
        "after": _text(begin),
        "until": _text(begin + timedelta(days=366)),
    }
    path = f"/?{urlencode(asked)}"
    openings = httpx.get(url + path, trust_env=False).raise_for_status().json()["openings"]
    found = [datetime.fromisoformat(opening["start"]) for opening in openings]
    if found != [expected]:
        raise SystemExit(f"{url}{path} found {found}, not {expected}")
    return path


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
