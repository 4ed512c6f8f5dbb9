"""The stored form of events, and what is not one."""

from typing import Any

import pytest

from shared.model.event import Event
from shared.model.outbox import OutboxRecord
from shared.store.outbox_documents import (
    delivery_to_document,
    event_to_document,
    record_from_document,
)
from shared.store.port import StoreRefused
from tests.builders import appointment, at

NOW = at("2026-11-20T08:00Z")
BOOKED = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z")
FIELDS = event_to_document(Event("booked", "a", 1, NOW, BOOKED))


def test_what_a_newer_version_adds_is_no_harm() -> None:
    record = record_from_document("a~00000001~0", {**FIELDS, "new": 1}, NOW)
    assert record == OutboxRecord(Event("booked", "a", 1, NOW, BOOKED), NOW)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"type": "fired"}, "the event e is damaged: "),
        ({"version": "1"}, "the event e is damaged: "),
        ({"appointment": "{"}, "the appointment of the event e is damaged: "),
        ({"kind": "letter"}, 'e is of the kind "letter", unknown here'),
        ({"schema": 4}, "e has schema 4, above 3"),
        ({"deliveries": {"mail": {"state": "lost"}}}, "the event e is damaged: "),
    ],
    ids=["type", "version", "appointment", "kind", "schema", "delivery"],
)
def test_what_is_damaged_or_newer_is_refused(changes: dict[str, Any], problem: str) -> None:
    delivery = delivery_to_document(OutboxRecord(Event("booked", "a", 1, NOW), NOW))
    with pytest.raises(StoreRefused) as refused:
        record_from_document("e", {**FIELDS, **delivery, **changes}, NOW)
    assert problem in str(refused.value)
