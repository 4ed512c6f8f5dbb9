"""Times as clients write them: RFC 3339, with an offset or on a doctor's wall clock."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from shared.rules.wall_clock import LocalTimeProblem, resolve_wall_clock

FIRST_YEAR, LAST_YEAR = 1900, 9998  # Beyond, a zone's offset or a search leaves the calendar.

# RFC 3339, section 5.6; the offset may be absent, and so may the seconds, as in an HTML form.
# No hour 24, which Python accepts since 3.14.
_HOUR = r"([01]\d|2[0-3])"
_PATTERN = rf"^\d{{4}}-\d\d-\d\d[Tt]{_HOUR}:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]{_HOUR}:[0-5]\d)?$"
_RFC_3339 = re.compile(_PATTERN.strip("^$"), re.ASCII)
_SECONDS = re.compile(r"\d\d:\d\d:(?!00(\.0+)?([Zz+-]|$))", re.ASCII)
_PLUS_SENT_AS_SPACE = re.compile(r" (?=\d\d:\d\d$)", re.ASCII)
_EXAMPLES = '"2026-11-23T09:00:00-05:00" or, on the doctor\'s wall clock, "2026-11-23T09:00:00"'


def _parse(value: object) -> datetime:
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise PydanticCustomError("time", f"must be an RFC 3339 time such as {_EXAMPLES}")
    try:
        time = datetime.fromisoformat(value.upper())
    except ValueError as error:
        message = "must be a time that exists: {cause}"
        raise PydanticCustomError("time", message, {"cause": str(error)}) from None
    if not FIRST_YEAR <= time.year <= LAST_YEAR:
        message = f"must be in a year from {FIRST_YEAR} to {LAST_YEAR}"
        raise PydanticCustomError("time_out_of_range", message)
    return time


def _restore_plus(value: Any) -> Any:  # noqa: ANN401 - what a client sent, of any type
    """Restore an offset that was not escaped: in a query string `+` means a space."""
    return _PLUS_SENT_AS_SPACE.sub("+", value) if isinstance(value, str) else value


def _parse_minute(value: object) -> datetime:
    time = _parse(value)
    # Checked in the text, because a `datetime` drops what is smaller than a microsecond.
    if _SECONDS.search(str(value)):
        raise PydanticCustomError("whole_minutes", "must be a whole minute, without seconds")
    return time


_SCHEMA = {
    "type": "string",
    "pattern": _PATTERN,
    "description": (
        "RFC 3339. With an offset or `Z`, that instant; without one, the wall clock of the "
        "doctor, or of the clinic if no doctor is named."
    ),
}

BodyMinute = Annotated[datetime, PlainValidator(_parse_minute), WithJsonSchema(_SCHEMA)]
"""A time in a JSON body that falls on a whole minute; naive if it has no offset."""

QueryTime = Annotated[
    datetime, PlainValidator(lambda v: _parse(_restore_plus(v))), WithJsonSchema(_SCHEMA)
]
"""A time in a query string, of any precision; naive if it has no offset."""


def to_instant(time: datetime, *zones: ZoneInfo) -> datetime:
    """Return the instant in UTC that a client's time means on the wall clock of the zones.

    Raises PydanticCustomError `nonexistent_local_time` or `ambiguous_local_time`, the latter also
    if the clocks of several zones could be meant.
    """
    if time.tzinfo is not None:
        return time.astimezone(UTC)
    zone, *others = zones
    if others:
        message = "could be on the clock of several time zones; send an offset"
        raise PydanticCustomError("ambiguous_local_time", message)
    instant = resolve_wall_clock(time, zone)
    if isinstance(instant, datetime):
        return instant
    raise PydanticCustomError(instant, local_time_message(instant, time, zone))


def local_time_message(
    problem: LocalTimeProblem | Literal["not_after_start", "too_long"],
    time: datetime,
    zone: ZoneInfo,
) -> str:
    """Return what is wrong with a time on the wall clock of a zone, and what would be right."""
    if problem == "not_after_start":
        return "must be after start"
    if problem == "too_long":
        return "must be at most 24 hours after start"
    happens = "is skipped" if problem == "nonexistent_local_time" else "happens twice"
    example = time.replace(tzinfo=zone).isoformat()
    return f"{happens} when the clocks of {zone.key} change; send an offset, as in {example}"
