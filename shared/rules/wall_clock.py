"""Conversions between a zone's wall clock and instants in UTC."""

from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from typing import Literal
from zoneinfo import ZoneInfo

from shared.model.time_zones import MINUTE

SECOND = timedelta(seconds=1)

LocalTimeProblem = Literal["nonexistent_local_time", "ambiguous_local_time"]


def resolve_wall_clock(local: datetime, zone: ZoneInfo) -> datetime | LocalTimeProblem:
    """Return the instant that a naive local time names in a zone, or why it names none or two.

    A clock change skips local times (`nonexistent_local_time`) or repeats them
    (`ambiguous_local_time`); see PEP 495 for `fold`.
    """
    earlier, later = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    instant = earlier.astimezone(UTC)
    if earlier.utcoffset() == later.utcoffset():
        return instant
    exists = instant.astimezone(zone).replace(tzinfo=None, fold=0) == local
    return "ambiguous_local_time" if exists else "nonexistent_local_time"


def local_time(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return what the wall clock of a zone shows at an instant, without an offset."""
    return instant.astimezone(zone).replace(tzinfo=None)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """Return the local date on which an instant falls."""
    return instant.astimezone(zone).date()


def on_wall_clock(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """Return the instant at which the wall clock of a day shows `minutes` since midnight.

    A skipped local time moves forward by the length of the gap; a repeated one means the earlier
    instant (RFC 5545, section 3.3.5).
    """
    local = datetime.combine(day, time()) + timedelta(minutes=minutes)
    return local.replace(tzinfo=zone).astimezone(UTC)


def minutes_of_day(instant: datetime, zone: ZoneInfo) -> int:
    """Return what the wall clock of a zone shows, in minutes since midnight."""
    local = instant.astimezone(zone)
    return local.hour * 60 + local.minute


def round_down_to_minute(instant: datetime) -> datetime:
    """Return the start of the minute in which an instant lies."""
    return instant.replace(second=0, microsecond=0)


def round_down_to_second(instant: datetime) -> datetime:
    """Return the start of the second in which an instant lies."""
    return instant.replace(microsecond=0)


def seconds_until(instant: datetime, now: datetime) -> int:
    """Return how many seconds it is until an instant, rounded up."""
    return ceil((instant - now) / SECOND)


def round_up_to_minute(instant: datetime) -> datetime:
    """Return the instant itself if it is a whole minute, else the next whole minute."""
    whole = round_down_to_minute(instant)
    return whole if whole == instant else whole + MINUTE
