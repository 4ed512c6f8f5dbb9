"""When a doctor works, as instants."""

from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo

from shared.model.doctor import Doctor, WorkingHours
from shared.model.doctor_days import DAY, each_day, end_of_day
from shared.model.interval import Interval, clipped, merged
from shared.model.policy import LONGEST
from shared.model.time_zones import MINUTE
from shared.rules.wall_clock import local_day, on_wall_clock

WINDOWS_REMEMBERED = 4096  # About 1.5 MB; doctors who work the same hours share them.


def working_windows(doctor: Doctor, day: date) -> tuple[Interval, ...]:
    """Return when a doctor works on a doctor-day, in order, with breaks between.

    Windows that meet, also at midnight, are one. Each is cut to the day and the longest
    appointment behind it, so that it holds every appointment that starts on that day.
    """
    return _windows_of_day(doctor.without_name, day)


def windows_on_date(doctor: Doctor, day: date) -> tuple[Interval, ...]:
    """Return when a doctor works on a local date, in order, with breaks between.

    Hours that touch make one window. A date that the zone skipped (Pacific/Apia, 2011-12-30) has
    none, and neither have hours that a clock change swallows whole.
    """
    return _windows_on_date(doctor.week[day.weekday()], day, doctor.zone)


# Without the caches a search over a year would spend most of its time on these conversions.
@lru_cache(maxsize=WINDOWS_REMEMBERED)
def _windows_of_day(doctor: Doctor, day: date) -> tuple[Interval, ...]:
    zone, end = doctor.zone, end_of_day(doctor, day)
    reach = Interval(end - DAY, end + LONGEST)
    dates = each_day(local_day(reach.start, zone), local_day(reach.end, zone))
    windows = merged(window for d in dates for window in windows_on_date(doctor, d))
    return tuple(window for window in clipped(windows, reach) if window.start < end)


@lru_cache(maxsize=WINDOWS_REMEMBERED)
def _windows_on_date(
    stretches: tuple[WorkingHours, ...], day: date, zone: ZoneInfo
) -> tuple[Interval, ...]:
    windows = (_working_window(hours, day, zone) for hours in stretches)
    return tuple(merged(window for window in windows if window))


def _working_window(hours: WorkingHours, day: date, zone: ZoneInfo) -> Interval | None:
    """Return the window of these hours, or None if no part of it is on the local date.

    It never reaches into another date, not even where a clock change swallows midnight
    (America/Nuuk, 2026-03-28): the hours of that date say whether the doctor works then.
    """
    opens_at = on_wall_clock(day, hours.opens, zone)
    closes_at = on_wall_clock(day, hours.closes, zone)
    if local_day(opens_at, zone) != day:
        return None
    while local_day(closes_at - MINUTE, zone) > day:
        closes_at -= MINUTE
    return Interval(opens_at, closes_at) if opens_at < closes_at else None
