"""The stored form of idempotency records."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from shared.access.caller import ANYBODY
from shared.model.hold import Hold
from shared.model.idempotency_record import IdempotencyRecord
from shared.store.appointment_documents import Document
from shared.store.port import StoreRefused
from shared.store.record_documents import ERASED, record_from_document, record_to_document
from shared.transactions.idempotency_keys import Idempotency
from tests.builders import at, span

ID = "strange.20261123.a"
RECORD = IdempotencyRecord("key", "print", ID, at("2026-11-24T09:00Z"), "request")
FIELDS = {
    "kind": "idempotency_record",
    "schema": 3,
    "fingerprint": "print",
    "appointment_id": "strange.20261123.a",
    "expires_at": "2026-11-24T09:00:00Z",
    "request_id": "request",
}


HOLD = Hold(
    id="strange.20261123.hold.a",
    doctor_id="strange",
    interval=span("2026-11-23T09:00Z", "2026-11-23T09:30Z"),
    ends_at=at("2026-11-20T12:05Z"),
    holder="ada",
    before=timedelta(minutes=5),
)
OF_HOLD = replace(RECORD, appointment_id="strange.20261123.hold.a", hold=HOLD)
HOLD_FIELDS = {
    "kind": "hold",
    "schema": 3,
    "id": "strange.20261123.hold.a",
    "doctor_id": "strange",
    "start": "2026-11-23T09:00:00Z",
    "end": "2026-11-23T09:30:00Z",
    "ends_at": "2026-11-20T12:05:00Z",
    "holder": "ada",
    "buffer_before": 5,
}
FIELDS_OF_HOLD = {**FIELDS, "appointment_id": "strange.20261123.hold.a", "hold": HOLD_FIELDS}


@pytest.mark.parametrize(
    ("record", "fields"), [(RECORD, FIELDS), (OF_HOLD, FIELDS_OF_HOLD)], ids=["plain", "of-a-hold"]
)
def test_a_record_is_written_without_its_key_and_with_the_whole_hold_if_it_is_of_one(
    record: IdempotencyRecord, fields: Document
) -> None:
    assert record_to_document(record) == fields
    assert record_from_document("key", fields) == record


def test_a_record_of_release_1_0_has_no_tags_and_names_no_request() -> None:
    old = {name: FIELDS[name] for name in ("fingerprint", "appointment_id", "expires_at")}
    assert record_from_document("key", old) == replace(RECORD, request_id="")


def test_the_fingerprint_of_an_erased_record_is_that_of_no_request() -> None:
    idempotency = Idempotency.of("key", ["a"], ANYBODY)
    assert len(ERASED) != len(idempotency.fingerprint)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "receipt"}, 'the idempotency record key is of the kind "receipt"'),
        ({"schema": 4}, "the idempotency record key has schema 4"),
        ({"fingerprint": None}, "the idempotency record key is damaged"),
        ({"expires_at": "noon"}, "the idempotency record key is damaged"),
        ({"hold": "strange.20261123.hold.a"}, "the idempotency record key is damaged"),
        ({"hold": {}}, "the hold of the idempotency record key is damaged"),
        (
            {"hold": {**HOLD_FIELDS, "schema": 4}},
            "the hold of the idempotency record key has schema 4",
        ),
    ],
    ids=["kind", "schema", "fingerprint", "instant", "hold", "empty-hold", "schema-of-hold"],
)
def test_a_record_that_is_not_understood_is_refused_loudly(fields: Document, said: str) -> None:
    with pytest.raises(StoreRefused, match=said):
        record_from_document("key", {**FIELDS, **fields})
