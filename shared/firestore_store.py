"""The production store: Firestore, one document for each doctor-day.

    doctors/{doctor_id}                     name, time_zone, working_hours, as in doctors.json
    doctors/{doctor_id}/days/{YYYY-MM-DD}   appointments: {appointment id: JSON text of its entry}
    receipts/{key}                          fingerprint, appointment_id, expires_at (TTL field)

A commit is one `Commit` call. Each of its writes carries the precondition that the document has
the update time that was read, or that there is none; nothing is ever locked. An entry is one
JSON text, because the library takes over ten times as long to decode maps and timestamps.
"""

import json
import logging
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from google.api_core import exceptions as google_errors
from google.auth.exceptions import GoogleAuthError
from google.cloud.firestore import (
    DELETE_FIELD,
    AsyncClient,
    AsyncDocumentReference,
    AsyncWriteBatch,
    DocumentSnapshot,
)
from google.cloud.firestore_v1 import base_client
from google.cloud.firestore_v1.field_path import FieldPath

from shared.doctors import doctor_from_json, doctor_to_json
from shared.documents import (
    day_from_texts,
    entry_to_text,
    receipt_from_document,
    receipt_to_document,
)
from shared.models import DayKey, DaySchedule, Doctor
from shared.store import (
    DayWrite,
    Failed,
    Forgotten,
    ReceiptWrite,
    Stale,
    State,
    Stored,
    Unavailable,
    Version,
)

FIRST_CHUNK = 16
LARGEST_CHUNK = 128

# Not written, because a document is not as it was read; `Aborted`: another commit was on it.
_STALE = (
    google_errors.Aborted,
    google_errors.AlreadyExists,
    google_errors.FailedPrecondition,
    google_errors.NotFound,
)
# Written or not, nobody knows; a new try may help. What is aborted is so for a read.
_UNKNOWN = (
    google_errors.Aborted,
    google_errors.Cancelled,
    google_errors.DeadlineExceeded,
    google_errors.InternalServerError,
    google_errors.ServiceUnavailable,
    google_errors.RetryError,
    google_errors.Unknown,
)

# No view of that time: it is over an hour ago, or yet to come.
_NO_SUCH_TIME = (google_errors.FailedPrecondition, google_errors.InvalidArgument)

