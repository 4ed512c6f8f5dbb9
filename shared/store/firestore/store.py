"""The production store: Firestore, one document for each doctor-day.

    doctors/{doctor_id}                     name, time_zone, working_hours, as in doctors.json
    doctors/{doctor_id}/days/{YYYY-MM-DD}   appointments: {appointment id: JSON text of its entry}
    receipts/{key}                          fingerprint, appointment_id, expires_at (TTL field)

A commit is one `Commit` call. Each of its writes carries the precondition that the document has
the update time that was read, or that there is none; nothing is ever locked. An entry is one
JSON text, because maps with timestamps take six times as long to decode.
"""

import json
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from google.auth.exceptions import GoogleAuthError
from google.cloud.firestore_v1.field_path import FieldPath
from google.protobuf.wrappers_pb2 import Int32Value  # type: ignore[import-untyped]
from grpc import StatusCode  # type: ignore[import-untyped]
from grpc.aio import AioRpcError  # type: ignore[import-untyped]

from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.idempotency import IdempotencyRecord
from shared.store.doctor_documents import doctor_from_json, doctor_to_json
from shared.store.documents import (
    day_from_texts,
    entry_to_text,
    record_from_document,
    record_to_document,
)
from shared.store.firestore.calls import (
    Calls,
    Cursor,
    Document,
    DocumentMask,
    Message,
    Precondition,
    Value,
    Write,
    from_fields,
    to_fields,
    to_timestamp,
)
from shared.store.port import (
    DayWrite,
    RecordWrite,
    SnapshotExpired,
    State,
    Stored,
    StoreError,
    StoreRefused,
    StoreUnavailable,
    Version,
    VersionConflict,
)
from shared.store.usage import count_reads, count_writes

LARGEST_CHUNK = 128

# Not written, because a document is not as it was read; `ABORTED`: another commit was on it.
_STALE = frozenset(
    {
        StatusCode.ABORTED,
        StatusCode.ALREADY_EXISTS,
        StatusCode.FAILED_PRECONDITION,
        StatusCode.NOT_FOUND,
    }
)
# Written or not, nobody knows; a new try may help. What is aborted is so for a read.
_UNKNOWN = frozenset(
    {
        StatusCode.ABORTED,
        StatusCode.CANCELLED,
        StatusCode.DEADLINE_EXCEEDED,
        StatusCode.INTERNAL,
        StatusCode.UNAVAILABLE,
        StatusCode.UNKNOWN,
    }
)
# No view of that time: it is over an hour ago, or yet to come.
_NO_SUCH_TIME = frozenset({StatusCode.FAILED_PRECONDITION, StatusCode.INVALID_ARGUMENT})
_NONE: frozenset[StatusCode] = frozenset()


class FirestoreStore:
    """A `Store` in a Firestore database. Connects at the first use, in the loop of that use.

    `seconds` is how long one call may take. No call is repeated here: all tries are made, and
    counted, above the store.
    """

    def __init__(self, project: str | None, database: str, seconds: float) -> None:
        self._wanted = (project, database, seconds)
        self._connected: Calls | None = None

    @asynccontextmanager
    async def snapshot(self, instant: datetime | None = None) -> AsyncIterator["FirestoreSnapshot"]:
        """A view of that time, or of the time of its first read, at which later ones read too."""
        yield FirestoreSnapshot(self._calls(), instant)

    async def commit(
        self, days: Sequence[DayWrite], records: Sequence[RecordWrite]
    ) -> Mapping[DayKey, Version]:
        """Write all or nothing, in one call, on the update times that were read."""
        calls = self._calls()
        writes = [_day_write(calls, day) for day in days]
        writes += [_record_write(calls, record) for record in records]
        with _translated(stale=_STALE):
            results = await calls.commit(writes)
        count_writes(len(writes))
        written = zip(days, results, strict=False)
        return {write.day.key: result.update_time.ToNanoseconds() for write, result in written}

    async def doctors(self) -> Sequence[Doctor]:
        """All doctors, ordered by id."""
        calls = self._calls()
        with _translated():
            answers = [answer async for answer in calls.run_query(calls.root, "doctors")]
        found = [answer.document for answer in answers if answer.document.name]
        count_reads(len(found))
        return [_doctor(_last(d.name), from_fields(d.fields)) for d in found]

    async def put_doctors(self, doctors: Collection[Doctor]) -> None:
        """Add or replace doctors."""
        calls = self._calls()
        writes = []
        for doctor in doctors:
            values = json.loads(doctor_to_json(doctor))
            name = f"{calls.root}/doctors/{values.pop('id')}"
            writes.append(Write(update=Document(name=name, fields=to_fields(values))))
        with _translated():
            await calls.commit(writes)

    async def close(self) -> None:
        """Close the connection."""
        if self._connected is not None:
            await self._connected.close()

    def _calls(self) -> Calls:
        if self._connected is None:
            with _translated():
                self._connected = Calls(*self._wanted)
        return self._connected


