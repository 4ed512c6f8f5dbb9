"""The stored form of the secret link to a doctor's calendar."""

from collections.abc import Mapping
from typing import Any

from shared.store.port import StoreRefused
from shared.store.schema import SCHEMA, check_schema


def link_to_document(secret: str) -> dict[str, Any]:
    """Write the fields of a link, without its doctor."""
    return {"kind": "calendar_link", "schema": SCHEMA, "secret": secret}


def link_from_document(doctor_id: str, fields: Mapping[str, Any]) -> str:
    """Return the secret of a link; StoreRefused if it is damaged or newer."""
    name = f"the calendar link of {doctor_id}"
    check_schema(name, "calendar_link", fields)
    match fields.get("secret"):
        case str(secret) if secret:
            return secret
    raise StoreRefused(f"{name} is damaged: it has no secret")
