"""Series of any rule, beside a reference that looks at every day in the words of RFC 5545."""

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from shared.model.time_zones import time_zone
from shared.rules.occurrences import occurrences
from shared.rules.recurrence import InvalidRule, parse_rule
from tests.examples import examples
from tests.strategies import DAY, MINUTE

WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
HOUR = timedelta(hours=1)
Parts = dict[str, str]
Found = list[tuple[datetime, datetime | None]]


# The reference: days


def means(parts: Parts, start: date, day: date) -> bool:
    """Whether a rule means a day, as section 3.3.10 says."""
    days = parts["BYDAY"].split(",") if "BYDAY" in parts else []
    if parts["FREQ"] == "DAILY":
        passed = (day - start).days
        named = not days or WEEKDAYS[day.weekday()] in days
    elif parts["FREQ"] == "WEEKLY":
        passed = (monday(day) - monday(start)).days // 7
        named = WEEKDAYS[day.weekday()] in (days or [WEEKDAYS[start.weekday()]])
    else:
        passed = 12 * (day.year - start.year) + day.month - start.month
        named = any(name in days for name in names(day)) if days else day.day == start.day
    return passed % int(parts.get("INTERVAL", "1")) == 0 and named


def monday(day: date) -> date:
    """The first day of the week, unless WKST says another one."""
    return day - day.weekday() * DAY


def names(day: date) -> list[str]:
    """What the day is in its month: `MO`, `2MO`, `+2MO`, `-4MO`."""
    weekday, last = WEEKDAYS[day.weekday()], calendar.monthrange(day.year, day.month)[1]
    from_start, from_end = (day.day + 6) // 7, (last - day.day + 7) // 7
    return [weekday, f"{from_start}{weekday}", f"+{from_start}{weekday}", f"-{from_end}{weekday}"]


def locals_of(parts: Parts, first: datetime) -> Iterator[datetime]:
    """What the clock shows at each occurrence in 36,600 days."""
    for n in range(36_601):
        if means(parts, first.date(), first.date() + n * DAY):
            yield first + n * DAY


# The reference: instants


def instants(local: datetime, zone: ZoneInfo) -> list[datetime]:
    """The instants at which a clock shows a time: of all that could do so, those that do."""
    as_utc = local.replace(tzinfo=UTC)
    around = [(as_utc + hours * HOUR).astimezone(zone) for hours in range(-30, 31, 3)]
    offsets = {other.utcoffset() or timedelta() for other in around}
    possible = sorted(as_utc - offset for offset in offsets)
    return [each for each in possible if shown(each, zone) == local]


