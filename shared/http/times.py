"""Times as clients write and read them: RFC 3339, with an offset or on a doctor's wall clock."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from shared.rules.outcomes import UnclearTime
from shared.rules.wall_clock import MINUTE
from shared.rules.window_bounds import end_instant, start_instant

FIRST_YEAR, LAST_YEAR = 1900, 9998  # Beyond, a zone's offset or a search leaves the calendar.

# RFC 3339, section 5.6; the offset may be absent, and so may the seconds, as in an HTML form.
# No hour 24, which Python accepts since 3.14.
_HOUR = r"([01]\d|2[0-3])"
_DATE = r"\d{4}-\d\d-\d\d"
_TIME = rf"[Tt]{_HOUR}:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]{_HOUR}:[0-5]\d)?"
_RFC_3339 = re.compile(_DATE + _TIME, re.ASCII)
_WHOLE_DAY = re.compile(_DATE, re.ASCII)
_SECONDS = re.compile(r"\d\d:\d\d:(?!00(\.0+)?([Zz+-]|$))", re.ASCII)
_PLUS_SENT_AS_SPACE = re.compile(r" (?=\d\d:\d\d$)", re.ASCII)
_EXAMPLES = '"2026-11-23T09:00:00-05:00" or, on the doctor\'s wall clock, "2026-11-23T09:00:00"'


def _parse(value: object) -> datetime:
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise PydanticCustomError("time", f"must be an RFC 3339 time such as {_EXAMPLES}")
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


def _restore_plus(value: Any) -> Any:  # noqa: ANN401 - what a client sent, of any type
    """Restore an offset that was not escaped: in a query string `+` means a space."""
    return _PLUS_SENT_AS_SPACE.sub("+", value) if isinstance(value, str) else value


def _parse_minute(value: object) -> datetime:
    time = _parse(value)
    # Checked in the text, because a `datetime` drops what is smaller than a microsecond.
    if _SECONDS.search(str(value)):
        raise PydanticCustomError("whole_minutes", "must be a whole minute, without seconds")
    return time


class WindowBound(Struct, frozen=True):
    """A bound of a time window: an instant, a time on a wall clock, or a whole local day.

    Of a day, `time` is its midnight.
    """

    time: datetime
    whole_day: bool = False

    @property
    def end_time(self) -> datetime:
        """The time of this bound as the end of a window: of a day, the midnight after it."""
        return self.time + timedelta(days=1) if self.whole_day else self.time

    def as_start(self, zone: ZoneInfo) -> datetime:
        """Return the instant in UTC at which a window begins, on the wall clock of a zone."""
        if self.time.tzinfo is not None:
            return self.time.astimezone(UTC)
        return start_instant(self.time, zone)

    def as_end(self, zone: ZoneInfo) -> datetime:
        """Return the instant in UTC at which a window ends, on the wall clock of a zone."""
        if self.time.tzinfo is not None:
            return self.time.astimezone(UTC)
        if self.whole_day:
            return start_instant(self.end_time, zone)
        return end_instant(self.time, zone)


def _parse_bound(value: object) -> WindowBound:
    value = _restore_plus(value)
    if isinstance(value, str) and _WHOLE_DAY.fullmatch(value):
        return WindowBound(_existing(value), whole_day=True)
    return WindowBound(_parse(value))


def _parse_bound_minute(value: object) -> WindowBound:
    if isinstance(value, str) and _WHOLE_DAY.fullmatch(value):
        return WindowBound(_existing(value), whole_day=True)
    return WindowBound(_parse_minute(value))


def _schema(pattern: str, meaning: str) -> dict[str, str]:
    described = (
        "RFC 3339. With an offset or `Z`, that instant; without one, the wall clock of the "
        f"doctor, or of the clinic if not exactly one doctor is named. {meaning}"
    )
    return {"type": "string", "pattern": f"^{pattern}$", "description": described}


BodyMinute = Annotated[
    datetime,
    PlainValidator(_parse_minute),
    WithJsonSchema(
        _schema(_DATE + _TIME, "A time that a clock change skips or repeats needs an offset.")
    ),
]
"""A time in a JSON body that falls on a whole minute; naive if it has no offset."""

_BOUND = WithJsonSchema(
    _schema(
        f"{_DATE}({_TIME})?",
        "A date alone means that whole day, from its first instant to that of the next day. "
        "A time that a clock change skips means the instant of the change.",
    )
)

QueryBound = Annotated[WindowBound, PlainValidator(_parse_bound), _BOUND]
"""A bound of a window in a query string, of any precision."""

BodyBound = Annotated[WindowBound, PlainValidator(_parse_bound_minute), _BOUND]
"""A bound of a time in a JSON body: a whole minute, or a whole local day."""


def on_clock(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return an instant as responses have it: on the clock of a zone, in whole seconds."""
    return instant.astimezone(zone).replace(microsecond=0)


def written(instant: datetime, zone: ZoneInfo) -> str:
    """Return an instant as responses write it, for sentences."""
    return on_clock(instant, zone).isoformat().replace("+00:00", "Z")


def time_message(unclear: UnclearTime) -> str:
    """Return what is wrong with a time or a length, and what would be right."""
    match unclear.problem:
        case "missing":
            return "is required unless the service has a length"
        case "not_after_start":
            return "must be after start"
        case "too_long":
            return f"must be at most {unclear.longest // MINUTE} minutes after start"
        case "length_of_service":
            return "must be left out, because the service has a length"
    zone, time = unclear.zone, unclear.time
    happens = "is skipped" if unclear.problem == "nonexistent_local_time" else "happens twice"
    example = written(time.replace(tzinfo=zone), zone)
    return f"{happens} when the clocks of {zone.key} change; send an offset, as in {example}"