# A connection that was refused is tried again after a second at most: gRPC by itself would wait
# up to two minutes, long after the database is back. The library takes no options for it.
_RECONNECT = (("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 1000))
base_client._DEFAULT_CHANNEL_OPTIONS.extend(_RECONNECT)  # noqa: SLF001
base_client._GRPC_MSG_SIZE_OPTIONS.extend(_RECONNECT)  # noqa: SLF001 - those of the emulator

_Found = DocumentSnapshot[AsyncDocumentReference]

_log = logging.getLogger(__name__)


class FirestoreStore:
    """A `Store` in a Firestore database. Connects at the first use, in the loop of that use.

    `seconds` is how long one call may take. The library does not try again by itself: all
    tries are made, and counted, above the store.
    """

    def __init__(self, project: str | None, database: str, seconds: float) -> None:
        self._project = project
        self._database = database
        self._options: dict[str, Any] = {"retry": None, "timeout": seconds}
        self._connected: AsyncClient | None = None

    @asynccontextmanager
    async def snapshot(self, instant: datetime | None = None) -> AsyncIterator["FirestoreSnapshot"]:
        """A view of that time, or of the time of its first read, at which later ones read too."""
        yield FirestoreSnapshot(self._client(), self._options, instant)

    async def commit(
        self, days: Sequence[DayWrite], receipts: Sequence[ReceiptWrite]
    ) -> Mapping[DayKey, Version]:
        """Write all or nothing, in one call, on the update times that were read."""
        client = self._client()
        batch = client.batch()
        for day in days:
            _write_day(client, batch, day)
        for receipt in receipts:
            _write_receipt(client, batch, receipt)
        with _translated(stale=_STALE):
            results = await batch.commit(**self._options)
        written = zip(days, results, strict=False)
        return {write.day.key: result.update_time for write, result in written}

    async def doctors(self) -> Sequence[Doctor]:
        """All doctors, ordered by id."""
        query = self._client().collection("doctors").order_by("__name__")
        with _translated():
            found = [document async for document in query.stream(**self._options)]
        return [doctor_from_json(json.dumps({"id": d.id, **_fields(d)})) for d in found]

    async def put_doctors(self, doctors: Collection[Doctor]) -> None:
        """Add or replace doctors."""
        client = self._client()
        batch = client.batch()
        for doctor in doctors:
            fields = json.loads(doctor_to_json(doctor))
            batch.set(client.document("doctors", fields.pop("id")), fields)
        with _translated():
            await batch.commit(**self._options)

    async def close(self) -> None:
        """Close the channel."""
        if self._connected is not None:
            await self._connected._firestore_api.transport.close()  # noqa: SLF001 - no public way

    def _client(self) -> AsyncClient:
        if self._connected is None:
            with _translated():
                self._connected = AsyncClient(project=self._project, database=self._database)
        return self._connected


class FirestoreSnapshot:
    """A `Snapshot`: all reads have one read time, that of the first where none was given."""

    days_at_once = 10  # So an opening within two working weeks is one call away.

    def __init__(
        self, client: AsyncClient, options: Mapping[str, Any], instant: datetime | None
    ) -> None:
        self._client = client
        self._options = options
        self._read_time = instant
        self._forgotten = _NO_SUCH_TIME if instant else ()

    async def load(self, days: Collection[DayKey], receipts: Collection[str]) -> State:
        """Read days and receipts in one call."""
        day_of = {_day_reference(self._client, key).path: key for key in days}
        receipt_of = {_receipt_reference(self._client, key).path: key for key in receipts}
        references = [self._client.document(path) for path in (*day_of, *receipt_of)]
        state = State({}, {})
        with _translated(forgotten=self._forgotten):
            found = self._client.get_all(references, read_time=self._read_time, **self._options)
            documents = [document async for document in found]
        for document in documents:
            self._read_time = document.read_time
            path = document.reference.path
            if path in day_of:
                state.days[day_of[path]] = _stored_day(day_of[path], document)
            elif document.exists:
                receipt = receipt_from_document(receipt_of[path], _fields(document))
                state.receipts[receipt.key] = Stored(receipt, document.update_time)
        return state

    async def scan(self, doctor_id: str, first: date, last: date) -> AsyncIterator[DaySchedule]:
        """The existing days in order, in chunks that grow; a day without a document costs none."""
        limit = FIRST_CHUNK
        while True:
            documents = await self._page(doctor_id, first, last, limit)
            for document in documents:
                key = DayKey(doctor_id, date.fromisoformat(document.id))
                yield _stored_day(key, document).value
            if len(documents) < limit:
                return
            first = date.fromisoformat(documents[-1].id) + timedelta(days=1)
            limit = min(limit * 2, LARGEST_CHUNK)

    async def instant(self) -> datetime:
        """The read time."""
        if self._read_time is None:
            raise ValueError("nothing was read yet")
        return self._read_time

    async def _page(self, doctor_id: str, first: date, last: date, limit: int) -> list[_Found]:
        ends = (_day_reference(self._client, DayKey(doctor_id, day)) for day in (first, last))
        start_at, end_at = ({"__name__": reference} for reference in ends)
        days = self._client.collection("doctors", doctor_id, "days")
        query = days.order_by("__name__").start_at(start_at).end_at(end_at).limit(limit)
        with _translated(forgotten=self._forgotten):
            found = query.stream(read_time=self._read_time, **self._options)
            documents = [document async for document in found]
        if documents:
            self._read_time = documents[0].read_time
        return documents


# Documents


def _day_reference(client: AsyncClient, key: DayKey) -> AsyncDocumentReference:
    return client.document("doctors", key.doctor_id, "days", key.day.isoformat())


def _receipt_reference(client: AsyncClient, key: str) -> AsyncDocumentReference:
    return client.document("receipts", key)


def _stored_day(key: DayKey, document: _Found) -> Stored[DaySchedule]:
    if not document.exists:
        return Stored(DaySchedule(key), None)
    texts = _fields(document)["appointments"].values()
    return Stored(day_from_texts(key, texts), document.update_time)


def _write_day(client: AsyncClient, batch: AsyncWriteBatch, write: DayWrite) -> None:
    """Only the entries that changed are sent.

    A day where moves to and fro have left nothing changed is written as it was, to check it.
    """
    reference = _day_reference(client, write.day.key)
    if write.read.version is None:
        batch.create(reference, {"appointments": _texts(write.day)})
        return
    fields: dict[str, Any] = {
        FieldPath("appointments", name).to_api_repr(): (
            DELETE_FIELD if entry is None else entry_to_text(name, entry)
        )
        for name, entry in write.changed().items()
    }
    if not fields:
        fields = {"appointments": _texts(write.day)}
    option = client.write_option(last_update_time=write.read.version)
    batch.update(reference, fields, option=option)


def _texts(day: DaySchedule) -> dict[str, str]:
    return {name: entry_to_text(name, entry) for name, entry in day.entries().items()}


def _write_receipt(client: AsyncClient, batch: AsyncWriteBatch, write: ReceiptWrite) -> None:
    receipt = write.receipt
    # A timestamp, because the database's own clean-up (TTL) judges it.
    fields = {**receipt_to_document(receipt), "expires_at": receipt.expires_at}
    reference = _receipt_reference(client, receipt.key)
    if write.replaced is None:
        batch.create(reference, fields)
    else:
        batch.update(reference, fields, option=client.write_option(last_update_time=write.replaced))


def _fields(document: _Found) -> dict[str, Any]:
    """The fields of a document that exists, timestamps as texts."""
    return {
        name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for name, value in (document.to_dict() or {}).items()
    }


@contextmanager
def _translated(
    stale: tuple[type[Exception], ...] = (), forgotten: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """What the library raises, as the port says it; whatever else there is, is final."""
    try:
        yield
    except forgotten as error:
        raise Forgotten(str(error)) from error
    except stale as error:
        raise Stale(str(error)) from error
    except _UNKNOWN as error:
        raise Unavailable(str(error)) from error
    except (google_errors.GoogleAPICallError, GoogleAuthError, ValueError) as error:
        _log.exception("Firestore refused")
        raise Failed(str(error)) from error
