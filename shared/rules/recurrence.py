"""Recurrence rules (RFC 5545, section 3.3.10) as texts.

Only some of the RFC's rules are allowed, and each is bounded, so that none takes long to expand.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NamedTuple, get_args

from msgspec import Struct

from shared.rules.window_bounds import WindowBound
from shared.time_texts import FIRST_YEAR, LAST_YEAR

LONGEST_RULE = 255
"""In characters. Nothing else is looked at in a longer text."""

MOST_OCCURRENCES = 60
LONGEST_INTERVAL = 366

Frequency = Literal["DAILY", "WEEKLY", "MONTHLY"]

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

_FREQUENCIES: Mapping[str, Frequency] = {name: name for name in get_args(Frequency)}
_PARTS = ("FREQ", "INTERVAL", "BYDAY", "COUNT", "UNTIL")
_NAME = re.compile(r"[A-Za-z0-9:-]{1,20}")
"""What an error repeats of a caller's text: a name by the RFC, maybe behind `RRULE:`."""
_DAY = re.compile(rf"([+-]?0?[1-5])?({'|'.join(WEEKDAYS)})")
# No hour 24, which Python accepts since 3.14.
_UNTIL = re.compile(r"[0-9]{8}(T([01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]Z?)?")


class InvalidRule(Exception):
    """A rule that is malformed, is not allowed, or does not fit the start of a series.

    `part` is the name of the part at fault; None if that is the rule as a whole. `message` says
    what would be right. As a text, it is the sentence of both.
    """

    def __init__(self, part: str | None, message: str) -> None:
        super().__init__(f"{part} {message}" if part else message)
        self.part = part
        self.message = message


class RuleDay(NamedTuple):
    """A weekday, 0 for Monday: each one, or only the `ordinal`-th of the month.

    A negative ordinal counts from the end of the month.
    """

    weekday: int
    ordinal: int | None = None


class Recurrence(Struct, frozen=True):
    """A rule without its start, which also says the day where `days` is empty.

    It `ends` after a number of occurrences (COUNT), or with the last one by some time (UNTIL).
    """

    frequency: Frequency
    ends: int | WindowBound
    interval: int = 1
    days: tuple[RuleDay, ...] = ()


def parse_rule(text: str) -> Recurrence:
    """Return the rule that a text means: the value alone, without `RRULE:`.

    It has FREQ and either COUNT or UNTIL, and may have INTERVAL and BYDAY, in any order and case
    (RFC 5545, sections 2 and 3.3.10). Raises InvalidRule for anything else.
    """
    if len(text) > LONGEST_RULE:
        raise InvalidRule(None, f"must be at most {LONGEST_RULE} characters")
    parts = _parts(text)
    frequency = _FREQUENCIES.get(parts.get("FREQ", ""))
    if frequency is None:
        raise InvalidRule("FREQ", f"must be one of {', '.join(_FREQUENCIES)}")
    return Recurrence(
        frequency,
        _ends(parts),
        _number("INTERVAL", parts.get("INTERVAL", "1"), LONGEST_INTERVAL),
        _days(parts["BYDAY"], frequency) if "BYDAY" in parts else (),
    )


def _parts(text: str) -> dict[str, str]:
    """Return the value of each part by its name, both in upper case."""
    parts: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.partition("=")
        if not name:
            raise InvalidRule(None, 'must be parts such as "FREQ=DAILY", with ";" between them')
        # In upper case, some other characters are ASCII letters.
        if not part.isascii():
            raise InvalidRule(_shown(name), "must be in ASCII characters")
        name = name.upper()
        if name not in _PARTS:
            raise _unknown(_shown(name))
        if name in parts:
            raise InvalidRule(name, "must be sent only once")
        parts[name] = value.upper()
    return parts


def _shown(name: str) -> str | None:
    return name if _NAME.fullmatch(name) else None


def _unknown(name: str | None) -> InvalidRule:
    wrong = "is not allowed" if name else "has a part that is not allowed"
    return InvalidRule(name, f"{wrong}; use only {', '.join(_PARTS)}, without blanks")


def _ends(parts: Mapping[str, str]) -> int | WindowBound:
    count, until = parts.get("COUNT"), parts.get("UNTIL")
    if count is not None and until is not None:
        raise InvalidRule("UNTIL", "must not be sent together with COUNT")
    if until is not None:
        return _until(until)
    if count is not None:
        return _number("COUNT", count, MOST_OCCURRENCES)
    raise InvalidRule("COUNT", "is required unless UNTIL is sent")


def _number(name: str, digits: str, most: int) -> int:
    if not digits.isdigit() or not 1 <= int(digits) <= most:
        raise InvalidRule(name, f"must be a number from 1 to {most}")
    return int(digits)


def _days(text: str, frequency: Frequency) -> tuple[RuleDay, ...]:
    return tuple(_day(_DAY.fullmatch(day), frequency) for day in text.split(","))


def _day(match: re.Match[str] | None, frequency: Frequency) -> RuleDay:
    monthly = frequency == "MONTHLY"
    if match is None or (match[1] and not monthly):
        days = '"MO,1TU,-1FR"' if monthly else f'"MO,TU", without numbers if FREQ is {frequency}'
        raise InvalidRule("BYDAY", f"must be weekdays such as {days}")
    return RuleDay(WEEKDAYS.index(match[2]), int(match[1]) if match[1] else None)


def _until(text: str) -> WindowBound:
    time = _existing(text) if _UNTIL.fullmatch(text) else None
    if time is None:
        examples = '"20270501", "20270501T090000" or "20270501T130000Z"'
        raise InvalidRule("UNTIL", f"must be a date or time that exists, such as {examples}")
    if not FIRST_YEAR <= time.year <= LAST_YEAR:
        raise InvalidRule("UNTIL", f"must be in a year from {FIRST_YEAR} to {LAST_YEAR}")
    return WindowBound(time, whole_day="T" not in text)


def _existing(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
