"""Appointments of doctors on one snapshot, listed by window."""

from collections.abc import AsyncIterator
from datetime import timedelta

from msgspec import Struct

from shared.model.appointment import Appointment
from shared.model.doctor import Doctor
from shared.model.doctor_days import day_of, days_of
from shared.model.interval import Interval
from shared.queries.paging import Page, Position, in_order, page_of
from shared.store.port import Snapshot

APPOINTMENTS_A_DAY = 16  # A guess for a busy doctor; too high a guess costs one more read.
FEWEST_DAYS = 3  # So that the list of one date, which touches two, is known to end in one read.

# Release 1.0 booked whole local days. The longest is that on which Troll turns its clocks back.
LONGEST_EVER = timedelta(hours=26)


class ListQuery(Struct, frozen=True):
    """Which appointments of a doctor to list: at most `size`, only those behind a position."""

    doctor: Doctor
    window: Interval
    with_cancelled: bool
    size: int
    after: Position | None = None

    def includes(self, appointment: Appointment) -> bool:
        """Whether the appointment belongs to this page or a later one."""
        return appointment.interval.overlaps(self.window) and (
            self.after is None or appointment.position > self.after
        )


async def list_window(snapshot: Snapshot, *queries: ListQuery) -> Page[Appointment]:
    """List one page of the appointments that overlap a window, in order of start, then id.

    There is one query for each doctor; they differ in nothing else.
    """
    if not queries:
        return Page([], None)
    size, with_cancelled = queries[0].size, queries[0].with_cancelled
    at_once = max(FEWEST_DAYS, (4 + size // APPOINTMENTS_A_DAY) // len(queries))
    lists = [booked(snapshot, query, at_once) for query in queries]
    if with_cancelled:
        lists += [_ended(snapshot, query) for query in queries]
    return await page_of(lists[0] if len(lists) == 1 else in_order(*lists), size)


async def booked(snapshot: Snapshot, query: ListQuery, at_once: int) -> AsyncIterator[Appointment]:
    """Yield the booked ones of this page and all later ones.

    Each stands in every day that it touches, and comes on the first.
    """
    doctor, after = query.doctor, query.after
    start = max(query.window.start, after[0]) if after else query.window.start
    first, last = days_of(doctor, Interval(start, query.window.end))
    async for day in snapshot.scan(doctor.id, first, last, at_once):
        for appointment in filter(query.includes, day.appointments):
            begins_on = day_of(doctor, appointment.interval.start)
            if begins_on == day.key.day or (begins_on < first and day.key.day == first):
                yield appointment


async def _ended(snapshot: Snapshot, query: ListQuery) -> AsyncIterator[Appointment]:
    """Yield those that hold no time any more."""
    window = query.window
    since = query.after[0] if query.after else window.start - LONGEST_EVER
    async for appointment in snapshot.scan_ended(query.doctor.id, Interval(since, window.end)):
        if query.includes(appointment):
            yield appointment
