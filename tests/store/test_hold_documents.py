"""The stored form of holds: entries of a day, and a member of an idempotency record."""

import json
from datetime import timedelta

import pytest
from msgspec.structs import replace

from shared.model.hold import Hold
from shared.model.override import OverrideEntry
from shared.store.appointment_documents import (
    Document,
    appointments_from_texts,
    day_from_texts,
    entry_to_text,
)
from shared.store.hold_documents import hold_from_document, hold_to_document
from shared.store.port import StoreRefused
from tests.builders import appointment, at, key, schedule, span

MON = "2026-11-23"
HOLD = Hold(
    id="strange.20261123.hold.a",
    doctor_id="strange",
    interval=span(f"{MON}T09:00Z", f"{MON}T09:30Z"),
    ends_at=at("2026-11-20T12:05Z"),
    holder="ada",
)
OF_SERVICE = replace(HOLD, before=timedelta(minutes=5), after=timedelta(minutes=10))
EARLIER = replace(HOLD, id="z", interval=span(f"{MON}T08:00Z", f"{MON}T10:00Z"))
BOOKED = appointment(f"{MON}T11:00Z", f"{MON}T11:30Z")
AWAY = OverrideEntry("strange.override.1", "time_off", span(f"{MON}T12:00Z", f"{MON}T17:00Z"))

FIELDS: Document = {
    "kind": "hold",
    "schema": 3,
    "id": "strange.20261123.hold.a",
    "start": "2026-11-23T09:00:00Z",
    "end": "2026-11-23T09:30:00Z",
    "ends_at": "2026-11-20T12:05:00Z",
    "holder": "ada",
}
BUFFERS = {"buffer_before": 5, "buffer_after": 10}


@pytest.mark.parametrize(
    ("hold", "fields"),
    [(HOLD, FIELDS), (OF_SERVICE, {**FIELDS, **BUFFERS})],
    ids=["plain", "buffers"],
)
def test_a_hold_is_written_without_the_doctor_of_its_day_and_without_buffers_that_it_lacks(
    hold: Hold, fields: Document
) -> None:
    assert json.loads(entry_to_text(hold)) == fields
    assert day_from_texts(key(MON), [json.dumps(fields)]) == schedule(MON).with_hold(hold)
    document = {**fields, "doctor_id": "strange"}
    assert hold_to_document(hold) == document
    assert hold_from_document("the hold", document) == hold


def test_a_day_is_read_with_its_holds_in_order_of_position_whatever_else_is_there() -> None:
    same_start = replace(OF_SERVICE, id="b")
    entries = (same_start, AWAY, OF_SERVICE, BOOKED, EARLIER)
    texts = [entry_to_text(entry) for entry in entries]
    day = day_from_texts(key(MON), texts)
    assert day.holds == (EARLIER, same_start, OF_SERVICE)
    assert (day.appointments, day.overrides) == ((BOOKED,), (AWAY,))
    assert day_from_texts(key(MON, "who"), texts).holds[0] == replace(EARLIER, doctor_id="who")


def test_fields_of_a_hold_that_a_newer_version_wrote_are_ignored() -> None:
    newer = json.dumps({**FIELDS, "note": "by phone"})
    assert day_from_texts(key(MON), [newer]).holds == (HOLD,)
    # Nor does it matter that a newer version has written another entry.
    booked = json.dumps({**json.loads(entry_to_text(BOOKED)), "room": 7})
    day = day_from_texts(key(MON), [newer, booked])
    assert day.holds == (HOLD,)
    assert [each.unknown_fields for each in day.appointments] == [b'{"room":7}']
    assert hold_from_document("the hold", {**hold_to_document(HOLD), "note": "x"}) == HOLD


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"schema": 4}, "has schema 4"),
        ({"schema": None}, "has schema None"),
        ({"schema": 2}, "is damaged"),
        ({"ends_at": "noon"}, "is damaged"),
        ({"holder": None}, "is damaged"),
        ({"kind": "vault"}, 'is of the kind "vault"'),
        ({"kind": ["hold"]}, "is of the kind"),
    ],
    ids=["schema", "no-schema", "older", "instant", "holder", "kind", "kinds"],
)
def test_a_hold_that_is_not_understood_is_refused_loudly(fields: Document, said: str) -> None:
    with pytest.raises(StoreRefused, match=f"strange, 2026-11-23.* {said}"):
        day_from_texts(key(MON), [json.dumps({**FIELDS, **fields})])
    with pytest.raises(StoreRefused, match=f"the hold of a record {said}"):
        hold_from_document("the hold of a record", {**FIELDS, "doctor_id": "strange", **fields})


def test_a_hold_beside_a_day_names_its_doctor() -> None:
    with pytest.raises(StoreRefused, match=r"the hold is damaged: .*doctor_id"):
        hold_from_document("the hold", FIELDS)


def test_a_hold_among_the_appointments_of_a_patient_is_refused_loudly() -> None:
    with pytest.raises(StoreRefused, match="an entry of it is no appointment"):
        appointments_from_texts("the patient ada", "", [entry_to_text(HOLD)])
