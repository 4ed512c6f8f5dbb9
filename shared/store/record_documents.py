"""The stored form of idempotency records."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from shared.model.idempotency_record import IdempotencyRecord
from shared.store.appointment_documents import Document, instant_to_text
from shared.store.hold_documents import hold_from_document, hold_to_document
from shared.store.schema import SCHEMA, read_fields

ERASED = "erased"
"""The fingerprint of a record whose request is erased; those of requests are hashes."""


class _Record(msgspec.Struct):
    fingerprint: str
    appointment_id: str
    expires_at: datetime
    request_id: str = ""
    hold: Document | None = None


def record_to_document(record: IdempotencyRecord) -> Document:
    """Write the fields of a record, without its key, and without a hold where there is none."""
    fields = {
        "kind": "idempotency_record",
        "schema": SCHEMA,
        "fingerprint": record.fingerprint,
        "appointment_id": record.appointment_id,
        "expires_at": instant_to_text(record.expires_at),
        "request_id": record.request_id,
    }
    return {**fields, "hold": hold_to_document(record.hold)} if record.hold else fields


def record_from_document(key: str, fields: Mapping[str, Any]) -> IdempotencyRecord:
    """Read what `record_to_document` wrote; StoreRefused if it is damaged or newer."""
    name = f"the idempotency record {key}"
    stored = read_fields(name, "idempotency_record", fields, _Record)
    hold = None if stored.hold is None else hold_from_document(f"the hold of {name}", stored.hold)
    return IdempotencyRecord(
        key=key,
        fingerprint=stored.fingerprint,
        appointment_id=stored.appointment_id,
        expires_at=stored.expires_at,
        request_id=stored.request_id,
        hold=hold,
    )
