"""Times as people and programs write them: RFC 3339, with an offset or without one."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic_core import PydanticCustomError

FIRST_YEAR, LAST_YEAR = 1900, 9998  # Beyond, a zone's offset or a search leaves the calendar.

# RFC 3339, section 5.6; the offset may be absent, and so may the seconds, as in an HTML form.
# No hour 24, which Python accepts since 3.14.
_HOUR = r"([01]\d|2[0-3])"
DATE = r"\d{4}-\d\d-\d\d"
TIME = rf"[Tt]{_HOUR}:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]{_HOUR}:[0-5]\d)?"
"""What follows the date."""

_RFC_3339 = re.compile(DATE + TIME, re.ASCII)
_WHOLE_DAY = re.compile(DATE, re.ASCII)
_EXAMPLES = '"2026-11-23T09:00:00-05:00" or, on the doctor\'s wall clock, "2026-11-23T09:00:00"'
_OR_DATE = f'{_EXAMPLES}, or a date such as "2026-11-23"'


def parse_time(value: object) -> datetime:
    """Return the time that a text names, naive if it has no offset.

    Raises PydanticCustomError if it is none.
    """
    return _parse_time(value, _EXAMPLES)


def parse_time_or_date(value: object) -> tuple[datetime, bool]:
    """Return the time, or the midnight of the date, that a text names; and whether it is a date.

    Raises PydanticCustomError if it is neither.
    """
    if isinstance(value, str) and _WHOLE_DAY.fullmatch(value):
        return _existing(value), True
    return _parse_time(value, _OR_DATE), False


def on_clock(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return an instant as responses have it: on the clock of a zone, in whole seconds."""
    return instant.astimezone(zone).replace(microsecond=0)


def written(instant: datetime, zone: ZoneInfo) -> str:
    """Return an instant as responses write it, as text."""
    return on_clock(instant, zone).isoformat().replace("+00:00", "Z")


def minutes_of(clock_time: str) -> int:
    """Return the minutes since midnight of `HH:MM`; ValueError if it is not of that form."""
    hours, minutes = clock_time.split(":")
    return int(hours) * 60 + int(minutes)


def clock_time(minutes: int) -> str:
    """Write minutes since midnight as `HH:MM`."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _parse_time(value: object, examples: str) -> datetime:
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise PydanticCustomError("time", f"must be an RFC 3339 time such as {examples}")
    return _existing(value)


def _existing(value: str) -> datetime:
    try:
        time = datetime.fromisoformat(value.upper())
    except ValueError as error:
        message = "must be a time that exists: {cause}"
        raise PydanticCustomError("time", message, {"cause": str(error)}) from None
    if not FIRST_YEAR <= time.year <= LAST_YEAR:
        message = f"must be in a year from {FIRST_YEAR} to {LAST_YEAR}"
        raise PydanticCustomError("time_out_of_range", message)
    return time
