"""Find the first times that can be booked."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from starlette.responses import Response

from shared.http.call import Call
from shared.http.dependencies import Dependencies
from shared.http.endpoint import Success, endpoint
from shared.http.errors import UnknownDoctor
from shared.http.lookups import find_bookable_doctor
from shared.http.requests import checked
from shared.http.responses import json_response
from shared.http.schemas.fields import check_window
from shared.http.schemas.first_available import FirstAvailable, Openings
from shared.http.schemas.opening import OpeningResponse
from shared.http.times import on_clock
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.queries.openings import first_openings
from shared.rules.booking import SEARCHED
from shared.rules.openings import OpeningSearch
from shared.rules.wall_clock import round_up_to_minute


@endpoint(
    "GET",
    takes=FirstAvailable,
    repeatable="doctor_id",
    responses={200: Success("The openings, by start, or why there is none", Openings)},
    problems=(UnknownDoctor,),
)
async def first_available(call: Call[FirstAvailable]) -> Response:
    """Find the first times that can be booked."""
    asked, dependencies = call.asked, call.dependencies
    doctors = await _doctors(asked, dependencies)
    only_one = asked.doctor_id is not None and len(doctors) == 1
    zone = doctors[0].zone if only_one else dependencies.settings.clinic_zone
    bounds = _bounds(asked, zone, call.now)
    length = timedelta(minutes=asked.duration_minutes)
    search = OpeningSearch(bounds, length, asked.step_minutes)
    async with dependencies.store.snapshot() as snapshot:
        found = await first_openings(snapshot, doctors, search, asked.count)
    return json_response(
        Openings(
            openings=[OpeningResponse.of_opening(opening) for opening in found.openings],
            searched_from=on_clock(bounds.start, zone),
            searched_until=on_clock(bounds.end, zone),
            reason=found.reason,
        )
    )


async def _doctors(asked: FirstAvailable, dependencies: Dependencies) -> list[Doctor]:
    """Return the doctors that are asked for, each once; all if none is named."""
    if asked.doctor_id is None:
        return list(await dependencies.doctor_cache.offering())
    return [await find_bookable_doctor(dependencies, name) for name in sorted(set(asked.doctor_id))]


def _bounds(asked: FirstAvailable, zone: ZoneInfo, now: datetime) -> Interval:
    """Return where to search: from `after`, at the earliest now, on a whole minute, to `until`.

    Empty if `until` comes before that minute.
    """
    after = now if asked.after is None else max(now, asked.after.as_start(zone))
    start = round_up_to_minute(after)
    if asked.until is None:
        return Interval(start, start + SEARCHED)
    until = asked.until.as_end(zone)
    checked("until", check_window, after, until, "until", "after, and after now")
    return Interval(min(start, until), until)
