"""Windows of time: two bounds, once it is known whose wall clock they are on."""

from zoneinfo import ZoneInfo

from shared.http.requests import checked
from shared.http.schemas.fields import check_window, comparable
from shared.model.interval import Interval
from shared.rules.window_bounds import WindowBound


def window(start: WindowBound, end: WindowBound, zone: ZoneInfo) -> Interval:
    """Return the window between two bounds; empty if a change of the clock skips all of it.

    Bounds on one clock were compared as they were sent. Of others it is known only now whether they
    are in order and near enough: 400 if they are not.
    """
    bounds = Interval(start.as_start(zone), end.as_end(zone))
    if not comparable(start.time, end.time):
        checked("end", check_window, *bounds)
    return bounds
