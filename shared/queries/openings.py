"""The first openings of several doctors, on one snapshot."""

from bisect import insort
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import islice, takewhile
from typing import Literal

from msgspec import Struct, field

from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.interval import Interval, clipped
from shared.model.opening import Opening
from shared.rules.local_days import days_of, each_day
from shared.rules.openings import OpeningSearch, openings
from shared.rules.outcomes import TimeUnavailable
from shared.rules.working_windows import working_windows
from shared.store.port import Snapshot

SEARCH_DAYS = 90


NEXT_OPENINGS = 3


NOTHING_KNOWN: Mapping[DayKey, DaySchedule] = {}


GROWTH = 4


MOST_DAYS_TOGETHER = 512


NoOpeningReason = Literal["fully_booked", "no_working_hours", "duration_too_long"]


async def first_openings(
    snapshot: Snapshot,
    doctors: Sequence[Doctor],
    search: OpeningSearch,
    count: int,
    known: Mapping[DayKey, DaySchedule] = NOTHING_KNOWN,
) -> list[Opening]:
    """The first `count` openings with any of the doctors, by start, then by doctor.

    Reads the next days of all doctors together: a few days first, then more each time, so that
    there are few reads in a row, and never more than a few times the days that are needed. What
    is `known` in this view is looked at before anything is read.
    """
    best = _Earliest(count)
    searches = [_DoctorSearch(doctor, search, best) for doctor in doctors]
    days_each = 1 if known else _days_each(snapshot.days_at_once, doctors)
    while wanted := [(s, days) for s in searches if (days := s.next_days(days_each))]:
        keys = {DayKey(s.doctor.id, day) for s, days in wanted for day, _ in days}
        loaded = known
        if unknown := keys - known.keys():
            state = await snapshot.load(unknown, ())
            loaded = {**known, **{key: stored.value for key, stored in state.days.items()}}
        for doctor_search, days in wanted:
            doctor_search.look_at(days, loaded)
        days_each = min(days_each * GROWTH, _days_each(MOST_DAYS_TOGETHER, doctors))
    return best.openings


def _days_each(together: int, doctors: Sequence[Doctor]) -> int:
    return max(1, together // max(1, len(doctors)))


async def next_openings(
    snapshot: Snapshot, refusal: TimeUnavailable, known: Mapping[DayKey, DaySchedule]
) -> list[Opening]:
    """A few openings of the refused length from the refused start on."""
    asked = refusal.asked
    until = asked.start + timedelta(days=SEARCH_DAYS)
    search = OpeningSearch(Interval(asked.start, until), asked.length, moving=refusal.moving)
    return await first_openings(snapshot, [refusal.doctor], search, NEXT_OPENINGS, known)


def why_no_opening(doctors: Sequence[Doctor], search: OpeningSearch) -> NoOpeningReason:
    """Why a search that found nothing did so: what would it find if nothing were booked?"""
    if any(True for doctor in doctors for _ in _days_to_search(doctor, search)):
        return "fully_booked"
    if any(_works(doctor, search.bounds) for doctor in doctors):
        return "duration_too_long"
    return "no_working_hours"


class _Earliest(Struct):
    """The earliest openings found so far, `count` at most."""

    count: int
    openings: list[Opening] = field(default_factory=list)

    def rules_out(self, start: datetime, doctor: Doctor) -> bool:
        """Whether an opening that starts then or later could no longer be among them."""
        if len(self.openings) < self.count:
            return False
        return _rank(self.openings[-1]) < (start, doctor.id)

    def add(self, opening: Opening) -> bool:
        """Take an opening in; False if it came too late to be among them."""
        insort(self.openings, opening, key=_rank)
        if len(self.openings) <= self.count:
            return True
        return self.openings.pop() is not opening


def _rank(opening: Opening) -> tuple[datetime, str]:
    return opening.interval.start, opening.doctor.id


_Day = tuple[date, tuple[Interval, ...]]
"""A local date, and the working windows on it."""


class _DoctorSearch:
    """Offers `best` the openings of one doctor, day by day, until it has no use for later ones."""

    def __init__(self, doctor: Doctor, search: OpeningSearch, best: _Earliest) -> None:
        self.doctor = doctor
        self._search = search
        self._best = best
        self._days = takewhile(self._is_in_time, _days_to_search(doctor, search))

    def next_days(self, count: int) -> list[_Day]:
        """The next days that could have an opening; none if they are all too late."""
        return list(islice(self._days, count))

    def look_at(self, days: Sequence[_Day], schedules: Mapping[DayKey, DaySchedule]) -> None:
        """Offer the openings of these days."""
        for day, windows in days:
            busy = schedules[DayKey(self.doctor.id, day)].busy_without(self._search.moving)
            for interval in openings(windows, busy, self._search, self.doctor.zone):
                if not self._best.add(Opening(self.doctor, interval)):
                    return

    def _is_in_time(self, day: _Day) -> bool:
        _, windows = day
        start = max(windows[0].start, self._search.bounds.start)
        return not self._best.rules_out(start, self.doctor)


def _days_to_search(doctor: Doctor, search: OpeningSearch) -> Iterator[_Day]:
    """The days that would have an opening if nothing were booked: no others need be read."""
    for day in each_day(*days_of(search.bounds, doctor)):
        windows = working_windows(doctor, day)
        if any(True for _ in openings(windows, (), search, doctor.zone)):
            yield day, windows


def _works(doctor: Doctor, bounds: Interval) -> bool:
    days = each_day(*days_of(bounds, doctor))
    return any(True for day in days for _ in clipped(working_windows(doctor, day), bounds))
