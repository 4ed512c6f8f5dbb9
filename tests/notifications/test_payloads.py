"""Events as JSON."""

import json

import pytest

from shared.http.schemas.appointment import AppointmentResponse
from shared.model.event import Event, EventType
from shared.notifications.payloads import payload, public_id, public_type
from shared.runtime.sinks import rendered
from tests.builders import NEW_YORK, at, doctor, span
from tests.notifications.messages import SOON, message


def test_an_event_holds_the_appointment_as_the_functions_answer_it() -> None:
    document = json.loads(payload(message(), rendered))
    assert list(document) == ["type", "timestamp", "data"]
    assert document["type"] == "appointment.booked"
    assert document["timestamp"] == "2026-11-01T07:30:00-05:00"
    answered = AppointmentResponse.of_appointment(SOON, doctor(zone=NEW_YORK))
    assert document["data"] == json.loads(answered.model_dump_json())
    assert document["data"]["start"] == "2026-11-23T09:00:00-05:00"
    assert document["data"]["version"] == 1
    assert "reason" not in document["data"]


def test_where_it_was_before_is_on_the_clock_of_the_doctor_then() -> None:
    moved = message("moved", moved_from=span("2026-11-20T14:00Z", "2026-11-20T15:00Z"))
    assert json.loads(payload(moved, rendered))["previous"] == {
        "start": "2026-11-20T14:00:00Z",
        "end": "2026-11-20T15:00:00Z",
        "doctor_id": "who",
    }


def test_it_is_the_same_at_every_try_and_one_line() -> None:
    earlier, later = message(), message(now=at("2027-01-01T00:00Z"))
    assert payload(earlier, rendered) == payload(later, rendered)
    assert b"\n" not in payload(earlier, rendered)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("booked", "appointment.booked"),
        ("no_show", "appointment.no_show"),
        ("reminder", "appointment.reminder"),
    ],
)
def test_types_have_the_names_of_the_contract(kind: EventType, name: str) -> None:
    assert public_type(message(kind).event) == name


def test_the_id_is_that_of_the_event_and_holds_no_dot() -> None:
    event = Event("booked", "strange.20261123.aa", 1, at("2026-11-01T12:30Z"))
    assert public_id(event) == "evt_79aa1a3f94bdbf00b177b15fa532b8e3"
    others = [
        Event("booked", "strange.20261123.aa", 2, event.at),
        Event("reminder", "strange.20261123.aa", 1, event.at, detail="000120"),
        Event("booked", "strange.20261123.ab", 1, event.at),
    ]
    assert len({public_id(each) for each in (event, *others)}) == 4
    later = Event("booked", "strange.20261123.aa", 1, at("2026-11-01T12:31Z"))
    assert public_id(later) == public_id(event)
