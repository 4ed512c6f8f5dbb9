"""The booked appointments that lie ahead of a doctor, one after the other, however many."""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime

from shared.model.appointment import Appointment
from shared.model.clinic import Clinic
from shared.model.day import DaySchedule
from shared.model.doctor import Doctor
from shared.model.doctor_days import DAY, MOST_DAYS_TOUCHED, day_of, days_of
from shared.rules.findings import Finding, findings
from shared.rules.working_calendar import calendar
from shared.store.port import Snapshot


async def booked_ahead(
    snapshot: Snapshot, doctor: Doctor, now: datetime
) -> AsyncIterator[Appointment]:
    """Yield the appointments that hold time after now, in order of start, then id."""
    async for _, appointments in _days_ahead(snapshot, doctor, now):
        for appointment in appointments:
            yield appointment


async def count_ahead(snapshot: Snapshot, doctor: Doctor, now: datetime) -> int:
    """Return how many appointments hold time after now."""
    count = 0
    async for _ in booked_ahead(snapshot, doctor, now):
        count += 1
    return count


async def checked_ahead(
    snapshot: Snapshot, doctor: Doctor, now: datetime, clinic: Clinic
) -> AsyncIterator[Sequence[Finding]]:
    """Yield for each appointment that holds time after now what is wrong with it, mostly nothing.

    The doctor's zone says what the wall clock will show.
    """
    ends_last: Appointment | None = None
    async for appointment, days in _with_days(snapshot, doctor, now):
        there = calendar(days, clinic.closed)
        yield list(findings(doctor, appointment, ends_last, there, clinic))
        if ends_last is None or appointment.held.end > ends_last.held.end:
            ends_last = appointment


async def _with_days(
    snapshot: Snapshot, doctor: Doctor, now: datetime
) -> AsyncIterator[tuple[Appointment, Sequence[DaySchedule]]]:
    """Yield each appointment once all the days that it touches are read, with these."""
    read: deque[DaySchedule] = deque(maxlen=MOST_DAYS_TOUCHED + 1)
    waiting: deque[Appointment] = deque()
    async for day, appointments in _days_ahead(snapshot, doctor, now):
        while waiting and days_of(doctor, waiting[0].interval)[1] < day.key.day:
            yield waiting.popleft(), read
        read.append(day)
        waiting += appointments
    for appointment in waiting:
        yield appointment, read


async def _days_ahead(
    snapshot: Snapshot, doctor: Doctor, now: datetime
) -> AsyncIterator[tuple[DaySchedule, Sequence[Appointment]]]:
    """Yield the days from shortly before now on, each with the appointments that come on it.

    What is running may have begun on an earlier day, whose overrides matter to it.
    """
    today = day_of(doctor, now)
    async for day in snapshot.scan(doctor.id, today - MOST_DAYS_TOUCHED * DAY, date.max):
        yield (
            day,
            [
                appointment
                for appointment in day.appointments
                # It stands in every day that it touches, and comes on the first that is not over.
                if max(today, day_of(doctor, appointment.interval.start)) == day.key.day
                and appointment.held.end > now
            ],
        )
