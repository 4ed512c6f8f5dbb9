"""The first openings with any of several doctors, on one snapshot."""

import asyncio
from bisect import insort
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import islice, takewhile
from typing import Literal, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from shared.model.day import DayKey, DaySchedule, busy_times
from shared.model.doctor import Doctor
from shared.model.doctor_days import DAY, days_of, each_day, end_of_day
from shared.model.interval import Interval, clipped
from shared.model.opening import Opening
from shared.rules.openings import OpeningSearch, openings
from shared.rules.outcomes import TimeUnavailable
from shared.rules.working_windows import working_windows
from shared.store.port import Snapshot

SEARCH_DAYS = 90
NEXT_OPENINGS = 3
NO_DAYS: Mapping[DayKey, DaySchedule] = {}

GROWTH = 4
MOST_DAYS_TOGETHER = 512
DOCTORS_A_TURN = 8

NoOpeningReason = Literal["fully_booked", "no_working_hours", "duration_too_long"]


async def first_openings(
    snapshot: Snapshot,
    doctors: Sequence[Doctor],
    search: OpeningSearch,
    count: int,
    known: Mapping[DayKey, DaySchedule] = NO_DAYS,
) -> list[Opening]:
    """Return the first `count` openings with any of the doctors, by start, then by doctor.

    Reads the next days of all doctors together: a few days at first, then more each time, so
    that few reads follow each other and never many more days are read than needed. Days `known`
    in this snapshot are searched before anything is read.
    """
    best = _Earliest(count)
    searches = [_DoctorSearch(doctor, search, best) for doctor in doctors]
    days_each = 1 if known else _days_each(snapshot.days_at_once, doctors)
    while True:
        wanted = []
        for number, doctor_search in enumerate(searches, 1):
            if days := doctor_search.next_days(days_each):
                wanted.append((doctor_search, days))
            await _give_way(number)
        if not wanted:
            return best.openings
        needed = {key for _, days in wanted for day in days for key in day.needed}
        loaded = await _loaded(snapshot, needed, known)
        for number, (doctor_search, days) in enumerate(wanted, 1):
            doctor_search.search_days(days, loaded)
            await _give_way(number)
        days_each = min(days_each * GROWTH, _days_each(MOST_DAYS_TOGETHER, doctors))


async def _loaded(
    snapshot: Snapshot, keys: set[DayKey], known: Mapping[DayKey, DaySchedule]
) -> Mapping[DayKey, DaySchedule]:
    unknown = keys - known.keys()
    if not unknown:
        return known
    state = await snapshot.load(unknown, ())
    return {**known, **{key: stored.value for key, stored in state.days.items()}}


def _days_each(together: int, doctors: Sequence[Doctor]) -> int:
    return max(1, together // max(1, len(doctors)))


async def _give_way(number: int) -> None:
    """Let other requests, and the deadline, have their turn after every few doctors."""
    if number % DOCTORS_A_TURN == 0:
        await asyncio.sleep(0)


async def next_openings(
    snapshot: Snapshot, refusal: TimeUnavailable, known: Mapping[DayKey, DaySchedule]
) -> list[Opening]:
    """Return a few openings of the refused length from the refused start on."""
    asked = refusal.asked
    until = asked.start + timedelta(days=SEARCH_DAYS)
    search = OpeningSearch(
        Interval(asked.start, until),
        asked.length,
        moving=refusal.moving,
        patient_busy=refusal.patient_busy,
    )
    return await first_openings(snapshot, [refusal.doctor], search, NEXT_OPENINGS, known)


async def why_no_opening(doctors: Sequence[Doctor], search: OpeningSearch) -> NoOpeningReason:
    """Return why a search found nothing, judged by what it would find if nothing were booked."""
    reason: NoOpeningReason = "no_working_hours"
    for number, doctor in enumerate(doctors, 1):
        if any(True for _ in _days_to_search(doctor, search)):
            return "fully_booked"
        if _works(doctor, search.bounds):
            reason = "duration_too_long"
        await _give_way(number)
    return reason


class _Earliest(Struct):
    """The earliest openings found so far, at most `count`."""

    count: int
    openings: list[Opening] = field(default_factory=list)

    def rules_out(self, start: datetime, doctor: Doctor) -> bool:
        """Whether an opening that starts then or later can no longer be among them."""
        if len(self.openings) < self.count:
            return False
        return _rank(self.openings[-1]) < (start, doctor.id)

    def add(self, opening: Opening) -> bool:
        """Add an opening; return False if it is too late to be among them."""
        insort(self.openings, opening, key=_rank)
        if len(self.openings) <= self.count:
            return True
        return self.openings.pop() is not opening


def _rank(opening: Opening) -> tuple[datetime, str]:
    return opening.interval.start, opening.doctor.id


class _DoctorSearch:
    """Searches the days of one doctor in order until later openings cannot be among the best."""

    def __init__(self, doctor: Doctor, search: OpeningSearch, best: _Earliest) -> None:
        self._doctor = doctor
        self._search = search
        self._best = best
        self._days = takewhile(self._is_in_time, _days_to_search(doctor, search))

    def next_days(self, count: int) -> list["_DayToSearch"]:
        """Return the next days that could have an opening; none if all are too late."""
        return list(islice(self._days, count))

    def search_days(
        self, days: Sequence["_DayToSearch"], loaded: Mapping[DayKey, DaySchedule]
    ) -> None:
        """Add the openings that start on these days to the best."""
        for day in days:
            busy = busy_times([loaded[key] for key in day.needed], self._search.moving)
            if self._search.patient_busy:
                busy = tuple(sorted((*busy, *self._search.patient_busy)))
            for interval in openings(self._doctor, day.day, busy, self._search):
                if not self._best.add(Opening(self._doctor, interval)):
                    return
                self._go_on_after(interval, day)

    def _go_on_after(self, opening: Interval, day: "_DayToSearch") -> None:
        """Keep the openings of the next day from overlapping one that reaches into it."""
        if self._search.step is None and len(day.needed) > 1:
            bounds = Interval(max(opening.end, self._search.bounds.start), self._search.bounds.end)
            self._search = replace(self._search, bounds=bounds)

    def _is_in_time(self, day: "_DayToSearch") -> bool:
        return not self._best.rules_out(day.first_start, self._doctor)


class _DayToSearch(NamedTuple):
    """A day that would have an opening if nothing were booked, and when the first would start.

    `needed` are the days that tell whether they are free: the next one too where the doctor works
    into it.
    """

    day: date
    first_start: datetime
    needed: tuple[DayKey, ...]


def _days_to_search(doctor: Doctor, search: OpeningSearch) -> Iterator[_DayToSearch]:
    """Yield the days that would have an opening if nothing were booked. No others need be read."""
    for day in each_day(*days_of(doctor, search.bounds)):
        if first := next(openings(doctor, day, (), search), None):
            yield _DayToSearch(day, first.start, _needed(doctor, day))


def _needed(doctor: Doctor, day: date) -> tuple[DayKey, ...]:
    key = DayKey(doctor.id, day)
    if working_windows(doctor, day)[-1].end <= end_of_day(doctor, day):
        return (key,)
    return (key, DayKey(doctor.id, day + DAY))


def _works(doctor: Doctor, bounds: Interval) -> bool:
    days = each_day(*days_of(doctor, bounds))
    return any(True for day in days for _ in clipped(working_windows(doctor, day), bounds))
