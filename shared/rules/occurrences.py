"""The times that a recurrence rule means, on the wall clock of a doctor and as instants."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain, islice, takewhile
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shared.rules.recurrence import MOST_OCCURRENCES, WEEKDAYS, InvalidRule, Recurrence
from shared.rules.wall_clock import local_time, resolve_wall_clock
from shared.rules.window_bounds import WindowBound, start_instant
from shared.time_texts import LAST_YEAR

LONGEST_UNTIL = timedelta(days=366)

LONGEST_SERIES = timedelta(days=36_600)
"""No clinic books further ahead, and of some rules it takes long to find 60 dates that exist."""

_ORDINALS = (1, 2, 3, 4, 5)


class Occurrence(NamedTuple):
    """A time of a series: what the doctor's wall clock shows, and the instant in UTC.

    The instant is None where a change of the clocks skips what it would show.
    """

    local: datetime
    instant: datetime | None


def occurrences(rule: Recurrence, start: datetime, zone: ZoneInfo) -> tuple[Occurrence, ...]:
    """Return the times of a series in order; the first is `start`, a whole second in UTC.

    Each shows the same time of day. Dates that do not exist are left out (RFC 5545, section
    3.3.10). A time that a change of the clocks skips has no instant; unlike there, it counts, so
    that who asks for ten is told of ten. One that it repeats means the first of the two instants
    (section 3.3.5), unless it is the start.

    Raises InvalidRule if BYDAY leaves out the start; if UNTIL is before the start, more than
    LONGEST_UNTIL after it, or allows more than MOST_OCCURRENCES; or if COUNT leads beyond
    LONGEST_SERIES or LAST_YEAR.
    """
    local = local_time(start, zone)
    _check_day(rule, local)
    later = (_occurrence(each, zone) for each in _later(rule, local))
    every = chain([Occurrence(local, start)], later)
    if isinstance(rule.ends, int):
        return _counted(rule.ends, every)
    _check_end(rule.ends, start, local)
    return _by(rule.ends, every, zone)


def _check_day(rule: Recurrence, local: datetime) -> None:
    # INTERVAL counts from the start, so it cannot leave it out; but with it, a day that is in BYDAY
    # may be thousands of years away.
    if next(_expanded(rule, local, interval=1), None) != local:
        day = f"{local.date()} ({WEEKDAYS[local.weekday()]})"
        raise InvalidRule("BYDAY", f"must include the day of start, {day}")


def _check_end(until: WindowBound, start: datetime, local: datetime) -> None:
    if until.time - (start if until.time.tzinfo else local) > LONGEST_UNTIL:
        raise InvalidRule("UNTIL", f"must be at most {LONGEST_UNTIL.days} days after start")


def _counted(count: int, every: Iterable[Occurrence]) -> tuple[Occurrence, ...]:
    found = tuple(islice(every, count))
    if len(found) < count:
        most = f"within {LONGEST_SERIES.days} days and by the end of {LAST_YEAR}"
        raise InvalidRule("COUNT", f"must end the series {most}")
    return found


def _by(until: WindowBound, every: Iterable[Occurrence], zone: ZoneInfo) -> tuple[Occurrence, ...]:
    by_then = takewhile(_is_by(until, zone), every)
    found = tuple(islice(by_then, MOST_OCCURRENCES + 1))
    if not found:
        raise InvalidRule("UNTIL", "must not be before start")
    if len(found) > MOST_OCCURRENCES:
        raise InvalidRule("UNTIL", f"must allow at most {MOST_OCCURRENCES} occurrences")
    return found


def _is_by(until: WindowBound, zone: ZoneInfo) -> Callable[[Occurrence], bool]:
    """Return what tells whether an occurrence is by then; a skipped one is when clocks change."""
    if until.whole_day:
        return lambda each: each.local.date() <= until.time.date()
    end = until.as_end(zone)
    return lambda each: (each.instant or start_instant(each.local, zone)) <= end


def _occurrence(local: datetime, zone: ZoneInfo) -> Occurrence:
    if resolve_wall_clock(local, zone) == "nonexistent_local_time":
        return Occurrence(local, None)
    return Occurrence(local, start_instant(local, zone))


def _later(rule: Recurrence, first: datetime) -> Iterator[datetime]:
    """Yield what the wall clock shows at each occurrence after the first, as far as one may be."""
    for local in islice(_expanded(rule, first, rule.interval), 1, None):
        if local.year > LAST_YEAR or local - first > LONGEST_SERIES:
            return
        yield local


def _expanded(rule: Recurrence, first: datetime, interval: int) -> Iterator[datetime]:
    """Yield what the wall clock shows at each occurrence, as if the rule never ended."""
    from dateutil import rrule  # noqa: PLC0415 - takes 2 ms, and only series need it

    expanded = rrule.rrule(
        getattr(rrule, rule.frequency),
        dtstart=first,
        interval=interval,
        wkst=rrule.MO,  # Its default depends on the program.
        byweekday=[rrule.weekday(*day) for day in _numbered(rule)] or None,
    )
    try:
        yield from expanded
    except ValueError:  # A week that the last year of the calendar has only in part.
        return


def _numbered(rule: Recurrence) -> Iterator[tuple[int, int | None]]:
    """Yield the days of a rule; in a month, each with an ordinal.

    Of days with and without ordinals, dateutil takes only the dates that are among both.
    """
    for day in rule.days:
        if rule.frequency == "MONTHLY" and day.ordinal is None:
            yield from ((day.weekday, ordinal) for ordinal in _ORDINALS)
        else:
            yield day
