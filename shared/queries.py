"""Reads over one snapshot: the appointments of a window, and the first openings.

They read day by day in order and stop at the first day that settles the answer.
"""

from bisect import insort
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import islice, takewhile
from typing import Literal

from msgspec import Struct, field

from shared.availability import OpeningSearch, clipped, local_day, openings, working_windows
from shared.models import Appointment, DayKey, DaySchedule, Doctor, Interval, Opening
from shared.outcomes import Unbookable
from shared.scheduling import home_day
from shared.store import Snapshot, Unavailable

SEARCH_DAYS = 90
APPOINTMENTS_A_DAY = 16  # A guess, of a busy doctor: it costs a read more where it is too high.
NEXT_OPENINGS = 3
NOTHING_KNOWN: Mapping[DayKey, DaySchedule] = {}

GROWTH = 4
MOST_DAYS_TOGETHER = 512

Position = tuple[datetime, str]
NoOpeningReason = Literal["fully_booked", "no_working_hours", "duration_too_long"]


async def find_appointment(snapshot: Snapshot, appointment_id: str) -> Appointment | None:
    """The appointment of an id, if there is one: one read, or two after a move to another day.

    Raises Unavailable where the second does not know what the first said that it does: then the
    store showed half of a commit, as Firestore's emulator does at times.
    """
    home = home_day(appointment_id)
    if home is None:
        return None
    day = await _load_day(snapshot, home)
    moved_to = day.forwarded.get(appointment_id)
    if moved_to is None:
        return day.find(appointment_id)
    if found := (await _load_day(snapshot, moved_to)).find(appointment_id):
        return found
    raise Unavailable(f"{appointment_id} was moved to {moved_to}, and is not there")


async def _load_day(snapshot: Snapshot, key: DayKey) -> DaySchedule:
    return (await snapshot.load([key], ())).days[key].value


class Page(Struct, frozen=True):
    """Some appointments of a window, and the position to go on from if there are more."""

    appointments: Sequence[Appointment]
    next_position: Position | None


class ListQuery(Struct, frozen=True):
    """Which appointments are wanted: `size` at most, those that stand after a position."""

    doctor: Doctor
    window: Interval
    with_cancelled: bool
    size: int
    after: Position | None = None

    def wants(self, appointment: Appointment) -> bool:
        """Whether the appointment belongs to this or a later page."""
        return (
            appointment.interval.overlaps(self.window)
            and (self.after is None or appointment.position > self.after)
            and (self.with_cancelled or appointment.status == "booked")
        )


async def list_window(snapshot: Snapshot, query: ListQuery) -> Page:
    """The page of appointments that a query asks for, in order of start, then id.

    An appointment lies within one local day, so the days that the window touches hold all.
    """
    found: list[Appointment] = []
    window, after = query.window, query.after
    rest = Interval(max(window.start, after[0]), window.end) if after else window
    first, last = _days_of(rest, query.doctor)
    at_once = 4 + query.size // APPOINTMENTS_A_DAY
    async for day in snapshot.scan(query.doctor.id, first, last, at_once):
        for appointment in filter(query.wants, day.appointments):
            if len(found) == query.size:
                return Page(found, found[-1].position)
            found.append(appointment)
    return Page(found, None)


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
    snapshot: Snapshot, refusal: Unbookable, known: Mapping[DayKey, DaySchedule]
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
    for day in _each_day(*_days_of(search.bounds, doctor)):
        windows = working_windows(doctor, day)
        if any(True for _ in openings(windows, (), search, doctor.zone)):
            yield day, windows


def _works(doctor: Doctor, bounds: Interval) -> bool:
    days = _each_day(*_days_of(bounds, doctor))
    return any(True for day in days for _ in clipped(working_windows(doctor, day), bounds))


def _days_of(bounds: Interval, doctor: Doctor) -> tuple[date, date]:
    """The first and the last local day that the bounds touch."""
    last_instant = bounds.end - timedelta.resolution
    return local_day(bounds.start, doctor.zone), local_day(last_instant, doctor.zone)


def _each_day(first: date, last: date) -> Iterator[date]:
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(ordinal)
