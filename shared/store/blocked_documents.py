"""The stored form of a blocked caller."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from shared.store.appointment_documents import instant_to_text
from shared.store.schema import SCHEMA, read_fields


class _Blocked(msgspec.Struct):
    issued_before: datetime


def blocked_to_document(issued_before: datetime) -> dict[str, Any]:
    """Write the fields of a blocked caller, without the key."""
    issued = instant_to_text(issued_before)
    return {"kind": "blocked_caller", "schema": SCHEMA, "issued_before": issued}


def blocked_from_document(digits: str, fields: Mapping[str, Any]) -> datetime:
    """Return the instant before which tokens count no more; StoreRefused if damaged or newer."""
    name = f"the blocked caller {digits}"
    return read_fields(name, "blocked_caller", fields, _Blocked).issued_before
