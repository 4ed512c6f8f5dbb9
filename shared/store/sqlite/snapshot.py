"""Reads of the SQLite store.

They wait for nobody, because the write-ahead log keeps a view for them whoever writes, and are
done at once: that takes less time than handing them to a thread.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta

from shared.model.appointment import Appointment
from shared.model.busy_day import BusyDay
from shared.model.day import DayKey, DaySchedule
from shared.model.elsewhere import ElsewhereKey
from shared.model.interval import Interval
from shared.model.override import Override, OverrideKey
from shared.model.patient_history import PastAppointment
from shared.model.patient_key import PatientKey
from shared.store.instant_numbers import to_instant, to_number
from shared.store.port import State, Stored, Version
from shared.store.positions import Positions
from shared.store.sqlite.clock import check_kept, read_clock
from shared.store.sqlite.database import ReadConnections, translated_errors
from shared.store.sqlite.elsewhere_rows import read_elsewhere, read_ended
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
from shared.store.usage import count_reads

LARGEST_CHUNK = 128
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

    async def load(  # noqa: PLR0913 - as the port has it
        self,
        days: Collection[DayKey],
        records: Collection[str],
        elsewhere: Collection[ElsewhereKey] = (),
        patients: Collection[PatientKey] = (),
        overrides: Collection[OverrideKey] = (),
        *,
        series: Collection[str] = (),
    ) -> State:
        """Read documents, which are rows."""
        wanted = (days, records, elsewhere, patients, overrides, series)
        count_reads(sum(map(len, wanted)))
        with translated_errors():
            connection = self._open()
            found: dict[DayKey, Stored[DaySchedule]] = {}
            for number, key in enumerate(days, 1):
                found[key] = read_day(connection, key, self._past)
                if number % DAYS_A_TURN == 0:
                    await asyncio.sleep(0)  # A year is long: let other requests have their turn.
            return State(
                days=found,
                records=read_records(connection, records),
                elsewhere={key: read_elsewhere(connection, key) for key in elsewhere},
                patients={key: read_patient(connection, key, self._past) for key in patients},
                overrides={key: read_override(connection, key) for key in overrides},
                series={each: read_series(connection, each) for each in series},
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

    async def scan(
        self, doctor_id: str, first: date, last: date, at_once: int = 16
    ) -> AsyncIterator[DaySchedule]:
        """Read existing days in order, in growing chunks: few for a near hit, fast for a year."""
        while True:
            with translated_errors():
                found = read_days(self._open(), doctor_id, (first, last), at_once, self._past)
                days = [day.value for day in found]
            count_reads(len(days))
            for day in days:
                yield day
            if len(days) < at_once:
                return
            await asyncio.sleep(0)  # A year is long: let other requests have their turn.
            first = days[-1].key.day + timedelta(days=1)
            at_once = min(at_once * 2, LARGEST_CHUNK)

    async def scan_ended(
        self, doctor_id: str, starts: Interval, at_once: int = 16
    ) -> AsyncIterator[Appointment]:
        """Read what has ended, in growing chunks."""
        ended = Positions.within(doctor_id, starts)
        while True:
            with translated_errors():
                found = read_ended(self._open(), ended, at_once, self._past)
            count_reads(len(found))
            for appointment in found:
                yield appointment
            if len(found) < at_once:
                return
            ended = ended.behind(found[-1].interval.start, found[-1].id)
            await asyncio.sleep(0)
            at_once = min(at_once * 2, LARGEST_CHUNK)

    async def scan_overrides(
        self, doctor_id: str, starts: Interval, at_once: int = 16
    ) -> AsyncIterator[Override]:
        """Read overrides, in growing chunks."""
        starting = Positions.within(doctor_id, starts)
        while True:
            with translated_errors():
                found = read_overrides(self._open(), starting, at_once)
            count_reads(len(found))
            for override in found:
                yield override
            if len(found) < at_once:
                return
            starting = starting.behind(found[-1].interval.start, found[-1].id)
            await asyncio.sleep(0)
            at_once = min(at_once * 2, LARGEST_CHUNK)

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
