"""Reads of the PostgreSQL store.

All reads of a view are of one transaction, which begins in the round trip of the first.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

from msgspec.structs import astuple

from shared.model.appointment import Appointment
from shared.model.busy_day import BusyDay
from shared.model.day import DayKey, DaySchedule
from shared.model.interval import Interval
from shared.model.override import Override
from shared.model.patient_history import PastAppointment
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.store.chunks import in_chunks
from shared.store.port import Keys, SnapshotExpired, State, Stored, Version, VersionConflict
from shared.store.positions import Positions, day_behind
from shared.store.postgresql import rows
from shared.store.postgresql.page_queries import ended_query, overrides_query
from shared.store.postgresql.pool import BEGIN, Query, Row, Session
from shared.store.postgresql.views import (
    KEEP_VIEW,
    kept_instant_of,
    kept_view_query,
    seen_of,
)
from shared.store.usage import count_reads


class PostgresqlSnapshot:
    """A `Snapshot`: one transaction, begun by the first read."""

    days_at_once = 10  # As on Firestore: a read of one day and one of ten take about as long.

    def __init__(self, session: Session, instant: datetime | None) -> None:
        self._session = session
        self._instant = instant
        self._begun = False
        self._seen: str | None = None
        self._kept: datetime | None = None

    async def load(self, keys: Keys) -> State:
        """Read documents, which are rows, in one round trip."""
        wanted = astuple(keys)
        count_reads(sum(map(len, wanted)))
        await self._find_view()
        queries = (
            rows.days_query(keys.days, self._seen),
            rows.records_query(keys.records),
            rows.elsewhere_query(keys.elsewhere),
            rows.patients_query(keys.patients, self._seen),
            rows.overrides_query(keys.overrides),
            rows.series_query(keys.series),
        )
        asked = [query for kind, query in zip(wanted, queries, strict=True) if kind]
        answers = iter(await self._read(asked))
        found = [next(answers) if kind else [] for kind in wanted]
        return State(
            days={**_empty(keys.days), **rows.days_of(found[0])},
            records=rows.records_of(found[1]),
            elsewhere={**dict.fromkeys(keys.elsewhere, _NOTHING), **rows.elsewhere_of(found[2])},
            patients={**_without_schedule(keys.patients), **rows.patients_of(found[3])},
            overrides={**dict.fromkeys(keys.overrides, _NOTHING), **rows.overrides_of(found[4])},
            series={**dict.fromkeys(keys.series), **rows.series_of(found[5])},
        )

    async def busy_days(self, days: Collection[DayKey]) -> Mapping[DayKey, BusyDay]:
        """Read the busy times of days."""
        count_reads(len(days))
        read = rows.busy_of(await self._read_one(rows.busy_query(days)))
        found = {key: read.get(key, _NOTHING_BUSY) for key in days}
        if older := [key for key, busy in found.items() if busy is None]:
            state = await self.load(Keys(days=older))
            found |= {key: day.value.busy for key, day in state.days.items()}
        return {key: busy for key, busy in found.items() if busy is not None}

    async def versions(self, days: Collection[DayKey]) -> Mapping[DayKey, Version | None]:
        """Read the versions of days, and none of their entries."""
        count_reads(len(days))
        found = rows.versions_of(await self._read_one(rows.versions_query(days)))
        return {key: found.get(key) for key in days}

    async def revision(self, doctor_id: str) -> int:
        """Read the sum of the versions of a doctor's days."""
        count_reads(1)
        ((revision,),) = await self._read_one(rows.revision_query(doctor_id))
        return int(revision)

    def scan(
        self, doctor_id: str, first: date, last: date, at_once: int = 16
    ) -> AsyncIterator[DaySchedule]:
        """Read existing days in order."""

        async def read(start: date, limit: int) -> Sequence[DaySchedule]:
            await self._find_view()
            query = rows.days_between_query(doctor_id, start, last, limit, self._seen)
            return [day.value for day in rows.days_of(await self._read_one(query)).values()]

        return in_chunks(read, first, day_behind, at_once)

    def scan_ended(
        self, doctor_id: str, starts: Interval, at_once: int = 16
    ) -> AsyncIterator[Appointment]:
        """Read what has ended."""

        async def read(ended: Positions, limit: int) -> Sequence[Appointment]:
            await self._find_view()
            return rows.ended_of(
                doctor_id, await self._read_one(ended_query(ended, limit, self._seen))
            )

        positions = Positions.within(doctor_id, starts)
        return in_chunks(read, positions, positions.behind, at_once)

    def scan_overrides(
        self, doctor_id: str, starts: Interval, at_once: int = 16
    ) -> AsyncIterator[Override]:
        """Read overrides."""

        async def read(starting: Positions, limit: int) -> Sequence[Override]:
            found = rows.overrides_of(await self._read_one(overrides_query(starting, limit)))
            return [stored.value for stored in found.values() if stored.value]

        positions = Positions.within(doctor_id, starts)
        return in_chunks(read, positions, positions.behind, at_once)

    async def history(
        self, patient: PatientKey, first: date, last: date
    ) -> Sequence[PastAppointment]:
        """Read the rows of these months, which count as a document each."""
        await self._find_view()
        query = rows.history_query(patient, first, last, self._seen)
        found = rows.history_of(await self._read_one(query))
        count_reads(len({past.month for past in found}))
        return found

    async def instant(self) -> datetime:
        """Keep what this view shows, so that it can be read again, and return the instant."""
        if self._instant is None:
            if self._kept is None:
                self._kept = await self._keep()
            return self._kept
        await self._find_view()
        return self._instant

    async def _keep(self) -> datetime:
        try:
            kept = kept_instant_of(await self._read_one(KEEP_VIEW))
        except VersionConflict:
            raise SnapshotExpired("what was seen has been erased since") from None
        self._session.keep()
        return kept

    async def _find_view(self) -> None:
        """Find what an earlier instant shows, once."""
        if self._instant is not None and self._seen is None:
            self._seen = seen_of(await self._read_one(kept_view_query(self._instant)))

    async def _read_one(self, query: Query) -> list[Row]:
        (found,) = await self._read([query])
        return found

    async def _read(self, queries: Sequence[Query]) -> list[list[Row]]:
        if self._begun:
            return await self._session.run(queries)
        self._begun = True
        _, *found = await self._session.run([Query(BEGIN), *queries])
        return found


_NOTHING = Stored(None, None)
_NOTHING_BUSY = BusyDay()


def _without_schedule(
    patients: Iterable[PatientKey],
) -> dict[PatientKey, Stored[PatientSchedule]]:
    return {key: Stored(PatientSchedule(key), None) for key in patients}


def _empty(days: Iterable[DayKey]) -> dict[DayKey, Stored[DaySchedule]]:
    return {key: Stored(DaySchedule(key), None) for key in days}
