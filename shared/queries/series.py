"""What can be booked instead of the occurrences of a series that were skipped."""

from collections.abc import Sequence
from datetime import datetime

from shared.model.opening import Opening
from shared.queries.openings import openings_instead
from shared.rules.availability import search_instead
from shared.rules.series import Occasion
from shared.store.port import Snapshot


async def openings_of_skipped(
    snapshot: Snapshot, occasions: Sequence[Occasion], now: datetime
) -> Sequence[Sequence[Opening]]:
    """Return a few openings for each of these occurrences, which have one doctor and one owner."""
    booking = occasions[0].booking
    owner, schedule = booking.appointment.owner, None
    if owner:
        schedule = (await snapshot.load((), (), (), [owner])).patients[owner].value
    searches = [search_instead(schedule, occasion.booking, now) for occasion in occasions]
    return await openings_instead(snapshot, booking.doctor, searches)
