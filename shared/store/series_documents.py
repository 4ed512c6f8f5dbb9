"""The stored form of series, which are written once and only changed by an erasure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from shared.model.series import Series, Skipped
from shared.store.appointment_documents import Document, instant_to_text
from shared.store.schema import SCHEMA, read_fields


class _Skipped(msgspec.Struct):
    local: datetime
    start: datetime | None
    code: str


class _Series(msgspec.Struct):
    doctor_id: str
    rule: str
    holder: str
    created_at: datetime
    appointment_ids: tuple[str, ...]
    skipped: tuple[_Skipped, ...]


def series_to_document(series: Series) -> Document:
    """Write the fields of a series, without its id. Local times have no offset."""
    return {
        "kind": "series",
        "schema": SCHEMA,
        "doctor_id": series.doctor_id,
        "rule": series.rule,
        "holder": series.holder,
        "created_at": instant_to_text(series.created_at),
        "appointment_ids": list(series.appointment_ids),
        "skipped": [_skipped_to_document(each) for each in series.skipped],
    }


def _skipped_to_document(skipped: Skipped) -> Document:
    return {
        "local": skipped.local.isoformat(),
        "start": None if skipped.start is None else instant_to_text(skipped.start),
        "code": skipped.code,
    }


def series_from_document(series_id: str, fields: Mapping[str, Any]) -> Series:
    """Read what `series_to_document` wrote; StoreRefused if it is damaged or newer.

    Fields that this version does not know are ignored here, and kept in the store.
    """
    name = f"the series {series_id}"
    stored = read_fields(name, "series", fields, _Series)
    return Series(
        id=series_id,
        doctor_id=stored.doctor_id,
        rule=stored.rule,
        holder=stored.holder,
        created_at=stored.created_at,
        appointment_ids=stored.appointment_ids,
        skipped=tuple(Skipped(each.local, each.start, each.code) for each in stored.skipped),
    )
