"""What a calendar that somebody subscribes to shows of a doctor."""

from collections.abc import Sequence
from datetime import UTC, datetime, time

from shared.model.appointment import Appointment
from shared.model.doctor import Doctor
from shared.model.doctor_days import DAY
from shared.model.interval import Interval
from shared.queries.appointments import ListQuery, booked
from shared.store.port import Snapshot

DAYS_BACK, DAYS_AHEAD = 30, 366
DAYS_AT_ONCE = 128


def feed_window(now: datetime) -> Interval:
    """Return the time that a calendar covers: whole days in UTC, so that it changes once a day."""
    today = datetime.combine(now.date(), time(), UTC)
    return Interval(today - DAYS_BACK * DAY, today + (DAYS_AHEAD + 1) * DAY)


async def all_booked(snapshot: Snapshot, doctor: Doctor, window: Interval) -> Sequence[Appointment]:
    """Return all that is not cancelled and overlaps a window, in order of start, then id."""
    query = ListQuery(doctor, window, with_cancelled=False, size=0)
    return [each async for each in booked(snapshot, query, DAYS_AT_ONCE)]
