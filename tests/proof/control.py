"""The control: a store that looks first and then writes, without a precondition.

The proof must find out that functions on it book twice; a proof that cannot fail proves nothing.
"""

from collections.abc import Mapping, Sequence

from shared.model.day import DayKey, DaySchedule, Entry
from shared.store.port import DayWrite, RecordWrite, Store, Version, VersionConflict


class Unchecked:
    """A `Store` but for its commits, which write whatever was decided on whatever is there."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.snapshot = store.snapshot
        self.doctors = store.doctors
        self.put_doctors = store.put_doctors
        self.secret = store.secret
        self.close = store.close

    async def commit(
        self, days: Sequence[DayWrite], records: Sequence[RecordWrite]
    ) -> Mapping[DayKey, Version]:
        """Write all, as if nothing had changed since it was read."""
        while True:
            async with self._store.snapshot() as snapshot:
                keys = [write.record.key for write in records]
                state = await snapshot.load([write.day.key for write in days], keys)
            writes = []
            for write in days:
                found = state.days[write.day.key]
                writes.append(DayWrite(found, _overwritten(found.value, write.changed())))
            kept = [
                RecordWrite(write.record, found.version if found else None)
                for write in records
                for found in [state.records.get(write.record.key)]
            ]
            try:
                return await self._store.commit(writes, kept)
            except VersionConflict:
                continue


def _overwritten(day: DaySchedule, changes: Mapping[str, Entry | None]) -> DaySchedule:
    for name, entry in changes.items():
        if entry is None:
            day = day.without(name)
        elif isinstance(entry, DayKey):
            day = day.forwarding(name, entry)
        else:
            day = day.with_appointment(entry)
    return day
