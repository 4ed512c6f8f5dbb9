"""Times as clients write and read them: RFC 3339, with an offset or on a doctor's wall clock."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from shared.model.time_zones import MINUTE
from shared.rules.refusals import UnclearTime
from shared.rules.window_bounds import WindowBound
from shared.time_texts import DATE, TIME, parse_time, parse_time_or_date, written

_SECONDS = re.compile(r"\d\d:\d\d:(?!00(\.0+)?([Zz+-]|$))", re.ASCII)
_PLUS_SENT_AS_SPACE = re.compile(r" (?=\d\d:\d\d$)", re.ASCII)


def parse_instant(text: str) -> datetime | None:
    """Return the time that a text writes with an offset; None if it writes none."""
    try:
        time = parse_time(text)
    except PydanticCustomError:
        return None
    return time if time.tzinfo else None


def _restore_plus(value: Any) -> Any:  # noqa: ANN401 - what a client sent, of any type
    """Restore an offset that was not escaped: in a query string, only there, `+` means a space."""
    return _PLUS_SENT_AS_SPACE.sub("+", value) if isinstance(value, str) else value


def _parse_minute(value: object) -> datetime:
    time = parse_time(value)
    # Checked in the text, because a `datetime` drops what is smaller than a microsecond.
    if _SECONDS.search(str(value)):
        raise PydanticCustomError("whole_minutes", "must be a whole minute, without seconds")
    return time


def _parse_bound(value: object) -> WindowBound:
    return WindowBound(*parse_time_or_date(value))


def _parse_query_bound(value: object) -> WindowBound:
    return _parse_bound(_restore_plus(value))


def _parse_bound_minute(value: object) -> WindowBound:
    time, whole_day = parse_time_or_date(value)
    return WindowBound(time if whole_day else _parse_minute(value), whole_day)


_WHICH_CLOCK = (
    "RFC 3339. With an offset or `Z`, that instant; without one, the wall clock of the doctor, or "
    "of the clinic if not exactly one doctor is named."
)
BOUND_MEANING = (
    f"{_WHICH_CLOCK} A date alone means that whole day, from its first instant to that of the next "
    "day. A time that a clock change skips means the instant of the change."
)
"""What documents say of every bound; a field says before it what its own is for."""


def _schema(pattern: str, meaning: str) -> dict[str, str]:
    return {"type": "string", "pattern": f"^{pattern}$", "description": meaning}


BodyMinute = Annotated[
    datetime,
    PlainValidator(_parse_minute),
    WithJsonSchema(
        _schema(
            DATE + TIME,
            f"{_WHICH_CLOCK} A time that a clock change skips or repeats needs an offset.",
        )
    ),
]
"""A time in a JSON body that falls on a whole minute; naive if it has no offset."""

_BOUND = WithJsonSchema(_schema(f"{DATE}({TIME})?", BOUND_MEANING))

QueryBound = Annotated[WindowBound, PlainValidator(_parse_query_bound), _BOUND]
"""A bound of a window in a query string, of any precision."""

BodyBound = Annotated[WindowBound, PlainValidator(_parse_bound_minute), _BOUND]
"""A bound of a time in a JSON body: a whole minute, or a whole local day."""

BodyInstant = Annotated[WindowBound, PlainValidator(_parse_bound), _BOUND]
"""A bound of a window in a JSON body, of any precision."""


def time_message(unclear: UnclearTime) -> str:
    """Return what is wrong with a time or a length, and what would be right."""
    match unclear.problem:
        case "missing":
            return "is required unless the service has a length"
        case "not_after_start":
            return "must be after start"
        case "too_long":
            most = f"must be at most {unclear.longest // MINUTE}"
            return most if unclear.field == "duration_minutes" else f"{most} minutes after start"
        case "length_of_service":
            return "must be left out, because the service has a length"
    zone, time = unclear.zone, unclear.time
    happens = "is skipped" if unclear.problem == "nonexistent_local_time" else "happens twice"
    example = written(time.replace(tzinfo=zone), zone)
    return f"{happens} when the clocks of {zone.key} change; send an offset, as in {example}"
