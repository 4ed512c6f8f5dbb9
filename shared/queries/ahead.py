"""The booked appointments that lie ahead of a doctor, one after the other, however many."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime

from shared.model.appointment import Appointment
from shared.model.doctor import Doctor
from shared.model.doctor_days import day_of
from shared.rules.findings import Finding, findings
from shared.store.port import Snapshot


async def booked_ahead(
    snapshot: Snapshot, doctor: Doctor, now: datetime
) -> AsyncIterator[Appointment]:
    """Yield the booked appointments that end after now, in order of start, then id."""
    first = day_of(doctor, now)
    async for day in snapshot.scan(doctor.id, first, date.max):
        for appointment in day.appointments:
            # It stands in every day that it touches, and comes on the first that is read.
            comes_on = max(first, day_of(doctor, appointment.interval.start))
            if comes_on == day.key.day and appointment.interval.end > now:
                yield appointment


async def count_ahead(snapshot: Snapshot, doctor: Doctor, now: datetime) -> int:
    """Return how many booked appointments end after now."""
    count = 0
    async for _ in booked_ahead(snapshot, doctor, now):
        count += 1
    return count


async def checked_ahead(
    snapshot: Snapshot, doctor: Doctor, now: datetime
) -> AsyncIterator[Sequence[Finding]]:
    """Yield for each booked appointment that ends after now what is wrong with it, mostly nothing.

    The doctor's zone says what the wall clock will show.
    """
    ends_last: Appointment | None = None
    async for appointment in booked_ahead(snapshot, doctor, now):
        yield list(findings(doctor, appointment, ends_last))
        if ends_last is None or appointment.held.end > ends_last.held.end:
            ends_last = appointment
