"""List all times that can be booked in a few weeks."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import date
from math import ceil
from zoneinfo import ZoneInfo

from starlette.responses import Response

from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.request_errors import NoSuchService, UnknownDoctor, invalid
from shared.http.responses import json_response
from shared.http.schemas.list_openings import (
    LONGEST_CALENDAR,
    MOST_DOCTOR_DAYS,
    USUAL_STEP,
    DaysWithOpenings,
    ListOpenings,
    OpeningsOfDay,
)
from shared.http.searches import Search, read_search
from shared.http.windows import window
from shared.model.doctor import Doctor
from shared.model.doctor_days import DAY
from shared.model.interval import Interval
from shared.model.opening import Opening
from shared.queries.openings import all_openings
from shared.time_texts import on_clock

STARTS_A_TURN = 1000


@endpoint(
    "GET",
    group="Openings",
    takes=ListOpenings,
    repeatable="doctor_id",
    example={
        "doctor_id": ["strange"],
        "start": "2030-01-07",
        "end": "2030-01-13",
        "duration_minutes": 30,
    },
    responses={200: Success("The days that have openings, by date, then doctor", DaysWithOpenings)},
    problems=(UnknownDoctor, NoSuchService),
)
async def list_openings(call: Call[ListOpenings]) -> Response:
    """List all times that can be booked in a few weeks, for a calendar.

    The window is at most 42 days long. Days without openings are left out. An opening lies wholly
    between `start` and `end`, so ask for one day more where somebody works across midnight. The
    rules are those of `first_available` with that `step_minutes`.
    """
    asked, dependencies = call.asked, call.dependencies
    search = await read_search(call, asked)
    only_one = asked.doctor_id is not None and len(search.doctors) == 1
    zone = search.doctors[0].zone if only_one else dependencies.settings.clinic_zone
    _check_size(asked, window(asked.start, asked.end, zone, LONGEST_CALENDAR), len(search.doctors))
    found: list[Opening] = []
    async with dependencies.store.snapshot() as snapshot:
        for own, doctors in _by_zone(search.doctors):
            bounds = _bookable(_window(asked, zone, own), search)
            if bounds.start < bounds.end:
                wanted = search.within(bounds, asked.step_minutes)
                found += await all_openings(snapshot, doctors, wanted)
    return json_response(DaysWithOpenings(days=await _days(found)))


def _window(asked: ListOpenings, zone: ZoneInfo, own: ZoneInfo) -> Interval:
    """Return the window that is asked for; dates are those of doctors, whose zone is `own`."""
    start = asked.start.as_start(own if asked.start.whole_day else zone)
    return Interval(start, asked.end.as_end(own if asked.end.whole_day else zone))


def _check_size(asked: ListOpenings, bounds: Interval, doctors: int) -> None:
    """Refuse what would take too long: 400."""
    days = ceil(bounds.length / DAY)
    most = MOST_DOCTOR_DAYS * min(asked.step_minutes, USUAL_STEP) // USUAL_STEP
    if days * doctors > most:
        message = (
            f"must be earlier, or fewer doctors be named: {days} days of {doctors} doctors are "
            f"more than {most} together, which is the most on this grid"
        )
        raise invalid("end", "too_many", message)


def _by_zone(doctors: Iterable[Doctor]) -> Iterable[tuple[ZoneInfo, Sequence[Doctor]]]:
    by_zone: dict[ZoneInfo, list[Doctor]] = {}
    for doctor in doctors:
        by_zone.setdefault(doctor.zone, []).append(doctor)
    return by_zone.items()


def _bookable(bounds: Interval, search: Search) -> Interval:
    """Return the part of a window that can be booked by now; it may end before it starts."""
    return Interval(search.earliest(bounds.start), min(bounds.end, search.latest_end))


async def _days(found: Iterable[Opening]) -> list[OpeningsOfDay]:
    """Return openings by date, then doctor, those of one doctor in the order in which they come.

    Lets other requests have their turn after every few starts, of which there may be 60,000.
    """
    by_day: dict[tuple[date, str], OpeningsOfDay] = {}
    for number, opening in enumerate(found, 1):
        doctor = opening.doctor
        start = on_clock(opening.interval.start, doctor.zone)
        key = start.date(), doctor.id
        if key not in by_day:
            by_day[key] = _without_starts(start.date(), doctor)
        by_day[key].starts.append(start)
        if number % STARTS_A_TURN == 0:
            await asyncio.sleep(0)
    return [by_day[key] for key in sorted(by_day)]


def _without_starts(day: date, doctor: Doctor) -> OpeningsOfDay:
    return OpeningsOfDay(date=day, doctor_id=doctor.id, time_zone=doctor.zone.key, starts=[])
