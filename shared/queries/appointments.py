"""Appointments on one snapshot: found by id, or listed by window."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from shared.model.appointment import Appointment
from shared.model.appointment_id import home_day
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.rules.local_days import days_of
from shared.store.port import Snapshot, StoreUnavailable

APPOINTMENTS_A_DAY = 16  # A guess for a busy doctor; too high a guess costs one more read.

Position = tuple[datetime, str]


async def find_appointment(snapshot: Snapshot, appointment_id: str) -> Appointment | None:
    """Find an appointment by id: one read, or two after a move to another day.

    Raises StoreUnavailable if the days contradict each other: the store showed half of a commit,
    as Firestore's emulator sometimes does.
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
    raise StoreUnavailable(f"{appointment_id} was moved to {moved_to}, but is not there")


async def _load_day(snapshot: Snapshot, key: DayKey) -> DaySchedule:
    return (await snapshot.load([key], ())).days[key].value


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
        return (
            appointment.interval.overlaps(self.window)
            and (self.after is None or appointment.position > self.after)
            and (self.with_cancelled or appointment.status == "booked")
        )


async def list_window(snapshot: Snapshot, query: ListQuery) -> Page:
    """List one page of the appointments that overlap a window, in order of start, then id.

    An appointment lies within one local day, so the days that the window touches hold all of them.
    """
    found: list[Appointment] = []
    window, after = query.window, query.after
    rest = Interval(max(window.start, after[0]), window.end) if after else window
    first, last = days_of(rest, query.doctor)
    at_once = 4 + query.size // APPOINTMENTS_A_DAY
    async for day in snapshot.scan(query.doctor.id, first, last, at_once):
        for appointment in filter(query.includes, day.appointments):
            if len(found) == query.size:
                return Page(found, found[-1].position)
            found.append(appointment)
    return Page(found, None)
