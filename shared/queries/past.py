"""The appointments that have ended, with one doctor, one page after the other, however many."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from shared.model.appointment import Appointment
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.queries.appointments import ListQuery, list_window
from shared.store.port import Store

FIRST = datetime(1970, 1, 1, tzinfo=UTC)
"""Before every appointment."""
PAGE_SIZE = 200


async def ended_before(
    store: Store, doctor: Doctor, instant: datetime
) -> AsyncIterator[Sequence[Appointment]]:
    """Yield pages of the appointments, cancelled ones too, that end at or before an instant.

    Each page shows the store as it is when it is read, so it may be changed in between.
    """
    query = ListQuery(doctor, Interval(FIRST, instant), True, PAGE_SIZE)  # noqa: FBT003
    while True:
        async with store.snapshot() as snapshot:
            page = await list_window(snapshot, query)
        yield [a for a in page.entries if a.interval.end <= instant]
        if page.next_position is None:
            return
        query = replace(query, after=page.next_position)
