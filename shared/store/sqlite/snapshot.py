"""Reads of the SQLite store.

They wait for nobody, because the write-ahead log keeps a view for them whoever writes, and are
done at once: that takes less time than handing them to a thread.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import date, datetime

from msgspec.structs import astuple

from shared.model.appointment import Appointment
from shared.model.busy_day import BusyDay
from shared.model.day import DayKey, DaySchedule
from shared.model.interval import Interval
from shared.model.override import Override
from shared.model.patient_history import PastAppointment
from shared.model.patient_key import PatientKey
from shared.store.chunks import in_chunks
from shared.store.instant_numbers import to_instant, to_number
from shared.store.port import Keys, State, Stored, Version
from shared.store.positions import Positions, day_behind
from shared.store.sqlite.clock import check_kept, read_clock
from shared.store.sqlite.connections import ReadConnections
from shared.store.sqlite.database import translated_errors
from shared.store.sqlite.override_rows import read_override, read_overrides
from shared.store.sqlite.patient_rows import read_history, read_patient
from shared.store.sqlite.rows import (
    read_busy_day,
    read_day,
    read_days,
    read_records,
    read_revision,
    read_version,
)
from shared.store.sqlite.series_rows import read_series
from shared.store.sqlite.whereabouts_rows import read_elsewhere, read_ended
from shared.store.usage import count_reads

DAYS_A_TURN = 16
BUSY_DAYS_A_TURN = 64


class SqliteSnapshot:
    """A `Snapshot`: one read transaction, begun by the first read."""

    days_at_once = 1  # Nothing is gained by reading further ahead: the file is near.

    def __init__(
        self,
        connections: ReadConnections,
        instant: datetime | None,
        now: Callable[[], datetime],
    ) -> None:
        self._connections = connections
        self._now = now
        self._past = None if instant is None else to_number(instant)
        self._connection: sqlite3.Connection | None = None

    async def load(self, keys: Keys) -> State:
        """Read documents, which are rows."""
        count_reads(sum(map(len, astuple(keys))))
        with translated_errors():
            connection = self._open()
            found: dict[DayKey, Stored[DaySchedule]] = {}
            for number, key in enumerate(keys.days, 1):
                found[key] = read_day(connection, key, self._past)
                if number % DAYS_A_TURN == 0:
                    await asyncio.sleep(0)  # A year is long: let other requests have their turn.
            return State(
                days=found,
                records=read_records(connection, keys.records),
                elsewhere={key: read_elsewhere(connection, key) for key in keys.elsewhere},
                patients={key: read_patient(connection, key, self._past) for key in keys.patients},
                overrides={key: read_override(connection, key) for key in keys.overrides},
                series={each: read_series(connection, each) for each in keys.series},
            )

    async def busy_days(self, days: Collection[DayKey]) -> Mapping[DayKey, BusyDay]:
        """Read the busy times of days."""
        count_reads(len(days))
        found: dict[DayKey, BusyDay] = {}
        with translated_errors():
            connection = self._open()
            for number, key in enumerate(days, 1):
                found[key] = read_busy_day(connection, key)
                if number % BUSY_DAYS_A_TURN == 0:
                    await asyncio.sleep(0)
        return found

    async def versions(self, days: Collection[DayKey]) -> Mapping[DayKey, Version | None]:
        """Read the versions of days, and none of their entries."""
        count_reads(len(days))
        with translated_errors():
            connection = self._open()
            return {key: read_version(connection, key) for key in days}

    async def revision(self, doctor_id: str) -> int:
        """Read the last version of a doctor's days."""
        count_reads(1)
        with translated_errors():
            return read_revision(self._open(), doctor_id)

    def scan(
        self, doctor_id: str, first: date, last: date, at_once: int = 16
    ) -> AsyncIterator[DaySchedule]:
        """Read existing days in order."""

        async def read(start: date, limit: int) -> Sequence[DaySchedule]:
            with translated_errors():
                found = read_days(self._open(), doctor_id, (start, last), limit, self._past)
                return [day.value for day in found]

        return in_chunks(read, first, day_behind, at_once)

    def scan_ended(
        self, doctor_id: str, starts: Interval, at_once: int = 16
    ) -> AsyncIterator[Appointment]:
        """Read what has ended."""

        async def read(ended: Positions, limit: int) -> Sequence[Appointment]:
            with translated_errors():
                return read_ended(self._open(), ended, limit, self._past)

        positions = Positions.within(doctor_id, starts)
        return in_chunks(read, positions, positions.behind, at_once)

    def scan_overrides(
        self, doctor_id: str, starts: Interval, at_once: int = 16
    ) -> AsyncIterator[Override]:
        """Read overrides."""

        async def read(starting: Positions, limit: int) -> Sequence[Override]:
            with translated_errors():
                return read_overrides(self._open(), starting, limit)

        positions = Positions.within(doctor_id, starts)
        return in_chunks(read, positions, positions.behind, at_once)

    async def history(
        self, patient: PatientKey, first: date, last: date
    ) -> Sequence[PastAppointment]:
        """Read the rows of these months, which count as a document each."""
        with translated_errors():
            found = read_history(self._open(), patient, first, last, self._past)
        count_reads(len({past.month for past in found}))
        return found

    async def instant(self) -> datetime:
        """Return the instant of the last commit that it sees."""
        with translated_errors():
            return to_instant(read_clock(self._open()) if self._past is None else self._past)

    def end(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connections.give_back(self._connection)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._connections.borrow()
        if self._past is not None:
            check_kept(self._connection, self._past, self._now())
        return self._connection
