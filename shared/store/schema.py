"""The schema version and the kind that every stored document and entry carries.

Version 1 is that of release 1.0, which wrote neither; both 1 and 2 filed appointments by local
date. Within a version fields may be added, which
instances that do not know them keep; whatever an older instance would misread gets a new version,
or a kind of its own.
"""

from collections.abc import Mapping
from typing import Literal

from shared.store.port import StoreRefused

SCHEMA: Literal[3] = 3


def check_schema(name: str, kind: str, document: Mapping[str, object]) -> None:
    """Raise StoreRefused for a document of another kind or of a newer schema."""
    found, schema = document.get("kind", kind), document.get("schema", 1)
    if found != kind:
        message = f'{name} is of the kind "{found}", which this version does not know; update it'
        raise StoreRefused(message)
    if not isinstance(schema, int) or schema > SCHEMA:
        message = f"{name} has schema {schema}, this version knows up to {SCHEMA}; update it"
        raise StoreRefused(message)
