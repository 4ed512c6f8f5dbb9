"""The openings of several doctors, on one snapshot: the first ones, or all in a window.

Which hours a doctor works on a day is known once the day was read, because its overrides stand
there. So days are read in order, and each is searched as soon as those beside it that matter are
known too.
"""

import asyncio
from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import count, islice
from typing import Literal, Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from shared.model.busy_day import BusyDay
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.doctor_days import DAY, days_of, each_day, end_of_day, touched_days
from shared.model.interval import Interval, clipped
from shared.model.opening import Opening
from shared.rules.openings import OpeningSearch, openings
from shared.rules.refusals import OutsideHours, TimeUnavailable
from shared.rules.wall_clock import local_day
from shared.rules.window_bounds import whole_date
from shared.rules.working_calendar import calendar
from shared.store.port import Snapshot

NEXT_OPENINGS = 3
AnyDay = DaySchedule | BusyDay
NO_DAYS: Mapping[DayKey, AnyDay] = {}

GROWTH = 4
MOST_DAYS_TOGETHER = 512
DOCTORS_A_TURN = 8
DAYS_A_TURN = 16

NoOpeningReason = Literal["fully_booked", "no_working_hours", "duration_too_long", "beyond_horizon"]
WhyNone = NoOpeningReason | Literal["off_grid"]
"""Also: somebody works long enough, but no start on the grid leaves room for it."""


class Hours(Struct, frozen=True):
    """When a doctor works on a date, in order; and the days that were read for it."""

    windows: tuple[Interval, ...]
    read: Mapping[DayKey, BusyDay]


class Found(Struct, frozen=True):
    """The openings that were found, or why there are none; and the days that were read for it."""

    openings: Sequence[Opening]
    reason: WhyNone | None
    read: Mapping[DayKey, BusyDay] = field(default_factory=dict)


async def first_openings(
    snapshot: Snapshot,
    doctors: Sequence[Doctor],
    search: OpeningSearch,
    count: int,
    known: Mapping[DayKey, AnyDay] = NO_DAYS,
) -> Found:
    """Find the first `count` openings with any of the doctors, by start, then by doctor.

    Reads the next days of all doctors together: a few days at first, then more each time, so
    that few reads follow each other and never many more days are read than needed. Days `known`
    in this snapshot are searched before anything is read; those of an appointment that is moved
    must be among them. Why there are no openings is judged by what would be found if nothing were
    booked.
    """
    best = _Earliest(count)
    searches = [_DoctorSearch(doctor, search, best, known) for doctor in doctors]
    days_each = 1 if known else _days_each(snapshot.days_at_once, doctors)
    read = await _search(snapshot, searches, days_each)
    return Found(best.openings, None if best.openings else _why_none(searches), read)


async def all_openings(
    snapshot: Snapshot, doctors: Sequence[Doctor], search: OpeningSearch
) -> Sequence[Opening]:
    """Find all openings with any of the doctors, those of one doctor in order of start."""
    found = _All()
    searches = [_DoctorSearch(doctor, search, found, NO_DAYS) for doctor in doctors]
    await _search(snapshot, searches, _days_each(MOST_DAYS_TOGETHER, doctors))
    return found.openings


async def next_openings(
    snapshot: Snapshot, refusal: TimeUnavailable, known: Mapping[DayKey, AnyDay]
) -> Found:
    """Find a few openings to book instead of what was refused."""
    doctors = [refusal.doctor]
    return await first_openings(snapshot, doctors, refusal.search, NEXT_OPENINGS, known)


async def hours_of_date(
    snapshot: Snapshot, refusal: OutsideHours, known: Mapping[DayKey, AnyDay]
) -> Hours:
    """Find when the doctor works on the local date of what was refused, with overrides."""
    doctor, closed = refusal.doctor, refusal.search.closed
    date_ = local_day(refusal.asked.start, doctor.zone)
    keys = touched_days(doctor, whole_date(date_, doctor.zone))
    unknown = [key for key in keys if key not in known]
    read = await snapshot.busy_days(unknown) if unknown else {}
    days = [known[key] if key in known else read[key] for key in keys]
    return Hours(calendar(days, closed).windows_on_date(doctor, date_), read)


