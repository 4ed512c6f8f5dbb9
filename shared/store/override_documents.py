"""The stored form of overrides, which is whole here and only in part in the days they touch."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from shared.model.interval import Interval
from shared.model.override import Override, OverrideKey, OverrideKind
from shared.store.appointment_documents import instant_to_text
from shared.store.schema import SCHEMA, read_fields


class _Override(msgspec.Struct):
    type: OverrideKind
    start: datetime
    end: datetime
    created_at: datetime
    note: str | None = None
    deleted_at: datetime | None = None


def override_to_document(override: Override) -> dict[str, Any]:
    """Write every field that this version knows, without doctor and id; None: there is none."""
    (start, end), deleted_at = override.interval, override.deleted_at
    return {
        "kind": "override",
        "schema": SCHEMA,
        "type": override.kind,
        "start": instant_to_text(start),
        "end": instant_to_text(end),
        "created_at": instant_to_text(override.created_at),
        "note": override.note,
        "deleted_at": None if deleted_at is None else instant_to_text(deleted_at),
    }


def override_from_document(key: OverrideKey, fields: Mapping[str, Any]) -> Override:
    """Read what `override_to_document` wrote; StoreRefused if it is damaged or newer.

    Fields that this version does not know are ignored here, and kept in the store.
    """
    name = f"the override {key.override_id}"
    stored = read_fields(name, "override", fields, _Override)
    return Override(
        id=key.override_id,
        doctor_id=key.doctor_id,
        kind=stored.type,
        interval=Interval(stored.start, stored.end),
        created_at=stored.created_at,
        note=stored.note,
        deleted_at=stored.deleted_at,
    )
