"""Find the first times that can be booked."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from shared.availability import OpeningSearch, round_up_to_minute
from shared.clinic import Clinic
from shared.models import Doctor, Interval
from shared.queries import SEARCH_DAYS, first_openings, why_no_opening
from shared.wire.answers import answer
from shared.wire.endpoint import endpoint
from shared.wire.requests import checked, find_doctor, read_query
from shared.wire.schemas import (
    FirstAvailable,
    OpeningAnswer,
    Openings,
    check_window,
)
from shared.wire.times import to_instant


@endpoint("GET")
async def first_available(request: Request, clinic: Clinic) -> Response:
    """200, or why not; see `FirstAvailable` for the parameters."""
    now = clinic.now()
    asked = read_query(request, FirstAvailable, repeatable="doctor_id")
    doctors = await _doctors(asked, clinic)
    bounds = _bounds(asked, doctors, clinic.settings.clinic_zone, now)
    length = timedelta(minutes=asked.duration_minutes)
    search = OpeningSearch(bounds, length, asked.step_minutes)
    async with clinic.store.snapshot() as snapshot:
        openings = await first_openings(snapshot, doctors, search, asked.count)
    zone = doctors[0].zone if len(doctors) == 1 else clinic.settings.clinic_zone
    return answer(
        Openings(
            openings=[OpeningAnswer.of_opening(opening) for opening in openings],
            searched_from=bounds.start.astimezone(zone),
            searched_until=bounds.end.astimezone(zone),
            reason=None if openings else why_no_opening(doctors, search),
        )
    )


async def _doctors(asked: FirstAvailable, clinic: Clinic) -> list[Doctor]:
    """The doctors that are asked for, each once; all where none is named."""
    if asked.doctor_id is None:
        return list((await clinic.roster.doctors()).values())
    return [await find_doctor(clinic, doctor_id) for doctor_id in sorted(set(asked.doctor_id))]


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
