"""The controls: stores that break the promise, on purpose.

The proof must find out that functions on them book twice; a proof that cannot fail proves nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from shared.model.appointment import Appointment
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.time_zones import standard_offset
from shared.store.port import DayWrite, ElsewhereWrite, RecordWrite, Store, Version, VersionConflict


class Unchecked:
    """A `Store` that looks first and then writes, without a precondition."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.snapshot = store.snapshot
        self.doctors = store.doctors
        self.put_doctors = store.put_doctors
        self.secret = store.secret
        self.left_behind = store.left_behind
        self.close = store.close

    async def commit(
        self,
        days: Sequence[DayWrite],
        records: Sequence[RecordWrite],
        elsewhere: Sequence[ElsewhereWrite] = (),
    ) -> Mapping[DayKey, Version]:
        """Write all, as if nothing had changed since it was read."""
        while True:
            async with self._store.snapshot() as snapshot:
                state = await snapshot.load(
                    [write.day.key for write in days],
                    [write.record.key for write in records],
                    [write.key for write in elsewhere],
                )
            writes = []
            for write in days:
                found = state.days[write.day.key]
                writes.append(DayWrite(found, _overwritten(found.value, write.changed())))
            kept = [
                RecordWrite(write.record, found.version if found else None)
                for write in records
                for found in [state.records.get(write.record.key)]
            ]
            told = [replace(w, replaced=state.elsewhere[w.key].version) for w in elsewhere]
            try:
                return await self._store.commit(writes, kept, told)
            except VersionConflict:
                continue


def _overwritten(day: DaySchedule, changes: Mapping[str, Appointment | None]) -> DaySchedule:
    for name, entry in changes.items():
        day = day.without(name) if entry is None else day.with_appointment(entry)
    return day


class ByLocalDate:
    """A `Store` whose doctor-days are named by what the instance's time-zone data says now."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.snapshot = store.snapshot
        self.commit = store.commit
        self.put_doctors = store.put_doctors
        self.secret = store.secret
        self.left_behind = store.left_behind
        self.close = store.close

    async def doctors(self) -> Sequence[Doctor]:
        """All doctors, each with the day shift that would be theirs if they were new."""
        now = datetime.now(UTC)
        doctors = await self._store.doctors()
        return [replace(d, day_shift=standard_offset(d.zone, now)) for d in doctors]


CONTROLS: Mapping[str, Callable[[Store], Store]] = {
    "unchecked": Unchecked,
    "by local date": ByLocalDate,
}