def shown(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def change(local: datetime, zone: ZoneInfo) -> datetime:
    """The first minute at which a clock shows a later time than one that it skips."""
    instant = local.replace(tzinfo=UTC) - 16 * HOUR
    while shown(instant, zone) <= local:
        instant += MINUTE
    return instant


def is_by(until: str, zone: ZoneInfo, local: datetime, instant: datetime | None) -> bool:
    end = datetime.fromisoformat(until)
    if "T" not in until:
        return local.date() <= end.date()
    if not end.tzinfo:
        end = max(instants(end, zone), default=None) or change(end, zone)
    return (instant or change(local, zone)) <= end


def is_late(until: str, first: datetime, start: datetime) -> bool:
    end = datetime.fromisoformat(until)
    if "T" not in until:
        return end.date() > first.date() + 366 * DAY
    return end > (start if end.tzinfo else first) + 366 * DAY


def expected(parts: Parts, start: datetime, zone: ZoneInfo) -> Found | str:
    """The series, or the part that is wrong."""
    first, until = shown(start, zone), parts.get("UNTIL")
    if not means(parts, first.date(), first.date()):
        return "BYDAY"
    if until and is_late(until, first, start):
        return "UNTIL"
    found: Found = []
    for local in locals_of(parts, first):
        instant = min(instants(local, zone), default=None) if found else start
        if until and not is_by(until, zone, local, instant):
            return found or "UNTIL"
        found.append((local, instant))
        if until and len(found) > 60:
            return "UNTIL"
        if len(found) == int(parts.get("COUNT", "61")):
            return found
    return found if until else "COUNT"


# Any rules


# Zones, and times that a change of the clocks skips or repeats.
CHANGES = [
    ("America/New_York", "2026-03-08T02:15"),
    ("America/New_York", "2026-11-01T01:30"),
    ("Australia/Lord_Howe", "2026-04-05T01:45"),
    ("Australia/Lord_Howe", "2026-10-04T02:15"),
    ("Pacific/Chatham", "2026-04-05T03:00"),
    ("Pacific/Chatham", "2026-09-27T03:15"),
    ("America/Nuuk", "2026-03-28T22:30"),
    ("America/Nuuk", "2026-10-24T23:30"),
]


@st.composite
def starts(draw: st.DrawFn) -> tuple[datetime, ZoneInfo]:
    """Some days before a change of the clocks, often at a time that it skips or repeats."""
    zone, local = draw(st.sampled_from(CHANGES))
    days = draw(st.just(0) | st.sampled_from([1, 2, 7, 14, 28, 31]) | st.integers(0, 1500))
    minutes = draw(st.just(0) | st.integers(-1440, 1440))
    start = datetime.fromisoformat(local) - days * DAY + minutes * MINUTE
    fold = draw(st.integers(0, 1))
    return start.replace(tzinfo=time_zone(zone), fold=fold).astimezone(UTC), time_zone(zone)


@st.composite
def day_lists(draw: st.DrawFn, frequency: str, start: date) -> str:
    """Values of BYDAY, most of which name the day of the start."""
    ordinals = ["", "1", "2", "+3", "5", "-1", "-2", "-5"] if frequency == "MONTHLY" else [""]
    others = st.builds(str.__add__, st.sampled_from(ordinals), st.sampled_from(WEEKDAYS))
    own = st.sampled_from(names(start) if frequency == "MONTHLY" else names(start)[:1])
    days = draw(st.lists(others, max_size=4)) + draw(st.lists(own, max_size=2))
    return ",".join(draw(st.permutations(days or [draw(own)])))


@st.composite
def ends(draw: st.DrawFn, start: datetime, zone: ZoneInfo) -> str:
    """Values of UNTIL, about a time at which there may be an occurrence."""
    days = draw(st.integers(5, 60) | st.integers(-2, 400))
    form = draw(st.sampled_from(["%Y%m%d", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ"]))
    seconds = draw(st.sampled_from([-1, 0, 1]) | st.integers(-3600, 3600))
    then = start if form.endswith("Z") else shown(start, zone)
    return f"{then + days * DAY + timedelta(seconds=seconds):{form}}"


@st.composite
def rules(draw: st.DrawFn, start: datetime, zone: ZoneInfo) -> Parts:
    """The parts of a rule, in any order."""
    parts = {"FREQ": draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]))}
    if draw(st.booleans()):
        parts["INTERVAL"] = str(draw(st.integers(1, 3) | st.integers(1, 366)))
    if draw(st.booleans()):
        parts["BYDAY"] = draw(day_lists(parts["FREQ"], shown(start, zone).date()))
    if draw(st.booleans()):
        parts["COUNT"] = str(draw(st.integers(5, 20) | st.integers(1, 60)))
    else:
        parts["UNTIL"] = draw(ends(start, zone))
    return {name: parts[name] for name in draw(st.permutations(list(parts)))}


@given(st.data())
@examples(200)
def test_a_series_has_the_times_that_the_rfc_describes(data: st.DataObject) -> None:
    start, zone = data.draw(starts())
    parts = data.draw(rules(start, zone))
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    try:
        found: object = list(occurrences(parse_rule(text), start, zone))
    except InvalidRule as error:
        found = error.part
    assert found == expected(parts, start, zone)
