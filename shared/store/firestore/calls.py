"""The four calls to Firestore, over the library's connection and in its messages.

The library's `AsyncClient` wraps every path, field and message in objects of its own, which takes
three times as long as the call itself (docs/performance.md). Its protocol buffers are used bare.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

import google.auth
import grpc  # type: ignore[import-untyped]
from google.api_core.gapic_v1.client_info import ClientInfo
from google.api_core.gapic_v1.routing_header import to_grpc_metadata
from google.cloud.firestore_v1 import types
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcAsyncIOTransport

from shared.settings import FirestoreDatabase
from shared.store.firestore.values import Message

EMULATED_PROJECT = "demo-local"

_Query, _GetRequest = types.StructuredQuery.pb(), types.BatchGetDocumentsRequest.pb()
_Mask = types.DocumentMask.pb()
_Commit, _Run = types.CommitRequest.pb(), types.RunQueryRequest.pb()
_Sum, _RunSum = types.StructuredAggregationQuery.pb(), types.RunAggregationQueryRequest.pb()

_SERVICE = "/google.firestore.v1.Firestore"
_CHANNEL = (
    # Notices a quiet connection that something on the way has dropped.
    ("grpc.keepalive_time_ms", 30_000),
    # A full day may be larger than gRPC's own limit of 4 MiB; Firestore has its own.
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # By default gRPC waits up to two minutes, long after the database is back.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)


class Calls:
    """A connection to one database. Every call takes at most `seconds` and is not repeated.

    Calls raise grpc.aio.AioRpcError. Opening raises GoogleAuthError if there are no credentials,
    and ValueError if there is no project.
    """

    def __init__(self, database: FirestoreDatabase, seconds: float) -> None:
        self._seconds = seconds
        self._channel, found = _open_channel(database.emulator)
        project = database.project or found
        if not project:
            raise ValueError("the credentials name no project: set GOOGLE_CLOUD_PROJECT")
        self.database = f"projects/{project}/databases/{database.database}"
        self.root = f"{self.database}/documents"
        self._headers = _headers(self.database, database.emulator)
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
        self._run_sum = self._channel.unary_stream(
            f"{_SERVICE}/RunAggregationQuery",
            _RunSum.SerializeToString,
            types.RunAggregationQueryResponse.pb().FromString,
        )

    async def commit(self, writes: Sequence[Message]) -> Sequence[Message]:
        """Write all or nothing; return the result of each write."""
        request = _Commit(database=self.database, writes=writes)
        answer = await self._commit(request, **self._options(database=self.database))
        results: Sequence[Message] = answer.write_results
        return results

    def batch_get(
        self, names: Iterable[str], read_time: Message, fields: Sequence[str] = ()
    ) -> AsyncIterator[Message]:
        """Read documents; yield an answer for each, in any order, `found` or `missing`.

        With `fields` no other fields of them are sent.
        """
        mask = _Mask(field_paths=fields) if fields else None
        request = _GetRequest(
            database=self.database, documents=names, read_time=read_time, mask=mask
        )
        answers: AsyncIterator[Message]
        answers = self._batch_get(request, **self._options(database=self.database))
        return answers

    def run_query(
        self,
        parent: str,
        collection: str,
        read_time: Message = None,
        order: Sequence[str] = ("__name__",),
        **bounds: Message,
    ) -> AsyncIterator[Message]:
        """Yield the documents of a collection in order of these fields.

        Answers without a document only tell the time.
        """
        query = _Query(**bounds)
        query.from_.add(collection_id=collection)
        for path in order:
            by = query.order_by.add(direction=types.StructuredQuery.Direction.ASCENDING)
            by.field.field_path = path
        request = _Run(parent=parent, structured_query=query, read_time=read_time)
        answers: AsyncIterator[Message]
        answers = self._run_query(request, **self._options(parent=parent))
        return answers

    def run_sum(
        self, parent: str, collection: str, field: str, read_time: Message = None
    ) -> AsyncIterator[Message]:
        """Yield one answer with the sum of a field of a collection, under the name `sum`.

        Firestore adds up entries of the field's index, and reads no document.
        """
        query = _Sum()
        query.structured_query.from_.add(collection_id=collection)
        query.aggregations.add(alias="sum").sum.field.field_path = field
        request = _RunSum(parent=parent, structured_aggregation_query=query, read_time=read_time)
        answers: AsyncIterator[Message]
        answers = self._run_sum(request, **self._options(parent=parent))
        return answers

    async def close(self) -> None:
        """Close the connection."""
        await self._channel.close()

    def _options(self, **routing: str) -> dict[str, Any]:
        """Return the options of a call; Google's front ends route it by a field of its request."""
        header = to_grpc_metadata(routing)  # type: ignore[no-untyped-call]
        return {"timeout": self._seconds, "metadata": (*self._headers, header)}


def _open_channel(emulator: str | None) -> tuple[Any, str | None]:
    """Return a channel, and the project that the credentials belong to."""
    if emulator:
        return grpc.aio.insecure_channel(emulator, options=_CHANNEL), EMULATED_PROJECT
    transport = FirestoreGrpcAsyncIOTransport
    credentials, project = google.auth.default(scopes=transport.AUTH_SCOPES)
    return transport.create_channel(credentials=credentials, options=_CHANNEL), project


def _headers(database: str, emulator: str | None) -> tuple[tuple[str, str], ...]:
    owner = (("authorization", "Bearer owner"),) if emulator else ()
    return (
        ("google-cloud-resource-prefix", database),
        ClientInfo().to_grpc_metadata(),  # type: ignore[no-untyped-call]
        *owner,
    )
