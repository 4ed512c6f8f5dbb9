"""The four calls to Firestore, in bare messages over a bare connection.

The `AsyncClient` of google-cloud-firestore wraps every path, field and message in objects of its
own, which takes three times as long as the call itself (docs/performance.md).
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from platform import python_version
from typing import Any
from urllib.parse import urlencode

import grpc  # type: ignore[import-untyped]

from shared.settings import FirestoreDatabase
from shared.store.firestore.channel import open_channel
from shared.store.firestore.messages import Message, message

_Query, _GetRequest = message("StructuredQuery"), message("BatchGetDocumentsRequest")
_Mask = message("DocumentMask")
_Commit, _Run = message("CommitRequest"), message("RunQueryRequest")
_Sum, _RunSum = message("StructuredAggregationQuery"), message("RunAggregationQueryRequest")

_SERVICE = "/google.firestore.v1.Firestore"


class Calls:
    """A connection to one database. Every call takes at most `seconds` and is not repeated.

    Calls raise grpc.aio.AioRpcError. Opening raises StoreRefused if there are no credentials, and
    ValueError if there is no project.
    """

    def __init__(self, database: FirestoreDatabase, seconds: float) -> None:
        self._seconds = seconds
        self._channel, found = open_channel(database.emulator)
        project = database.project or found
        if not project:
            raise ValueError("the credentials name no project: set GOOGLE_CLOUD_PROJECT")
        self.database = f"projects/{project}/databases/{database.database}"
        self.root = f"{self.database}/documents"
        self._headers = _headers(self.database, database.emulator)
        self._commit = self._channel.unary_unary(
            f"{_SERVICE}/Commit", _Commit.SerializeToString, message("CommitResponse").FromString
        )
        self._batch_get = self._channel.unary_stream(
            f"{_SERVICE}/BatchGetDocuments",
            _GetRequest.SerializeToString,
            message("BatchGetDocumentsResponse").FromString,
        )
        self._run_query = self._channel.unary_stream(
            f"{_SERVICE}/RunQuery", _Run.SerializeToString, message("RunQueryResponse").FromString
        )
        self._run_sum = self._channel.unary_stream(
            f"{_SERVICE}/RunAggregationQuery",
            _RunSum.SerializeToString,
            message("RunAggregationQueryResponse").FromString,
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
            by = query.order_by.add(direction=_Query.ASCENDING)
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
        """Close the connection once what runs has ended."""
        await self._channel.close(self._seconds)

    def _options(self, **routing: str) -> dict[str, Any]:
        """Return the options of a call; Google's front ends route it by a field of its request."""
        header = ("x-goog-request-params", urlencode(routing, safe="/"))
        return {"timeout": self._seconds, "metadata": (*self._headers, header)}


def _headers(database: str, emulator: str | None) -> tuple[tuple[str, str], ...]:
    owner = (("authorization", "Bearer owner"),) if emulator else ()
    return (
        ("google-cloud-resource-prefix", database),
        ("x-goog-api-client", f"gl-python/{python_version()} grpc/{grpc.__version__}"),
        *owner,
    )
