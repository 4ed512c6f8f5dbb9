"""The rules alone, without a store: the first opening after a day, or a year, of appointments.

The floor is the plainest loop that answers the same question. Both find the working windows and
the busy times computed already.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from benchmarks.data import instant, new_appointment
from benchmarks.table import Figure, Row, at_most, within
from benchmarks.timing import Way, medians, say
from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor, WorkingHours
from shared.model.interval import Interval
from shared.model.time_zones import MINUTE
from shared.rules.openings import OpeningSearch, openings
from shared.rules.working_windows import working_windows

APPOINTMENTS = 96
DAYS = 365
LENGTH = 30 * MINUTE
FIRST_DAY = date(2030, 1, 1)
DAY_TIMES, DAY_REPEATS = 15, 20
YEAR_TIMES = 15

FLOOR = "bare loop"
MOST_TIMES = 2
"""What our rules know besides, bounds, grids and midnight, may cost one more look at each time."""
MICROSECONDS_A_DAY = Figure(20, "us")

# A minute less than the whole day: the windows of two days that meet at midnight would be one.
ROUND_THE_CLOCK = ((WorkingHours(0, 24 * 60 - 1),),) * 7
DOCTOR = Doctor("strange", "Stephen Strange", ZoneInfo("UTC"), ROUND_THE_CLOCK)
MIDNIGHT = instant(FIRST_DAY)
SEARCH = OpeningSearch(Interval(MIDNIGHT, MIDNIGHT + timedelta(days=DAYS)), LENGTH, MIDNIGHT)


def first_gap(
    windows: Sequence[Interval], busy: Sequence[Interval], length: timedelta
) -> datetime | None:
    """Return the start of the first gap that is long enough; both are in order of start."""
    for opens, closes in windows:
        free_from = opens
        for start, end in busy:
            if start > free_from:  # Of times back to back no gap needs to be measured.
                if start >= closes:
                    break
                if start - free_from >= length:
                    return free_from
            if end > free_from:  # noqa: PLR1730 - calling `max` takes as long as the rest
                free_from = end
        if closes - free_from >= length:
            return free_from
    return None


@dataclass(frozen=True)
class Calendar:
    """Consecutive equal days, each with APPOINTMENTS from midnight on.

    An appointment starts every `step` minutes and takes `minutes`; every break is too short.
    """

    days: int
    step: int
    minutes: int

    @cached_property
    def schedules(self) -> Sequence[DaySchedule]:
        """The days. The first search computes the busy times of each, and later ones reuse them."""
        dates = (FIRST_DAY + timedelta(days=n) for n in range(self.days))
        keys = (DayKey(DOCTOR.id, day) for day in dates)
        return [DaySchedule(key, tuple(self._appointments(key))) for key in keys]

    def _appointments(self, key: DayKey) -> Iterator[Appointment]:
        midnight = instant(key.day)
        for number in range(APPOINTMENTS):
            start = midnight + number * self.step * MINUTE
            time = Interval(start, start + self.minutes * MINUTE)
            yield new_appointment(key, time, midnight - timedelta(days=30))

    def first_start(self) -> datetime | None:
        """Return the start of the first opening in all these days, by our rules."""
        for schedule in self.schedules:
            day = schedule.key.day
            windows = working_windows(DOCTOR, day)
            for opening in openings(DOCTOR, day, windows, schedule.busy.times, SEARCH):
                return opening.start
        return None

    def first_start_of_floor(self) -> datetime | None:
        """Return the same by the bare loop."""
        for schedule in self.schedules:
            windows = working_windows(DOCTOR, schedule.key.day)
            if start := first_gap(windows, schedule.busy.times, LENGTH):
                return start
        return None


def rows() -> list[Row]:
    """Measure a day with an opening at its end, and a year without one."""
    return [*_rows("back to back", pause=0), *_rows("with short breaks", pause=4)]


def _rows(kind: str, pause: int) -> Iterator[Row]:
    say(f"rules alone, appointments {kind}")
    day, year = Calendar(1, 14, 14 - pause), Calendar(DAYS, 15, 15 - pause)
    what = f"rules: first opening in a day of {APPOINTMENTS} appointments {kind}"
    yield at_most(what, *_microseconds(day, DAY_TIMES, DAY_REPEATS), MOST_TIMES)
    ours, floor = _microseconds(year, YEAR_TIMES, 1)
    what = f"rules: a day of a year of full days, {kind}"
    yield at_most(what, ours, floor, MOST_TIMES)
    yield within(f"{what}, by itself", ours, MICROSECONDS_A_DAY)


def _microseconds(calendar: Calendar, times: int, repeats: int) -> tuple[Figure, Figure]:
    """Return the time for a day by our rules and by the bare loop, which must agree."""
    if calendar.first_start() != calendar.first_start_of_floor():
        raise SystemExit(f"the {FLOOR} and our rules do not agree on {calendar}")
    ways = {
        "": _repeated(calendar.first_start, repeats),
        FLOOR: _repeated(calendar.first_start_of_floor, repeats),
    }
    seconds = asyncio.run(medians(ways, times, warm_up=1))
    scale = 1_000_000 / calendar.days / repeats
    ours, floor = (Figure(seconds[name] * scale, "us", name) for name in ways)
    return ours, floor


def _repeated(find: Callable[[], object], repeats: int) -> Way:
    async def search(_number: int) -> None:
        for _ in range(repeats):
            find()

    return search
