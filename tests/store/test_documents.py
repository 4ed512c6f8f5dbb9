"""The stored form of a day, which is one JSON text for each entry, and of a receipt."""

import json

import pytest
from msgspec.structs import replace

from shared.model.idempotency import IdempotencyRecord
from shared.store.documents import (
    day_from_texts,
    entry_to_text,
    record_from_document,
    record_to_document,
)
from tests.builders import appointment, at, key, schedule

MON = "2026-11-23"
ID = "strange.20261123.a"
MADE = appointment(f"{MON}T09:00Z", f"{MON}T09:30Z", ID)


def test_a_forwarding_entry_tells_the_day_that_the_appointment_was_moved_to() -> None:
    text = entry_to_text(ID, key("2026-11-24", "who"))
    assert json.loads(text) == {
        "id": "strange.20261123.a",
        "kind": "forwarding",
        "schema": 2,
        "moved_to": {"doctor_id": "who", "day": "2026-11-24"},
    }


def test_an_appointment_is_told_without_what_its_day_tells_and_without_what_it_lacks() -> None:
    assert json.loads(entry_to_text(ID, MADE)) == {
        "id": "strange.20261123.a",
        "kind": "appointment",
        "schema": 2,
        "start": "2026-11-23T09:00:00Z",
        "end": "2026-11-23T09:30:00Z",
        "patient": {"name": "Ada Lovelace"},
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("cancelled_at", "reason"),
    [(None, None), ("2026-11-20T12:00:00.5Z", None), ("2026-11-20T12:00Z", "ill")],
    ids=["booked", "cancelled", "cancelled-for-a-reason"],
)
def test_an_appointment_is_read_as_it_was_written(
    cancelled_at: str | None, reason: str | None
) -> None:
    cancelled = cancelled_at and at(cancelled_at)
    made = MADE._replace(cancelled_at=cancelled or None, cancellation_reason=reason)
    assert day_from_texts(key(MON), [entry_to_text(ID, made)]) == schedule(MON, made)


def test_a_day_is_read_with_all_that_it_knows_in_whatever_order_it_was_kept() -> None:
    early = appointment(f"{MON}T08:00Z", f"{MON}T08:30Z", "z")
    texts = [
        entry_to_text("gone", key("2026-11-24", "who")),
        entry_to_text(ID, MADE),
        entry_to_text("z", early),
        entry_to_text("left", key("2026-11-25")),
    ]
    day = day_from_texts(key(MON), texts)
    assert day == schedule(
        MON, early, MADE, forwarded={"gone": key("2026-11-24", "who"), "left": key("2026-11-25")}
    )
    assert [a.id for a in day.appointments] == ["z", ID]


def test_a_day_whose_texts_were_joined_is_read_as_well() -> None:
    texts = [entry_to_text(ID, MADE), entry_to_text("gone", key("2026-11-24"))]
    expected = schedule(MON, MADE, forwarded={"gone": key("2026-11-24")})
    assert day_from_texts(key(MON), [",".join(texts)]) == expected


@pytest.mark.parametrize("texts", [[], [""]], ids=["no-text", "an-empty-text"])
def test_a_day_without_entries_is_an_empty_day(texts: list[str]) -> None:
    assert day_from_texts(key(MON), texts) == schedule(MON)


RECORD = IdempotencyRecord("key", "print", ID, at("2026-11-24T09:00Z"), "request")


def test_a_record_is_told_without_its_key() -> None:
    document = record_to_document(RECORD)
    assert document == {
        "kind": "idempotency_record",
        "schema": 2,
        "fingerprint": "print",
        "appointment_id": "strange.20261123.a",
        "expires_at": "2026-11-24T09:00:00Z",
        "request_id": "request",
    }
    assert record_from_document("key", document) == RECORD


def test_a_record_of_an_earlier_release_names_no_request() -> None:
    document = record_to_document(RECORD)
    del document["request_id"]
    assert record_from_document("key", document) == replace(RECORD, request_id="")