class FirestoreSnapshot:
    """A `Snapshot`: all reads have one read time, that of the first where none was given."""

    days_at_once = 10  # So an opening within two working weeks is one call away.

    def __init__(self, calls: Calls, instant: datetime | None) -> None:
        self._calls = calls
        self._read_time: Message = None if instant is None else to_timestamp(instant)
        self._forgotten = _NO_SUCH_TIME if instant else _NONE

    async def load(self, days: Collection[DayKey], records: Collection[str]) -> State:
        """Read days and receipts in one call."""
        calls = self._calls
        day_of = {_day_name(calls, key): key for key in days}
        record_of = {_record_name(calls, key): key for key in records}
        state = State({}, {})
        with _translated(forgotten=self._forgotten):
            found = calls.batch_get((*day_of, *record_of), self._read_time)
            answers = [answer async for answer in found]
        count_reads(len(answers))
        for answer in answers:
            self._read_time = answer.read_time
            document = answer.found
            if key := day_of.get(document.name or answer.missing):
                state.days[key] = _stored_day(key, document)
            elif document.name:
                record = _record(record_of[document.name], document)
                state.records[record.value.key] = record
        return state

    async def scan(
        self, doctor_id: str, first: date, last: date, at_once: int = 16
    ) -> AsyncIterator[DaySchedule]:
        """The existing days in order, in chunks that grow; a day without a document costs none."""
        while True:
            documents = await self._page(doctor_id, first, last, at_once)
            count_reads(len(documents))
            for document in documents:
                key = DayKey(doctor_id, _date(document))
                yield _stored_day(key, document).value
            if len(documents) < at_once:
                return
            first = _date(documents[-1]) + timedelta(days=1)
            at_once = min(at_once * 2, LARGEST_CHUNK)

    async def instant(self) -> datetime:
        """The read time."""
        if self._read_time is None:
            raise ValueError("nothing was read yet")
        instant: datetime = self._read_time.ToDatetime(UTC)
        return instant

    async def _page(self, doctor_id: str, first: date, last: date, limit: int) -> list[Message]:
        calls, days = self._calls, (DayKey(doctor_id, first), DayKey(doctor_id, last))
        ends = [[Value(reference_value=_day_name(calls, day))] for day in days]
        bounds = {
            "start_at": Cursor(values=ends[0], before=True),
            "end_at": Cursor(values=ends[1], before=False),
            "limit": Int32Value(value=limit),
        }
        parent = f"{calls.root}/doctors/{doctor_id}"
        with _translated(forgotten=self._forgotten):
            found = calls.run_query(parent, "days", self._read_time, **bounds)
            answers = [answer async for answer in found]
        # The time is told also where nothing is found.
        times = (answer.read_time for answer in answers if answer.HasField("read_time"))
        self._read_time = next(times, self._read_time)
        return [answer.document for answer in answers if answer.document.name]


# Documents


def _day_name(calls: Calls, key: DayKey) -> str:
    return f"{calls.root}/doctors/{key.doctor_id}/days/{key.day}"


def _record_name(calls: Calls, key: str) -> str:
    return f"{calls.root}/receipts/{key}"


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _date(document: Message) -> date:
    return date.fromisoformat(_last(document.name))


def _stored_day(key: DayKey, document: Message) -> Stored[DaySchedule]:
    if not document.name:
        return Stored(DaySchedule(key), None)
    entries = document.fields["appointments"].map_value.fields.values()
    day = day_from_texts(key, (entry.string_value for entry in entries))
    return Stored(day, document.update_time.ToNanoseconds())


def _record(key: str, document: Message) -> Stored[IdempotencyRecord]:
    values = from_fields(document.fields)
    fields = {**values, "expires_at": values["expires_at"].isoformat()}
    return Stored(record_from_document(key, fields), document.update_time.ToNanoseconds())


def _doctor(doctor_id: str, fields: Mapping[str, Any]) -> Doctor:
    return doctor_from_json(json.dumps({"id": doctor_id, **fields}))


def _day_write(calls: Calls, write: DayWrite) -> Message:
    """Only the entries that changed are sent; what is in the mask and not sent is deleted.

    A day where moves to and fro have left nothing changed is written as it was, to check it.
    """
    name, changed = _day_name(calls, write.day.key), write.changed()
    if write.read.version is None or not changed:
        texts = {n: entry_to_text(n, entry) for n, entry in write.day.entries().items()}
        mask = None
    else:
        texts = {n: entry_to_text(n, entry) for n, entry in changed.items() if entry}
        mask = DocumentMask(field_paths=[_path_of(n) for n in changed])
    fields = to_fields({"appointments": texts} if texts or mask is None else {})
    document = Document(name=name, fields=fields)
    return Write(
        update=document, update_mask=mask, current_document=_precondition(write.read.version)
    )


def _path_of(appointment_id: str) -> str:
    return FieldPath("appointments", appointment_id).to_api_repr()


def _record_write(calls: Calls, write: RecordWrite) -> Message:
    record = write.record
    # A timestamp, because the database's own clean-up (TTL) judges it.
    values = {**record_to_document(record), "expires_at": record.expires_at}
    document = Document(name=_record_name(calls, record.key), fields=to_fields(values))
    return Write(update=document, current_document=_precondition(write.replaced))


def _precondition(version: Version | None) -> Message:
    if version is None:
        return Precondition(exists=False)
    read = Precondition()
    read.update_time.FromNanoseconds(version)
    return read


@contextmanager
def _translated(
    stale: frozenset[StatusCode] = _NONE, forgotten: frozenset[StatusCode] = _NONE
) -> Iterator[None]:
    """What gRPC and the credentials raise, as the port says it; all else is final."""
    try:
        yield
    except AioRpcError as error:
        raise _as_store_error(error, stale, forgotten) from error
    except (GoogleAuthError, ValueError) as error:
        raise StoreRefused(str(error)) from error


def _as_store_error(
    error: AioRpcError, stale: frozenset[StatusCode], forgotten: frozenset[StatusCode]
) -> StoreError:
    code, text = error.code(), f"{error.code().name}: {error.details()}"
    if code in forgotten:
        return SnapshotExpired(text)
    if code in stale:
        return VersionConflict(text)
    if code in _UNKNOWN:
        return StoreUnavailable(text)
    return StoreRefused(text)
