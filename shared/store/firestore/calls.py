"""The three calls that are made to Firestore, over the library's connection and in its messages.

The library's `AsyncClient` puts every path, field and message into objects of its own, which takes
three times as long as the call itself: see docs/performance.md. Its protocol buffers are used bare.
"""

import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import google.auth
import grpc  # type: ignore[import-untyped]
from google.api_core.gapic_v1.client_info import ClientInfo
from google.api_core.gapic_v1.routing_header import to_grpc_metadata
from google.cloud.firestore_v1 import types
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcAsyncIOTransport
from google.protobuf.timestamp_pb2 import Timestamp  # type: ignore[import-untyped]

EMULATOR = "FIRESTORE_EMULATOR_HOST"
EMULATED_PROJECT = "demo-local"

Message = Any
"""A bare protocol buffer: these have no types."""

Fields = Mapping[str, Message]

Document, DocumentMask, Value = types.Document.pb(), types.DocumentMask.pb(), types.Value.pb()
MapValue, ArrayValue = types.MapValue.pb(), types.ArrayValue.pb()
Precondition, Write, Cursor = types.Precondition.pb(), types.Write.pb(), types.Cursor.pb()
_Query, _GetRequest = types.StructuredQuery.pb(), types.BatchGetDocumentsRequest.pb()
_Commit, _Run = types.CommitRequest.pb(), types.RunQueryRequest.pb()

_SERVICE = "/google.firestore.v1.Firestore"
_CHANNEL = (
    # A quiet connection that something on the way has dropped is noticed.
    ("grpc.keepalive_time_ms", 30_000),
    # A full day may be larger than gRPC's own limit of 4 MiB; Firestore has its own.
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # gRPC by itself would wait up to two minutes, long after the database is back.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)


class Calls:
    """A connection to one database. Every call takes `seconds` at most, and is not repeated.

    Raises grpc.aio.AioRpcError where it fails; to open it raises GoogleAuthError if there are no
    credentials, and ValueError if there is no project.
    """

    def __init__(self, project: str | None, database: str, seconds: float) -> None:
        self._seconds = seconds
        self._channel, found = _open_channel()
        if not (project or found):
            raise ValueError("the credentials name no project: set GOOGLE_CLOUD_PROJECT")
        self.database = f"projects/{project or found}/databases/{database}"
        self.root = f"{self.database}/documents"
        self._headers = _headers(self.database)
        self._commit = self._channel.unary_unary(
            f"{_SERVICE}/Commit", _Commit.SerializeToString, types.CommitResponse.pb().FromString
        )
        self._batch_get = self._channel.unary_stream(
            f"{_SERVICE}/BatchGetDocuments",
            _GetRequest.SerializeToString,
            types.BatchGetDocumentsResponse.pb().FromString,
        )
        self._run_query = self._channel.unary_stream(
            f"{_SERVICE}/RunQuery", _Run.SerializeToString, types.RunQueryResponse.pb().FromString
        )

    async def commit(self, writes: Sequence[Message]) -> Sequence[Message]:
        """Write all or nothing; the result of each write."""
        request = _Commit(database=self.database, writes=writes)
        answer = await self._commit(request, **self._options(database=self.database))
        results: Sequence[Message] = answer.write_results
        return results

    def batch_get(self, names: Iterable[str], read_time: Message) -> AsyncIterator[Message]:
        """Read documents; an answer for each, in any order, `found` or `missing`."""
        request = _GetRequest(database=self.database, documents=names, read_time=read_time)
        answers: AsyncIterator[Message]
        answers = self._batch_get(request, **self._options(database=self.database))
        return answers

    def run_query(
        self, parent: str, collection: str, read_time: Message = None, **bounds: Message
    ) -> AsyncIterator[Message]:
        """The documents of a collection by name; answers without a document tell only the time."""
        query = _Query(**bounds)
        query.from_.add(collection_id=collection)
        query.order_by.add(direction=types.StructuredQuery.Direction.ASCENDING)
        query.order_by[0].field.field_path = "__name__"
        request = _Run(parent=parent, structured_query=query, read_time=read_time)
        answers: AsyncIterator[Message]
        answers = self._run_query(request, **self._options(parent=parent))
        return answers

    async def close(self) -> None:
        """Close the connection."""
        await self._channel.close()

    def _options(self, **routing: str) -> dict[str, Any]:
        """Of a call; Google's front ends route it by a field of its request."""
        header = to_grpc_metadata(routing)  # type: ignore[no-untyped-call]
        return {"timeout": self._seconds, "metadata": (*self._headers, header)}


def _open_channel() -> tuple[Any, str | None]:
    """A channel, and the project that the credentials belong to."""
    if emulator := os.environ.get(EMULATOR):
        return grpc.aio.insecure_channel(emulator, options=_CHANNEL), EMULATED_PROJECT
    transport = FirestoreGrpcAsyncIOTransport
    credentials, project = google.auth.default(scopes=transport.AUTH_SCOPES)
    return transport.create_channel(credentials=credentials, options=_CHANNEL), project


def _headers(database: str) -> tuple[tuple[str, str], ...]:
    owner = (("authorization", "Bearer owner"),) if os.environ.get(EMULATOR) else ()
    return (
        ("google-cloud-resource-prefix", database),
        ClientInfo().to_grpc_metadata(),  # type: ignore[no-untyped-call]
        *owner,
    )


# Values


def to_value(value: object) -> Message:
    """A value as Firestore keeps it: texts, instants, and lists and maps of them."""
    match value:
        case str():
            return Value(string_value=value)
        case datetime():
            return Value(timestamp_value=to_timestamp(value))
        case list():
            return Value(array_value=ArrayValue(values=map(to_value, value)))
        case dict():
            return Value(map_value=MapValue(fields=to_fields(value)))
    raise TypeError(type(value))


def to_fields(values: Mapping[str, object]) -> dict[str, Message]:
    """The fields of a document or map."""
    return {name: to_value(value) for name, value in values.items()}


def from_value(value: Message) -> Any:  # noqa: ANN401 - what is kept
    """The value that was kept; whatever is no text, instant, list or map is None."""
    match value.WhichOneof("value_type"):
        case "string_value":
            return value.string_value
        case "timestamp_value":
            return value.timestamp_value.ToDatetime(UTC)
        case "array_value":
            return [from_value(item) for item in value.array_value.values]
        case "map_value":
            return from_fields(value.map_value.fields)
    return None


def from_fields(fields: Fields) -> dict[str, Any]:
    """The values of a document or map."""
    return {name: from_value(value) for name, value in fields.items()}


def to_timestamp(instant: datetime) -> Message:
    """An instant as Firestore writes it."""
    timestamp = Timestamp()
    timestamp.FromDatetime(instant)
    return timestamp
