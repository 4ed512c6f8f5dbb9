"""The appointments of one account: what its schedule holds, and its history."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from msgspec import Struct

from shared.model.appointment import Appointment
from shared.model.appointment_id import home_day
from shared.model.interval import Interval
from shared.model.patient_history import PastAppointment
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import REMEMBERED, PatientSchedule
from shared.queries.appointments import LONGEST_EVER
from shared.queries.look_ups import MOST_AT_ONCE, look_up_all
from shared.queries.paging import Page, Position, in_order, page_of
from shared.store.port import Keys, Snapshot, Store, Stored

MOST_MONTHS = 4
"""How many months of a history are read together at most."""

SURELY_IN_SCHEDULE = REMEMBERED - timedelta(hours=1)
"""How long after its end a booked appointment is in the schedule, though clocks differ."""


class PatientQuery(Struct, frozen=True):
    """Which appointments of an account to list: at most `size`, and only those behind a position.

    `now` tells which booked ones may have left its schedule.
    """

    patient: PatientKey
    window: Interval
    with_cancelled: bool
    size: int
    now: datetime
    after: Position | None = None

    def includes(self, appointment: Appointment) -> bool:
        """Whether the appointment belongs to this page or a later one."""
        return (
            appointment.interval.overlaps(self.window)
            and (self.with_cancelled or appointment.status != "cancelled")
            and (self.after is None or appointment.position > self.after)
        )

    def in_history(self) -> Interval | None:
        """Return when an appointment of the history would start that belongs to the list."""
        start, end = self.window
        if not self.with_cancelled:
            if start >= self.now - SURELY_IN_SCHEDULE:
                return None
            end = min(end, self.now)
        since = self.after[0] if self.after else start - LONGEST_EVER
        return Interval(since, end) if since < end else None


class AccountPage(Page[Appointment], frozen=True):
    """Some of the appointments of an account, and its schedule."""

    schedule: PatientSchedule


async def list_patient(snapshot: Snapshot, store: Store, query: PatientQuery) -> Page[Appointment]:
    """List one page of the appointments that overlap a window, in order of start, then id.

    One read where the window begins no earlier than yesterday and only booked ones are wanted.
    What is in the history changes no more, so it is looked up on views of now, and the start that
    the history keeps is the last one: its place among the others is known before it is looked up.
    """
    schedule = await load_schedule(snapshot, query.patient)
    ahead = _each(filter(query.includes, schedule.appointments))
    starts = query.in_history()
    if starts is None:
        return await page_of(ahead, query.size)
    return await page_of(in_order(ahead, _history(snapshot, store, query, starts)), query.size)


async def load_schedule(snapshot: Snapshot, patient: PatientKey) -> PatientSchedule:
    """Return the schedule of an account; of one that has booked nothing, an empty one."""
    return (await snapshot.load(Keys(patients=[patient]))).patients[patient].value


async def all_of(
    snapshot: Snapshot, patient: PatientKey
) -> tuple[Stored[PatientSchedule], Sequence[PastAppointment]]:
    """Return the schedule of an account, and all appointments that it ever had."""
    stored = (await snapshot.load(Keys(patients=[patient]))).patients[patient]
    history = await snapshot.history(patient, date.min, date.max)
    return stored, [*map(PastAppointment.of, stored.value.appointments), *history]


async def export_page(
    snapshot: Snapshot, store: Store, patient: PatientKey, size: int, after: Position | None
) -> AccountPage:
    """Return the schedule of an account, and one page of all appointments that it ever had.

    In order of the days that they were first booked for, which their ids tell, so that only those
    of the page need be looked up.
    """
    stored, past = await all_of(snapshot, patient)
    schedule = stored.value
    born = {_birth(each.id) for each in past}
    behind = sorted(place for place in born if after is None or place > after)
    places = behind[:size]
    there = {a.id: a for a in schedule.appointments}
    found = await look_up_all(store, [name for _, name in places if name not in there])
    there |= {name: a for name, a in found.items() if a.owner == patient}
    page = [there[name] for _, name in places if name in there]
    return AccountPage(page, places[-1] if len(behind) > size else None, schedule)


def _birth(appointment_id: str) -> Position:
    """Return the midnight that begins the day of an appointment's birth, and its id."""
    home = home_day(appointment_id)
    day = home.day if home else date.min
    return datetime.combine(day, time(), UTC), appointment_id


async def _each(appointments: Iterator[Appointment]) -> AsyncIterator[Appointment]:
    for appointment in appointments:
        yield appointment


async def _history(
    snapshot: Snapshot, store: Store, query: PatientQuery, starts: Interval
) -> AsyncIterator[Appointment]:
    """Yield what has left the schedule, in order.

    Months are read, and appointments looked up, only as far as needed. Those whose starts an
    earlier version did not keep are looked up with their months.
    """
    for first, last in _months(starts):
        past = await snapshot.history(query.patient, first, last)
        found = await _theirs(store, query, [each.id for each in past if each.start is None])
        places = [a.position for a in found.values()]
        places += [
            (each.start, each.id)
            for each in past
            if each.start and starts.start <= each.start < starts.end
        ]
        places.sort()
        at_once = min(query.size + 1, MOST_AT_ONCE)  # A page reads one more than it shows.
        for begin in range(0, len(places), at_once):
            names = [name for _, name in places[begin : begin + at_once]]
            unknown = [name for name in names if name not in found]
            found |= await _theirs(store, query, unknown)
            for name in names:
                if name in found:
                    yield found[name]


async def _theirs(store: Store, query: PatientQuery, ids: Sequence[str]) -> dict[str, Appointment]:
    """Look appointments up, and return those that belong to the list, by id."""
    found = await look_up_all(store, ids)
    # One that is being erased belongs to nobody any more.
    theirs = {name: a for name, a in found.items() if a.owner == query.patient}
    return {name: a for name, a in theirs.items() if query.includes(a)}


def _months(starts: Interval) -> Iterator[tuple[date, date]]:
    """Yield the first days of first and last months that together cover an interval, in order.

    Few at first, as pages are seldom long.
    """
    begin, end = (12 * day.year + day.month - 1 for day in starts)
    count = 1
    while begin <= end:
        last = min(begin + count, end + 1) - 1
        yield _first_day(begin), _first_day(last)
        begin, count = last + 1, min(2 * count, MOST_MONTHS)


def _first_day(month: int) -> date:
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).date()
