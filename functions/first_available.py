"""Find the first times that can be booked."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from shared.http.dependencies import Dependencies
from shared.http.endpoint import endpoint
from shared.http.requests import checked, find_doctor, read_query
from shared.http.responses import answer
from shared.http.schemas import FirstAvailable, OpeningResponse, Openings, check_window
from shared.http.times import to_instant
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.queries.openings import SEARCH_DAYS, first_openings, why_no_opening
from shared.rules.openings import OpeningSearch
from shared.rules.wall_clock import round_up_to_minute


@endpoint("GET")
async def first_available(request: Request, dependencies: Dependencies) -> Response:
    """200, or why not; see `FirstAvailable` for the parameters."""
    now = dependencies.now()
    asked = read_query(request, FirstAvailable, repeatable="doctor_id")
    doctors = await _doctors(asked, dependencies)
    bounds = _bounds(asked, doctors, dependencies.settings.clinic_zone, now)
    length = timedelta(minutes=asked.duration_minutes)
    search = OpeningSearch(bounds, length, asked.step_minutes)
    async with dependencies.store.snapshot() as snapshot:
        openings = await first_openings(snapshot, doctors, search, asked.count)
    zone = doctors[0].zone if len(doctors) == 1 else dependencies.settings.clinic_zone
    return answer(
        Openings(
            openings=[OpeningResponse.of_opening(opening) for opening in openings],
            searched_from=bounds.start.astimezone(zone),
            searched_until=bounds.end.astimezone(zone),
            reason=None if openings else why_no_opening(doctors, search),
        )
    )


async def _doctors(asked: FirstAvailable, dependencies: Dependencies) -> list[Doctor]:
    """The doctors that are asked for, each once; all where none is named."""
    if asked.doctor_id is None:
        return list((await dependencies.doctor_cache.doctors()).values())
    return [
        await find_doctor(dependencies, doctor_id) for doctor_id in sorted(set(asked.doctor_id))
    ]


def _bounds(
    asked: FirstAvailable, doctors: Sequence[Doctor], clinic_zone: ZoneInfo, now: datetime
) -> Interval:
    """From `after` (the past counts as now), on a whole minute, until `until`."""
    zones = {doctor.zone for doctor in doctors} if asked.doctor_id else {clinic_zone}
    after = now
    if asked.after is not None:
        after = max(now, checked("after", to_instant, asked.after, *zones))
    start = round_up_to_minute(after)
    if asked.until is None:
        return Interval(start, start + timedelta(days=SEARCH_DAYS))
    until = checked("until", to_instant, asked.until, *zones)
    checked("until", check_window, after, until, "until", "after, and after now")
    return Interval(start, until)
