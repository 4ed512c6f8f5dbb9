from datetime import timedelta

import pytest
from msgspec.structs import replace

from shared.model.appointment import Patient
from shared.model.event import EventType
from shared.notifications.mail.wanted import is_wanted
from tests.builders import at
from tests.notifications.mail.messages import APPOINTMENT, message

ALL: list[EventType] = ["booked", "moved", "updated", "cancelled", "reminder", "affected"]


@pytest.mark.parametrize("event_type", ALL)
def test_patients_are_told_what_they_need_to_know(event_type: EventType) -> None:
    assert is_wanted(message(event_type))


@pytest.mark.parametrize("event_type", ["arrived", "fulfilled", "no_show"])
def test_patients_are_not_told_what_happened_at_the_clinic(event_type: EventType) -> None:
    assert not is_wanted(message(event_type))


@pytest.mark.parametrize("event_type", ALL)
@pytest.mark.parametrize("patient", [Patient("Ada"), Patient("erased")])
def test_who_has_no_address_gets_no_mail(event_type: EventType, patient: Patient) -> None:
    assert not is_wanted(message(event_type, APPOINTMENT._replace(patient=patient)))


@pytest.mark.parametrize(
    ("event_type", "from_then_on"),
    [
        ("booked", "2026-11-23T14:30Z"),
        ("moved", "2026-11-23T14:30Z"),
        ("updated", "2026-11-23T14:30Z"),
        ("cancelled", "2026-11-23T14:30Z"),
        ("reminder", "2026-11-23T14:00Z"),
        ("affected", "2026-11-23T14:00Z"),
    ],
)
def test_a_mail_that_would_come_too_late_is_not_sent(
    event_type: EventType, from_then_on: str
) -> None:
    told, instant = message(event_type), at(from_then_on)
    assert is_wanted(replace(told, now=instant - timedelta(seconds=1)))
    assert not is_wanted(replace(told, now=instant))
