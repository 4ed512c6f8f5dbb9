"""The rules alone, without a store: the first opening behind a day of appointments, or a year.

The rival answers the same questions with `portion`, a library of intervals. Both are given the
working windows, and what is busy as pairs of instants.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import starmap
from zoneinfo import ZoneInfo

import portion  # type: ignore[import-untyped]

from benchmarks.table import Figure, Row, faster, within
from benchmarks.timing import Way, medians, say
from shared.model.appointment import Appointment, Patient
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor, WorkingHours
from shared.model.interval import Interval
from shared.rules.openings import OpeningSearch, openings
from shared.rules.wall_clock import MINUTE
from shared.rules.working_windows import working_windows

APPOINTMENTS = 96
DAYS = 365
LENGTH = 30 * MINUTE
FIRST_DAY = date(2030, 1, 1)
DAY_TIMES, DAY_REPEATS = 15, 20
YEAR_TIMES = 3

RIVAL = "portion"
MANY_TIMES = 50
MICROSECONDS_A_DAY = Figure(20, "us")

ROUND_THE_CLOCK = ((WorkingHours(0, 24 * 60),),) * 7
DOCTOR = Doctor("strange", "Stephen Strange", ZoneInfo("UTC"), ROUND_THE_CLOCK)
MIDNIGHT = datetime.combine(FIRST_DAY, datetime.min.time(), UTC)
SEARCH = OpeningSearch(Interval(MIDNIGHT, MIDNIGHT + timedelta(days=DAYS)), LENGTH)


@dataclass(frozen=True)
class Calendar:
    """Consecutive days alike, each with so many appointments from midnight on.

    One starts every `step` minutes and takes `minutes`, so that every break is too short.
    """

    days: int
    step: int
    minutes: int

    @cached_property
    def schedules(self) -> Sequence[DaySchedule]:
        """The days; the first search makes up and keeps what is busy on each."""
        dates = (FIRST_DAY + timedelta(days=n) for n in range(self.days))
        return [DaySchedule(DayKey(DOCTOR.id, day), self._appointments(day)) for day in dates]

    def _appointments(self, day: date) -> tuple[Appointment, ...]:
        midnight = datetime.combine(day, datetime.min.time(), UTC)
        starts = [midnight + n * self.step * MINUTE for n in range(APPOINTMENTS)]
        times = [Interval(start, start + self.minutes * MINUTE) for start in starts]
        ada, made = Patient("Ada Lovelace"), midnight - timedelta(days=30)
        return tuple(
            Appointment(f"{DOCTOR.id}.{day:%Y%m%d}.{n}", DOCTOR.id, time, ada, made, made)
            for n, time in enumerate(times)
        )

    @cached_property
    def windows(self) -> Sequence[portion.Interval]:
        """When the doctor works on each day, for the rival."""
        keys = (schedule.key for schedule in self.schedules)
        return [portion.closedopen(*working_windows(DOCTOR, key.day)[0]) for key in keys]

    def first_start(self) -> datetime | None:
        """When the first opening of all these days starts, by our rules."""
        for schedule in self.schedules:
            for opening in openings(DOCTOR, schedule.key.day, schedule.busy, SEARCH):
                return opening.start
        return None

    def first_start_of_rival(self) -> datetime | None:
        """The same, as `portion` is meant to be used: the window without all that is busy."""
        for window, schedule in zip(self.windows, self.schedules, strict=True):
            free = window - portion.Interval(*starmap(portion.closedopen, schedule.busy))
            for gap in free:
                if gap.upper - gap.lower >= LENGTH:
                    start: datetime = gap.lower
                    return start
        return None


def rows(_emulator: str = "") -> list[Row]:
    """Without any store: a day with an opening at its end, and a year without one."""
    return [*_rows("back to back", pause=0), *_rows("with short breaks", pause=4)]


def _rows(kind: str, pause: int) -> Iterator[Row]:
    say(f"rules alone, appointments {kind}")
    day, year = Calendar(1, 14, 14 - pause), Calendar(DAYS, 15, 15 - pause)
    ours, rival = _microseconds(day, DAY_TIMES, DAY_REPEATS)
    what = f"rules: first opening in a day of {APPOINTMENTS} appointments {kind}"
    yield faster(what, ours, rival, MANY_TIMES)
    ours, rival = _microseconds(year, YEAR_TIMES, 1)
    what = f"rules: a day of a year of full days, {kind}"
    yield faster(what, ours, rival, MANY_TIMES)
    yield within(f"{what}, by itself", ours, MICROSECONDS_A_DAY)


def _microseconds(calendar: Calendar, times: int, repeats: int) -> tuple[Figure, Figure]:
    """What a day takes us and the rival, who must find the same."""
    if calendar.first_start() != calendar.first_start_of_rival():
        raise SystemExit(f"{RIVAL} and our rules do not agree on {calendar}")
    ways = {
        "": _repeated(calendar.first_start, repeats),
        RIVAL: _repeated(calendar.first_start_of_rival, repeats),
    }
    seconds = asyncio.run(medians(ways, times, warm_up=1))
    scale = 1_000_000 / calendar.days / repeats
    ours, rival = (Figure(seconds[name] * scale, "us", name) for name in ways)
    return ours, rival


def _repeated(find: Callable[[], object], repeats: int) -> Way:
    async def search(_number: int) -> None:
        for _ in range(repeats):
            find()

    return search
