"""The schema version and the kind that every stored document and entry carries.

Version 1 is that of release 1.0, which wrote neither; both 1 and 2 filed appointments by local
date. Within a version fields may be added, which instances that do not know them keep; whatever an
older instance would misread gets a new version, or a kind of its own.
"""

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

import msgspec

from shared.store.port import StoreRefused

T = TypeVar("T")

SCHEMA: Literal[3] = 3


def decoded(text: str) -> Any:  # noqa: ANN401 - what the text says
    """Return what a JSON text holds; None, which is no document, if it is damaged."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def read_fields(name: str, kind: str, document: Mapping[str, object], into: type[T]) -> T:
    """Return the fields of a document; StoreRefused if it is damaged, newer or of another kind."""
    check_schema(name, kind, document)
    try:
        return msgspec.convert(document, into)
    except msgspec.ValidationError as error:
        raise StoreRefused(f"{name} is damaged: {error}") from None


def check_schema(name: str, kind: str, document: Mapping[str, object]) -> None:
    """Raise StoreRefused for a document of another kind or of a newer schema, and for none."""
    if not isinstance(document, Mapping):
        raise StoreRefused(f"{name} is damaged: it is no JSON object")
    found, schema = document.get("kind", kind), document.get("schema", 1)
    if found != kind:
        message = f'{name} is of the kind "{found}", unknown here; deploy a newer release'
        raise StoreRefused(message)
    if not isinstance(schema, int) or schema > SCHEMA:
        message = f"{name} has schema {schema}, above {SCHEMA}; deploy a newer release"
        raise StoreRefused(message)