async def _search(
    snapshot: Snapshot, searches: Sequence["_DoctorSearch"], days_each: int
) -> Mapping[DayKey, BusyDay]:
    """Search as far as needed; return the days that were read."""
    read: dict[DayKey, BusyDay] = {}
    by_doctor = {doctor_search.doctor.id: doctor_search for doctor_search in searches}
    most = max(1, MOST_DAYS_TOGETHER // max(1, len(searches)))
    while True:
        for number, doctor_search in enumerate(searches, 1):
            await doctor_search.go_on()
            await _give_way(number)
        # Not before all have gone on: what one finds may spare the others a read.
        needed = {key for doctor_search in searches for key in doctor_search.to_read(days_each)}
        if not needed:
            return read
        found = await snapshot.busy_days(needed)
        for key, day in found.items():
            by_doctor[key.doctor_id].know(key, day)
        read |= found
        days_each = min(days_each * GROWTH, most)


def _busy(day: AnyDay, moving: str | None) -> BusyDay:
    if isinstance(day, BusyDay):
        return day
    return (day if moving is None else day.without(moving)).busy


def _days_each(together: int, doctors: Sequence[Doctor]) -> int:
    return max(1, together // max(1, len(doctors)))


async def _give_way(number: int) -> None:
    """Let other requests, and the deadline, have their turn after every few doctors."""
    if number % DOCTORS_A_TURN == 0:
        await asyncio.sleep(0)


def _why_none(searches: Iterable["_DoctorSearch"]) -> WhyNone:
    if any(doctor_search.fits for doctor_search in searches):
        return "fully_booked"
    if any(doctor_search.fits_off_grid for doctor_search in searches):
        return "off_grid"
    works = any(doctor_search.works for doctor_search in searches)
    return "duration_too_long" if works else "no_working_hours"


class _Openings(Protocol):
    """Collects openings, those of each doctor in order of start."""

    openings: list[Opening]

    def rules_out(self, start: datetime, doctor: Doctor) -> bool:
        """Whether an opening that starts then or later is of no use."""

    def add(self, opening: Opening) -> bool:
        """Add an opening; return False if it, and every later one of its doctor, is of no use."""


class _All(Struct):
    """All openings."""

    openings: list[Opening] = field(default_factory=list)

    def rules_out(self, start: datetime, doctor: Doctor) -> bool:  # noqa: ARG002 - like the others
        """Never."""
        return False

    def add(self, opening: Opening) -> bool:
        """Add it."""
        self.openings.append(opening)
        return True


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
    """Searches the days of one doctor in order, until later openings are of no use.

    `works` and `fits`: whether the doctor works at all in the days searched so far, and whether
    there would be an opening if nothing were booked, on the grid or off it; only known while none
    was found.
    """

    def __init__(
        self,
        doctor: Doctor,
        search: OpeningSearch,
        found: _Openings,
        known: Mapping[DayKey, AnyDay],
    ) -> None:
        self.doctor = doctor
        self.works = self.fits = self.fits_off_grid = False
        self._search = search
        self._found = found
        self._known = {
            key.day: _busy(day, search.moving)
            for key, day in known.items()
            if key.doctor_id == doctor.id
        }
        self._day, self._last = days_of(doctor, search.bounds)
        self._missing: Sequence[date] = ()

    def know(self, key: DayKey, day: BusyDay) -> None:
        """Take note of a day that was read."""
        self._known[key.day] = day

    async def go_on(self) -> None:
        """Search the days that are known, as far as that is of use.

        Lets other requests, and the deadline, have their turn after every few days.
        """
        days_searched = count(1)
        while self._is_going_on():
            if next(days_searched) % DAYS_A_TURN == 0:
                await asyncio.sleep(0)
            days = self._days_needed()
            self._missing = [day for day in days if day not in self._known]
            if self._missing:
                return
            is_of_use = self._search_day([self._known[day] for day in days])
            self._day = self._day + DAY if is_of_use else self._last + DAY

    def to_read(self, count: int) -> set[DayKey]:
        """Return the days that are missing, and as many of the next ones as are worth a read.

        None if whatever they could tell is of no use any more.
        """
        if not self._is_going_on():
            return set()
        days = each_day(self._day, self._last)
        following = islice((day for day in days if day not in self._known), count)
        return {DayKey(self.doctor.id, day) for day in (*self._missing, *following)}

    def _is_going_on(self) -> bool:
        if self._day > self._last:
            return False
        begins = max(end_of_day(self.doctor, self._day) - DAY, self._search.bounds.start)
        return not self._found.rules_out(begins, self.doctor)

    def _days_needed(self) -> Sequence[date]:
        """Return the days that tell which openings start on a day: all that one could touch.

        Openings touch days with their buffers. Hours that go on to the end of the day may be joined
        by those of the next one, which that day alone can tell.
        """
        day, search = self._day, self._search
        if day not in self._known:
            # What the day before holds may turn out to matter.
            return [day - DAY, day] if search.before else [day]
        windows = calendar([self._known[day]], search.closed).windows(self.doctor, day)
        within = [*clipped(windows, search.bounds)]
        if not within:
            return [day]
        first, last, ends_at = within[0].start, within[-1].end, end_of_day(self.doctor, day)
        if last >= ends_at:
            last = min(ends_at + search.length, search.bounds.end)
        reach = Interval(first - search.before, last + search.after)
        return [*each_day(*days_of(self.doctor, reach))]

    def _search_day(self, days: Sequence[BusyDay]) -> bool:
        """Add the openings that start on a day; return False if the later ones are of no use."""
        search, doctor, day = self._search, self.doctor, self._day
        windows = calendar(days, search.closed).windows(doctor, day)
        if not self.fits and not self._found.openings:
            self._note(windows)
        for interval in openings(doctor, day, windows, search.busy(days), search):
            if not self._found.add(Opening(doctor, interval)):
                return False
            if search.step is None and interval.end > end_of_day(doctor, day):
                # The openings of the next day must not overlap one that reaches into it.
                bounds = Interval(max(interval.end, search.bounds.start), search.bounds.end)
                self._search = replace(search, bounds=bounds)
        return True

    def _note(self, windows: Sequence[Interval]) -> None:
        """Note what would be found if nothing were booked."""
        within = clipped(windows, self._search.bounds)
        self.works = self.works or any(True for _ in within)
        self.fits = self._would_fit(windows, self._search)
        any_start = replace(self._search, step=None)
        self.fits_off_grid = self.fits_off_grid or self._would_fit(windows, any_start)

    def _would_fit(self, windows: Sequence[Interval], search: OpeningSearch) -> bool:
        return any(True for _ in openings(self.doctor, self._day, windows, (), search))
