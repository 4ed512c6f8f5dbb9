"""The stored form of what is true of a whole clinic, which is that of the clinic file."""

from collections.abc import Mapping
from typing import Any

from shared.store.schema import SCHEMA, check_schema


def clinic_to_document(clinic: Mapping[str, Any]) -> dict[str, Any]:
    """Write the clinic's members."""
    return {"kind": "clinic", "schema": SCHEMA, **clinic}


def clinic_from_document(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the clinic's members; StoreRefused if they are newer than this version."""
    check_schema("the clinic", "clinic", fields)
    return {name: value for name, value in fields.items() if name not in {"kind", "schema"}}
