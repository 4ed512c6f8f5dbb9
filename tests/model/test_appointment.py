"""What an appointment is, holds and reaches, and what tells one booking request from another."""

from datetime import timedelta

import pytest

from shared.model.appointment import Appointment, AppointmentStatus, Mark, Patient
from tests.builders import ADA, appointment, at, span

ASKED = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", "one")


@pytest.mark.parametrize(
    "other",
    [
        ASKED._replace(id="two"),
        ASKED._replace(created_at=at("2026-02-01T00:00Z"), updated_at=at("2026-02-01T00:00Z")),
        ASKED._replace(told_start=at("2026-11-23T09:00Z").replace(tzinfo=None)),
        ASKED._replace(before=timedelta(minutes=5), after=timedelta(minutes=5)),
    ],
    ids=["id", "when", "told", "buffers"],
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
        ASKED._replace(service_id="ada@example.org"),
        ASKED._replace(patient=ADA._replace(id="service")),
        ASKED._replace(service_id="service"),
        ASKED._replace(service_id="x", patient=ADA._replace(id="service")),
    ],
    ids=[
        *("doctor", "end", "start", "name", "email", "phone", "reason"),
        *("service", "account", "service-of-that-name", "both"),
    ],
)
def test_requests_that_differ_in_anything_asked_for_differ(other: Appointment) -> None:
    assert other.requested() != ASKED.requested()


@pytest.mark.parametrize(
    ("mark", "is_cancelled", "status"),
    [
        (None, False, "booked"),
        ("arrived", False, "arrived"),
        ("no_show", False, "no_show"),
        (None, True, "cancelled"),
        ("arrived", True, "cancelled"),
    ],
)
def test_a_status_is_what_happened_until_it_is_cancelled(
    mark: Mark | None, status: AppointmentStatus, *, is_cancelled: bool
) -> None:
    cancelled_at = at("2026-02-01T00:00Z") if is_cancelled else None
    assert ASKED._replace(mark=mark, cancelled_at=cancelled_at).status == status


@pytest.mark.parametrize(
    ("freed_from", "end"),
    [
        pytest.param(None, "09:30", id="all-of-it"),
        pytest.param("09:10", "09:10", id="what-was-not-freed"),
        pytest.param("09:00", "09:00", id="nothing"),
        pytest.param("09:31", "09:30", id="never-more-than-there-is"),
    ],
)
def test_it_holds_what_was_not_freed(freed_from: str | None, end: str) -> None:
    freed = at(f"2026-11-23T{freed_from}Z") if freed_from else None
    held = ASKED._replace(freed_from=freed).held
    assert held == span("2026-11-23T09:00Z", f"2026-11-23T{end}Z")


def test_it_reaches_as_far_as_its_buffers_also_if_its_time_was_freed() -> None:
    assert ASKED.reach == ASKED.interval
    needing = ASKED._replace(before=timedelta(minutes=20), after=timedelta(minutes=10))
    assert needing.reach == span("2026-11-23T08:40Z", "2026-11-23T09:40Z")
    assert needing._replace(freed_from=ASKED.interval.start).reach == needing.reach
    behind = ASKED._replace(after=timedelta(minutes=10))
    assert behind.reach == span("2026-11-23T09:00Z", "2026-11-23T09:40Z")


def test_every_change_is_its_next_version() -> None:
    now = at("2026-02-01T00:00Z")
    after = ASKED.changed(now, reason="a cough").changed(now)
    assert (after.version, after.updated_at, after.reason) == (3, now, "a cough")
    assert (ASKED.version, after.created_at) == (1, ASKED.created_at)
