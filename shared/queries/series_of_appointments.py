"""Which series appointments were booked in."""

from collections.abc import Collection
from datetime import datetime

from shared.queries.look_ups import look_up_all
from shared.store.port import Keys, Store


async def series_of(store: Store, appointment_ids: Collection[str]) -> set[str]:
    """Return the ids of the series that these appointments were booked in."""
    found = await look_up_all(store, list(appointment_ids))
    return {each.series_id for each in found.values() if each.series_id}


async def ended_series_of(
    store: Store, appointment_ids: Collection[str], now: datetime
) -> set[str]:
    """Return those of the series of these appointments of which nothing ends after an instant."""
    ids = await series_of(store, appointment_ids)
    if not ids:
        return ids
    async with store.snapshot() as snapshot:
        series = (await snapshot.load(Keys(series=ids))).series
    ended = set[str]()
    for name, each in series.items():
        found = await look_up_all(store, each.appointment_ids if each else ())
        if all(appointment.interval.end <= now for appointment in found.values()):
            ended.add(name)
    return ended
