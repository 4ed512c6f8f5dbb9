"""The stored form of a deployment's secrets, such as the key of its page tokens."""

from collections.abc import Mapping
from typing import Any

from shared.store.port import StoreRefused
from shared.store.schema import SCHEMA, check_schema


def secret_to_document(value: str) -> dict[str, Any]:
    """Write the fields of a secret, without its name."""
    return {"kind": "secret", "schema": SCHEMA, "value": value}


def secret_from_document(name: str, fields: Mapping[str, Any]) -> str:
    """Read what `secret_to_document` wrote; StoreRefused if it is damaged or newer."""
    check_schema(f"the secret {name}", "secret", fields)
    match fields.get("value"):
        case str(value) if value:
            return value
    raise StoreRefused(f"the secret {name} is damaged: it has no value")
