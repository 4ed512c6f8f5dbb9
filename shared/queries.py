"""Reads over one snapshot: the appointments of a window, and the first openings.

They read day by day in order and stop at the first day that settles the answer.
"""

from bisect import insort
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from shared.availability import OpeningSearch, clipped, local_day, openings, working_windows
from shared.models import Appointment, DayKey, DaySchedule, Doctor, Interval, Opening
from shared.outcomes import Unbookable
from shared.scheduling import home_day
from shared.store import Snapshot, Unavailable

SEARCH_DAYS = 90
NEXT_OPENINGS = 3

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


@dataclass(frozen=True, slots=True)
class Page:
    """Some appointments of a window, and the position to go on from if there are more."""

    appointments: Sequence[Appointment]
    next_position: Position | None


@dataclass(frozen=True, slots=True)
class ListQuery:
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
    async for day in snapshot.scan(query.doctor.id, first, last):
        for appointment in filter(query.wants, day.appointments):
            if len(found) == query.size:
                return Page(found, found[-1].position)
            found.append(appointment)
    return Page(found, None)


async def first_openings(
    snapshot: Snapshot, doctors: Sequence[Doctor], search: OpeningSearch, count: int
) -> list[Opening]:
    """The first `count` openings with any of the doctors, by start, then by doctor."""
    best = _Earliest(count)
    for doctor in doctors:
        await _search_doctor(snapshot, doctor, search, best)
    return best.openings


async def next_openings(snapshot: Snapshot, refusal: Unbookable) -> list[Opening]:
    """A few openings of the refused length from the refused start on."""
    asked = refusal.asked
    until = asked.start + timedelta(days=SEARCH_DAYS)
    search = OpeningSearch(Interval(asked.start, until), asked.length, moving=refusal.moving)
    return await first_openings(snapshot, [refusal.doctor], search, NEXT_OPENINGS)


def why_no_opening(doctors: Sequence[Doctor], search: OpeningSearch) -> NoOpeningReason:
    """Why a search that found nothing did so: what would it find if nothing were booked?"""
    if any(_fits(doctor, search) for doctor in doctors):
        return "fully_booked"
    if any(_works(doctor, search.bounds) for doctor in doctors):
        return "duration_too_long"
    return "no_working_hours"


@dataclass(slots=True)
class _Earliest:
    """The earliest openings found so far, `count` at most."""

    count: int
    openings: list[Opening] = field(default_factory=list)

    def rules_out(self, start: datetime) -> bool:
        """Whether an opening that starts then or later could no longer be among them."""
        return len(self.openings) == self.count and self.openings[-1].interval.start < start

    def add(self, opening: Opening) -> bool:
        """Take an opening in; False if it came too late to be among them."""
        insort(self.openings, opening, key=lambda o: (o.interval.start, o.doctor.id))
        if len(self.openings) <= self.count:
            return True
        return self.openings.pop() is not opening


async def _search_doctor(
    snapshot: Snapshot, doctor: Doctor, search: OpeningSearch, best: _Earliest
) -> None:
    """Offer `best` the openings of one doctor, until it has no use for later ones."""
    if not _fits(doctor, search):
        return
    first, last = _days_of(search.bounds, doctor)
    stored = _Reader(snapshot.scan(doctor.id, first, last), search.moving)
    for day in _each_day(first, last):
        windows = working_windows(doctor, day)
        if not windows:
            continue
        if best.rules_out(windows[0].start):
            return
        busy = await stored.busy_on(day)
        for interval in openings(windows, busy, search, doctor.zone):
            if not best.add(Opening(doctor, interval)):
                return


class _Reader:
    """Days in order, of which those without a document are free; reads no further than asked."""

    def __init__(self, stored: AsyncIterator[DaySchedule], moving: str | None) -> None:
        self._stored = stored
        self._moving = moving
        self._upcoming: DaySchedule | None = None
        self._at_end = False

    async def busy_on(self, day: date) -> tuple[Interval, ...]:
        """What is busy on a day that is later than all asked for before."""
        while not self._at_end and (self._upcoming is None or self._upcoming.key.day < day):
            self._upcoming = await anext(self._stored, None)
            self._at_end = self._upcoming is None
        if self._upcoming is None or self._upcoming.key.day != day:
            return ()
        if self._moving is None:
            return self._upcoming.busy
        return self._upcoming.without(self._moving).busy


def _fits(doctor: Doctor, search: OpeningSearch) -> bool:
    """Whether there would be an opening if nothing were booked."""
    return any(
        True
        for day in _each_day(*_days_of(search.bounds, doctor))
        for _ in openings(working_windows(doctor, day), (), search, doctor.zone)
    )


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
