"""Appointments of a doctor on one snapshot, listed by window."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from shared.model.appointment import Appointment
from shared.model.doctor import Doctor
from shared.model.doctor_days import day_of, days_of
from shared.model.interval import Interval
from shared.store.port import Snapshot

APPOINTMENTS_A_DAY = 16  # A guess for a busy doctor; too high a guess costs one more read.

# Release 1.0 booked whole local days. The longest is that on which Troll turns its clocks back.
LONGEST_EVER = timedelta(hours=26)


Position = tuple[datetime, str]


class Page(Struct, frozen=True):
    """Some appointments of a window, and the position to continue from if there are more."""

    appointments: Sequence[Appointment]
    next_position: Position | None


class ListQuery(Struct, frozen=True):
    """Which appointments to list: at most `size`, and only those behind a position."""

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


async def list_window(snapshot: Snapshot, query: ListQuery) -> Page:
    """List one page of the appointments that overlap a window, in order of start, then id."""
    booked = _booked(snapshot, query)
    listed = in_order(booked, _ended(snapshot, query)) if query.with_cancelled else booked
    return await page_of(listed, query.size)


async def page_of(listed: AsyncIterator[Appointment], size: int) -> Page:
    """Return a page of the first ones, reading one more than it holds."""
    found: list[Appointment] = []
    async for appointment in listed:
        if len(found) == size:
            return Page(found, found[-1].position)
        found.append(appointment)
    return Page(found, None)


async def _booked(snapshot: Snapshot, query: ListQuery) -> AsyncIterator[Appointment]:
    """Yield the booked ones. Each stands in every day that it touches, and comes on the first."""
    doctor, after = query.doctor, query.after
    start = max(query.window.start, after[0]) if after else query.window.start
    first, last = days_of(doctor, Interval(start, query.window.end))
    at_once = 4 + query.size // APPOINTMENTS_A_DAY
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


async def in_order(*lists: AsyncIterator[Appointment]) -> AsyncIterator[Appointment]:
    """Merge lists that are in order, reading each only as far as needed."""
    heads = {each: await anext(each, None) for each in lists}
    while rest := [(head.position, each, head) for each, head in heads.items() if head]:
        _, each, head = min(rest, key=lambda entry: entry[0])
        yield head
        heads[each] = await anext(each, None)
