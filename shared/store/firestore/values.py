"""Values as Firestore keeps them, in its own protocol buffers."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shared.store.firestore.messages import Message, Timestamp, message
from shared.store.port import StoreRefused

Fields = Mapping[str, Message]

Document, DocumentMask, Value = message("Document"), message("DocumentMask"), message("Value")
Precondition, Write, Cursor = message("Precondition"), message("Write"), message("Cursor")
_MapValue, _ArrayValue = message("MapValue"), message("ArrayValue")


_SIMPLE = {
    str: "string_value",
    bool: "boolean_value",
    int: "integer_value",
    float: "double_value",
}


def to_value(value: object) -> Message:
    """Return a value as Firestore keeps it. TypeError for one of another type."""
    if field := _SIMPLE.get(type(value)):
        return Value(**{field: value})
    match value:
        case None:
            return Value(null_value=0)
        case datetime():
            return Value(timestamp_value=to_timestamp(value))
        case list():
            return Value(array_value=_ArrayValue(values=map(to_value, value)))
        case dict():
            return Value(map_value=_MapValue(fields=to_fields(value)))
    raise TypeError(type(value))


def to_fields(values: Mapping[str, object]) -> dict[str, Message]:
    """Return the fields of a document or map."""
    return {name: to_value(value) for name, value in values.items()}


def from_value(value: Message) -> Any:  # noqa: ANN401 - whatever is kept
    """Return the value that was kept. StoreRefused for a kind that this version never writes."""
    kind = value.WhichOneof("value_type")
    match kind:
        case "null_value":
            return None
        case kind if kind in _SIMPLE.values():
            return getattr(value, kind)
        case "timestamp_value":
            return value.timestamp_value.ToDatetime(UTC)
        case "array_value":
            return [from_value(item) for item in value.array_value.values]
        case "map_value":
            return from_fields(value.map_value.fields)
    raise StoreRefused(f"a value of the kind {kind} is unknown to this version; update it")


def from_fields(fields: Fields) -> dict[str, Any]:
    """Return the values of a document or map."""
    return {name: from_value(value) for name, value in fields.items()}


def to_timestamp(instant: datetime) -> Message:
    """Return an instant as Firestore writes it."""
    timestamp = Timestamp()
    timestamp.FromDatetime(instant)
    return timestamp
