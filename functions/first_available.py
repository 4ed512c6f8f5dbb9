"""Find the first times that can be booked."""

from math import ceil
from zoneinfo import ZoneInfo

from msgspec.structs import replace
from starlette.responses import Response

from shared.http.call import Call
from shared.http.endpoint import Success, endpoint
from shared.http.request_errors import NoSuchService, UnknownDoctor, invalid
from shared.http.requests import checked
from shared.http.responses import json_response
from shared.http.schemas.fields import check_window
from shared.http.schemas.first_available import (
    AFTER,
    MOST_DOCTOR_DAYS,
    USUAL_MINUTES,
    FirstAvailable,
    OpeningList,
)
from shared.http.schemas.time_ranges import OpeningResponse
from shared.http.searches import Search, read_search
from shared.http.windows import is_skipped
from shared.model.doctor_days import DAY
from shared.model.interval import Interval
from shared.queries.openings import Found, first_openings
from shared.rules.availability import SEARCHED
from shared.store.port import Snapshot
from shared.time_texts import on_clock


@endpoint(
    "GET",
    group="Openings",
    takes=FirstAvailable,
    repeatable="doctor_id",
    responses={200: Success("The openings, by start, or why there is none", OpeningList)},
    problems=(UnknownDoctor, NoSuchService),
)
async def first_available(call: Call[FirstAvailable]) -> Response:
    """Find the first times that can be booked.

    Whatever it names can be booked at that instant, and nothing earlier can. If there is no
    opening, `reason` says why.
    """
    asked, dependencies = call.asked, call.dependencies
    search = await read_search(call, asked, USUAL_MINUTES)
    only_one = asked.doctor_id is not None and len(search.doctors) == 1
    zone = search.doctors[0].zone if only_one else dependencies.settings.clinic_zone
    window = _window(asked, zone, search)
    _check_size(window, len(search.doctors))
    bounds = _within_horizon(window, search)
    async with dependencies.store.snapshot() as snapshot:
        found = await _find(snapshot, search, asked, window, bounds)
    return json_response(
        OpeningList(
            openings=[OpeningResponse.of_opening(opening) for opening in found.openings],
            searched_from=on_clock(bounds.start, zone),
            searched_until=on_clock(bounds.end, zone),
            # Hours that are long enough, but hold no start on the grid, are as good as booked.
            reason="fully_booked" if found.reason == "off_grid" else found.reason,
        )
    )


def _window(asked: FirstAvailable, zone: ZoneInfo, search: Search) -> Interval:
    """Return where to search: from `after`, at the earliest when notice is given, to `until`.

    It begins on a whole minute; it is empty if `until` comes before that.
    """
    after = search.now if asked.after is None else max(search.now, asked.after.as_start(zone))
    start = search.earliest(after)
    if asked.until is None:
        return Interval(start, start + SEARCHED)
    until = asked.until.as_end(zone)
    if asked.after is None or not is_skipped(asked.after, asked.until, zone):
        name = "now" if after == search.now else AFTER
        checked("until", check_window, after, until, "until", name)
    return Interval(min(start, until), until)


def _check_size(window: Interval, doctors: int) -> None:
    """Refuse what could take too long if nothing is found: 400."""
    days = ceil(window.length / DAY)
    if days * doctors > MOST_DOCTOR_DAYS:
        message = (
            f"must be earlier, or fewer doctors be named: {days} days of {doctors} doctors are "
            f"more than {MOST_DOCTOR_DAYS} together"
        )
        raise invalid("until", "too_many", message)


def _within_horizon(window: Interval, search: Search) -> Interval:
    """Return the part of a window that can be booked by now; maybe nothing, at its start."""
    return Interval(window.start, max(window.start, min(window.end, search.latest_end)))


async def _find(
    snapshot: Snapshot, search: Search, asked: FirstAvailable, window: Interval, bounds: Interval
) -> Found:
    if bounds.start >= search.latest_end:
        return Found([], "beyond_horizon")
    step = asked.step_minutes
    found = await first_openings(snapshot, search.doctors, search.within(bounds, step), asked.count)
    if found.openings or bounds == window or found.reason == "fully_booked":
        return found
    # Nobody could within the horizon. Whether anybody could beyond it is another question.
    beyond = await first_openings(snapshot, search.doctors, search.within(window, step), count=1)
    if beyond.openings or beyond.reason == "fully_booked":
        return replace(found, reason="beyond_horizon")
    return beyond
