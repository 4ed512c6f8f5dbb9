"""Windows of time: two bounds, once it is known whose wall clock they are on."""

from zoneinfo import ZoneInfo

from shared.http.requests import checked
from shared.http.schemas.fields import LONGEST_DAYS, check_order, check_window, comparable
from shared.model.interval import Interval
from shared.rules.window_bounds import WindowBound


def window(
    start: WindowBound, end: WindowBound, zone: ZoneInfo, longest: int = LONGEST_DAYS
) -> Interval:
    """Return the window between two bounds; empty if a change of the clock skips all of it.

    Only now is it known whether bounds on a wall clock are in order, as 02:45 and 02:30 are in an
    hour that comes twice; and of bounds of different kinds also whether they are near enough: 400
    if they are not.
    """
    bounds = Interval(start.as_start(zone), end.as_end(zone))
    if not comparable(start.time, end.time):
        checked("end", check_window, *bounds, "end", "start", longest)
    elif end.end_time <= start.time:
        checked("end", check_order, *bounds)
    return bounds


def is_skipped(start: WindowBound, end: WindowBound, zone: ZoneInfo) -> bool:
    """Whether a change of the clock skips all between two bounds, in order on a wall clock."""
    in_order = comparable(start.time, end.time) and start.time < end.end_time
    return in_order and end.as_end(zone) <= start.as_start(zone)
