"""What can be booked instead of the occurrences of a series that cannot be booked."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.model.busy_day import BusyDay
from shared.model.day import DayKey
from shared.model.opening import Opening
from shared.queries.openings import NEXT_OPENINGS, first_openings
from shared.rules.availability import search_instead
from shared.rules.openings import OpeningSearch
from shared.rules.series import Occasion
from shared.store.port import Keys, Snapshot

NEAR = timedelta(days=7)
"""How far after an occurrence openings are sought: a series has many, so each search is short."""

MOST_DAYS = 128
"""The most days read for all occurrences together; those after that get no openings."""


async def openings_of_skipped(
    snapshot: Snapshot, occasions: Sequence[Occasion], now: datetime
) -> Sequence[Sequence[Opening]]:
    """Return a few openings for each of these occurrences, which have one doctor and one owner.

    No day is read twice, and what is the same is searched once.
    """
    booking = occasions[0].booking
    owner, schedule = booking.appointment.owner, None
    if owner:
        schedule = (await snapshot.load(Keys(patients=[owner]))).patients[owner].value
    searches = [search_instead(schedule, each.booking, now, searched=NEAR) for each in occasions]
    known, found = dict[DayKey, BusyDay](), dict[OpeningSearch, Sequence[Opening]]()
    for search in searches:
        if search not in found and len(known) < MOST_DAYS:
            nearest = await first_openings(snapshot, [booking.doctor], search, NEXT_OPENINGS, known)
            known |= nearest.read
            found[search] = nearest.openings
    return [found.get(search, ()) for search in searches]
