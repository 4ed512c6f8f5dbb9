"""What tells one booking request from another."""

import pytest

from shared.model.appointment import Appointment, Patient
from tests.builders import ADA, appointment, at, span

ASKED = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "one")


@pytest.mark.parametrize(
    "other",
    [
        ASKED._replace(id="two"),
        ASKED._replace(created_at=at("2026-02-01T00:00Z"), updated_at=at("2026-02-01T00:00Z")),
        ASKED._replace(told_start=at("2026-11-23T09:00Z").replace(tzinfo=None)),
    ],
    ids=["id", "when", "told"],
)
def test_requests_for_the_same_are_the_same_whenever_they_arrive(other: Appointment) -> None:
    assert other.requested() == ASKED.requested()


@pytest.mark.parametrize(
    "other",
    [
        ASKED._replace(doctor_id="who"),
        ASKED._replace(interval=span("2026-11-23T09:00Z", "2026-11-23T09:31Z")),
        ASKED._replace(interval=span("2026-11-23T08:59Z", "2026-11-23T09:30Z")),
        ASKED._replace(patient=Patient("Ada")),
        ASKED._replace(patient=ADA._replace(email="ada@example.org")),
        ASKED._replace(patient=ADA._replace(phone="ada@example.org")),
        ASKED._replace(reason="ada@example.org"),
    ],
    ids=["doctor", "end", "start", "name", "email", "phone", "reason"],
)
def test_requests_that_differ_in_anything_asked_for_differ(other: Appointment) -> None:
    assert other.requested() != ASKED.requested()
