"""Reads of the Firestore store."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TypeVar

from shared.model.appointment import Appointment
from shared.model.busy_day import BusyDay
from shared.model.day import DayKey, DaySchedule
from shared.model.interval import Interval
from shared.model.override import Override, OverrideKey
from shared.model.patient_history import PastAppointment, month_of
from shared.model.patient_key import PatientKey
from shared.store.chunks import in_chunks
from shared.store.firestore.calls import Calls
from shared.store.firestore.documents import (
    date_of,
    day_name,
    elsewhere_name,
    last_part,
    read_busy_day,
    read_day,
    read_elsewhere,
    read_ended,
    read_record,
    record_name,
)
from shared.store.firestore.erasure_calls import last_erasure
from shared.store.firestore.errors import EXPIRED, NONE, translated_errors
from shared.store.firestore.messages import Int32Value, Message
from shared.store.firestore.override_documents import (
    override_name,
    override_of,
    read_override,
)
from shared.store.firestore.patient_documents import (
    history_name,
    patient_name,
    read_history,
    read_patient,
)
from shared.store.firestore.series_documents import read_series, series_name
from shared.store.firestore.values import Cursor, Value, to_timestamp, to_value
from shared.store.port import Keys, SnapshotExpired, State, Version
from shared.store.positions import day_behind
from shared.store.usage import count_reads

T = TypeVar("T")

BUSY_FIELDS = ("kind", "schema", "derived")


class FirestoreSnapshot:
    """A `Snapshot`: all reads have one read time, that of the first if none was given."""

    days_at_once = 10  # So an opening within ten days is one call away.

    def __init__(self, calls: Calls, instant: datetime | None) -> None:
        self._calls = calls
        self._unchecked_instant = instant  # None as well once it is known not to be erased.
        self._read_time: Message = None if instant is None else to_timestamp(instant)
        self._expired = EXPIRED if instant else NONE

    async def load(self, keys: Keys) -> State:
        """Read documents in one call."""
        root = self._calls.root
        day_of = {day_name(root, key): key for key in keys.days}
        record_of = {record_name(root, key): key for key in keys.records}
        elsewhere_of = {elsewhere_name(root, key): key for key in keys.elsewhere}
        patient_of = {patient_name(root, key): key for key in keys.patients}
        named = {override_name(root, key): key for key in keys.overrides}
        series_of = {series_name(root, each): each for each in keys.series}
        state = State()
        names = (*day_of, *record_of, *elsewhere_of, *patient_of, *named, *series_of)
        for answer in await self._get(names):
            document = answer.found
            name = document.name or answer.missing
            if key := day_of.get(name):
                state.days[key] = read_day(key, document)
            elif of := elsewhere_of.get(name):
                state.elsewhere[of] = read_elsewhere(of, document)
            elif patient := patient_of.get(name):
                state.patients[patient] = read_patient(patient, document)
            elif override := named.get(name):
                state.overrides[override] = read_override(override, document)
            elif each := series_of.get(name):
                state.series[each] = read_series(each, document)
            elif document.name:
                record = read_record(record_of[document.name], document)
                state.records[record.value.key] = record
        return state

    async def busy_days(self, days: Collection[DayKey]) -> Mapping[DayKey, BusyDay]:
        """Read the busy times of days in one call, and in a second one those without the text."""
        day_of = {day_name(self._calls.root, key): key for key in days}
        found: dict[DayKey, BusyDay] = {}
        without_text: list[DayKey] = []
        for answer in await self._get(day_of, BUSY_FIELDS):
            key = day_of[answer.found.name or answer.missing]
            day = read_busy_day(key, answer.found)
            if day is None:
                without_text.append(key)
            else:
                found[key] = day
        if without_text:
            state = await self.load(Keys(days=without_text))
            found |= {key: stored.value.busy for key, stored in state.days.items()}
        return found

    async def versions(self, days: Collection[DayKey]) -> Mapping[DayKey, Version | None]:
        """Read the update times of days in one call, with the smallest of their fields."""
        day_of = {day_name(self._calls.root, key): key for key in days}
        found: dict[DayKey, Version | None] = {}
        for answer in await self._get(day_of, ["schema"]):
            key = day_of[answer.found.name or answer.missing]
            found[key] = answer.found.update_time.ToNanoseconds() if answer.found.name else None
        return found

    async def revision(self, doctor_id: str) -> int:
        """Add up what the last writes of a doctor's days drew: another write makes another sum."""
        parent = f"{self._calls.root}/doctors/{doctor_id}"
        (answer,) = await self._unless_erased(self._run_sum(parent, "schedule", "revision"))
        count_reads(1)  # Firestore charges one for a thousand days.
        self._read_time = answer.read_time
        revision: int = answer.result.aggregate_fields["sum"].integer_value
        return revision

    def scan(
        self, doctor_id: str, first: date, last: date, at_once: int = 16
    ) -> AsyncIterator[DaySchedule]:
        """Read existing days in order; a day without a document costs none."""

        async def read(start: date, limit: int) -> Sequence[DaySchedule]:
            documents = await self._page(doctor_id, start, last, limit)
            return [read_day(DayKey(doctor_id, date_of(d)), d).value for d in documents]

        return in_chunks(read, first, day_behind, at_once)

    async def scan_ended(
        self, doctor_id: str, starts: Interval, at_once: int = 16
    ) -> AsyncIterator[Appointment]:
        """Read what has ended."""
        async for document in self._by_start(doctor_id, "elsewhere", starts, at_once):
            yield read_ended(doctor_id, document)

    async def scan_overrides(
        self, doctor_id: str, starts: Interval, at_once: int = 16
    ) -> AsyncIterator[Override]:
        """Read overrides."""
        async for document in self._by_start(doctor_id, "overrides", starts, at_once):
            yield override_of(OverrideKey(doctor_id, last_part(document.name)), document)

    async def history(
        self, patient: PatientKey, first: date, last: date
    ) -> Sequence[PastAppointment]:
        """Read the months that have a document, in one query."""
        parent = patient_name(self._calls.root, patient)
        ends = [[Value(reference_value=history_name(parent, month_of(d)))] for d in (first, last)]
        bounds = {
            "start_at": Cursor(values=ends[0], before=True),
            "end_at": Cursor(values=ends[1], before=False),
        }
        months = await self._query(parent, "history", ("__name__",), bounds)
        count_reads(len(months))
        return [past for month in months for past in read_history(patient, month)]

    async def instant(self) -> datetime:
        """Return the read time."""
        if self._read_time is None:
            raise ValueError("nothing was read yet")
        instant: datetime = self._read_time.ToDatetime(UTC)
        return instant

    def _by_start(
        self, doctor_id: str, collection: str, starts: Interval, at_once: int
    ) -> AsyncIterator[Message]:
        """Read what a collection of a doctor's has, in order of start, then id."""
        parent = f"{self._calls.root}/doctors/{doctor_id}"
        end_at = Cursor(values=[to_value(starts.end)], before=True)

        async def read(start_at: Message, limit: int) -> Sequence[Message]:
            bounds = {"start_at": start_at, "end_at": end_at, "limit": Int32Value(value=limit)}
            return await self._query(parent, collection, ("start", "__name__"), bounds)

        start_at = Cursor(values=[to_value(starts.start)], before=True)
        return in_chunks(read, start_at, _behind, at_once)

    async def _page(self, doctor_id: str, first: date, last: date, limit: int) -> list[Message]:
        root, days = self._calls.root, (DayKey(doctor_id, first), DayKey(doctor_id, last))
        ends = [[Value(reference_value=day_name(root, day))] for day in days]
        bounds = {
            "start_at": Cursor(values=ends[0], before=True),
            "end_at": Cursor(values=ends[1], before=False),
            "limit": Int32Value(value=limit),
        }
        parent = f"{root}/doctors/{doctor_id}"
        return await self._query(parent, "schedule", ("__name__",), bounds)

    async def _query(
        self, parent: str, collection: str, order: Sequence[str], bounds: Mapping[str, Message]
    ) -> list[Message]:
        answers = await self._unless_erased(self._run_query(parent, collection, order, bounds))
        # The last read time: at it all of the answers are true, the earlier ones unchanged
        # (reference of RunQueryResponse.read_time). It is told also if nothing is found.
        for answer in answers:
            if answer.HasField("read_time"):
                self._read_time = answer.read_time
        return [answer.document for answer in answers if answer.document.name]

    async def _get(self, names: Collection[str], fields: Sequence[str] = ()) -> list[Message]:
        answers = await self._unless_erased(self._batch_get(names, fields))
        count_reads(len(answers))
        for answer in answers:
            self._read_time = answer.read_time
        return answers

    async def _batch_get(self, names: Collection[str], fields: Sequence[str]) -> list[Message]:
        return [a async for a in self._calls.batch_get(names, self._read_time, fields)]

    async def _run_query(
        self, parent: str, collection: str, order: Sequence[str], bounds: Mapping[str, Message]
    ) -> list[Message]:
        found = self._calls.run_query(parent, collection, self._read_time, order, **bounds)
        return [answer async for answer in found]

    async def _run_sum(self, parent: str, collection: str, field: str) -> list[Message]:
        found = self._calls.run_sum(parent, collection, field, self._read_time)
        return [answer async for answer in found]

    async def _unless_erased(self, read: Awaitable[T]) -> T:
        """Return what is read; SnapshotExpired if something was erased at the instant or later.

        The last erasure is looked up while the first read runs, at the present: Firestore itself
        keeps what was erased, and would show it for an hour. Both instants are Firestore's own.
        """
        instant = self._unchecked_instant
        with translated_errors(expired=self._expired):
            if instant is None:
                return await read
            answer, erased_at = await asyncio.gather(read, last_erasure(self._calls))
        if erased_at is not None and instant <= erased_at:
            raise SnapshotExpired("something was erased since that instant")
        self._unchecked_instant = None
        return answer


def _behind(document: Message) -> Message:
    """Return where a query in order of start, then id, goes on after a document."""
    place = [document.fields["start"], Value(reference_value=document.name)]
    return Cursor(values=place, before=False)
