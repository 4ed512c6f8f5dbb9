"""Our copy of Firestore's messages beside the library, which remains the authority."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.cloud.firestore_v1 import types
from google.cloud.firestore_v1.field_path import FieldPath
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcAsyncIOTransport
from hypothesis import given
from hypothesis import strategies as st

from shared.store.firestore import channel, grpc_credentials
from shared.store.firestore.field_paths import field_path
from shared.store.firestore.messages import message
from tests.examples import examples
from vendoring.firestore_descriptors import module

COPY = Path(__file__).parents[2] / "shared/store/firestore/descriptors.py"

Named = Callable[[str], Any]


def library_message(name: str) -> Any:  # noqa: ANN401 - these have no types
    """The class of that name which the library uses."""
    outer, *inner = name.split(".")
    found = getattr(types, outer)
    for each in inner:
        found = getattr(found, each)
    return found.pb()


def test_the_copy_is_that_of_the_installed_library() -> None:
    assert COPY.read_text("utf-8") == module(), "it is out of date: run `make messages`"


def commit(named: Named) -> Any:  # noqa: ANN401 - see above
    value, array, fields = named("Value"), named("ArrayValue"), named("MapValue")
    condition, transform = named("Precondition"), named("DocumentTransform.FieldTransform")
    read = condition()
    read.update_time.FromDatetime(datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC))
    kept = {
        "text": value(string_value="Zoë"),
        "list": value(array_value=array(values=[value(boolean_value=True), value(null_value=0)])),
        "map": value(map_value=fields(fields={"a": value(integer_value=-7)})),
        "number": value(double_value=0.5),
        "at": value(timestamp_value=read.update_time),
    }
    document = named("Document")(name="projects/p/databases/d/documents/a/b", fields=kept)
    write, mask = named("Write"), named("DocumentMask")(field_paths=["text", "a.`b-c`"])
    added = transform(field_path="count", increment=value(integer_value=1))
    highest = transform(field_path="schema", maximum=value(integer_value=3))
    return named("CommitRequest")(
        database="projects/p/databases/d",
        writes=[
            write(update=document, update_mask=mask, update_transforms=[added, highest]),
            write(delete="a", current_document=condition(exists=False)),
            write(delete="b", current_document=read),
        ],
    )


def batch_get(named: Named) -> Any:  # noqa: ANN401 - see above
    request = named("BatchGetDocumentsRequest")(
        database="d", documents=["a", "b"], mask=named("DocumentMask")(field_paths=["schema"])
    )
    request.read_time.FromNanoseconds(1_795_176_000_123_456_000)
    return request


def query(named: Named) -> Any:  # noqa: ANN401 - see above
    asked, field = named("StructuredQuery")(), named("StructuredQuery.FieldReference")
    compared, value = named("StructuredQuery.FieldFilter"), named("Value")
    asked.from_.add(collection_id="doctors")
    asked.select.fields.add(field_path="__name__")
    asked.order_by.add(direction=asked.ASCENDING).field.field_path = "due_at"
    asked.where.field_filter.CopyFrom(
        compared(field=field(field_path="id"), op=compared.IN, value=value(string_value="x"))
    )
    asked.start_at.CopyFrom(named("Cursor")(values=[value(reference_value="r")], before=True))
    asked.limit.value = 20
    return named("RunQueryRequest")(parent="p", structured_query=asked)


def total(named: Named) -> Any:  # noqa: ANN401 - see above
    asked = named("StructuredAggregationQuery")()
    asked.structured_query.from_.add(collection_id="schedule")
    asked.aggregations.add(alias="sum").sum.field.field_path = "revision"
    return named("RunAggregationQueryRequest")(parent="p", structured_aggregation_query=asked)


@pytest.mark.parametrize("request_of", [commit, batch_get, query, total])
def test_a_request_is_the_same_bytes_as_one_of_the_library(request_of: Callable[..., Any]) -> None:
    ours, theirs = request_of(message), request_of(library_message)
    assert type(ours) is not type(theirs)
    written = ours.SerializeToString(deterministic=True)
    assert written == theirs.SerializeToString(deterministic=True)
    assert type(ours).FromString(written) == ours


def test_the_channel_goes_where_that_of_the_library_goes() -> None:
    library = FirestoreGrpcAsyncIOTransport
    assert (channel.HOST, grpc_credentials.SCOPES) == (library.DEFAULT_HOST, library.AUTH_SCOPES)


@examples(100)
@given(st.lists(st.text(min_size=1), min_size=1, max_size=3))
def test_a_path_is_quoted_as_the_library_quotes_it(names: list[str]) -> None:
    assert field_path(*names) == FieldPath(*names).to_api_repr()


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("_a1", "_a1"),
        ("1a", "`1a`"),
        ("strange.20261123.first", "`strange.20261123.first`"),
        ("a`b\\c", "`a\\`b\\\\c`"),
        ("line\n", "`line\n`"),
    ],
)
def test_a_name_that_is_not_simple_is_quoted(name: str, quoted: str) -> None:
    assert field_path("appointments", name) == f"appointments.{quoted}"
