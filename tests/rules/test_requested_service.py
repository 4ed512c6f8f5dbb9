"""The service that is asked for, and how long an appointment of it takes."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from shared.model.clinic import Clinic
from shared.model.interval import Interval
from shared.model.policy import Policy
from shared.model.service import Service
from shared.rules.refusals import (
    Refusal,
    RetiredDoctor,
    ServiceRequired,
    UnclearTime,
    UnknownService,
)
from shared.rules.requested_service import RequestedService
from shared.rules.requested_time import RequestedTime
from tests.builders import at, doctor, span

NINE = at("2026-11-23T09:00Z")
FLU = Service("flu", "Flu shot", timedelta(minutes=15))
TALK = Service("talk", "Talk", policy=Policy(longest=timedelta(minutes=60)))
SERVICES = {"flu": FLU, "talk": TALK}
CLINIC = Clinic(Policy(longest=timedelta(minutes=45)), SERVICES)
STRANGE = doctor()


def resolved(
    service_id: str | None, minutes: int | None, clinic: Clinic = CLINIC
) -> tuple[Interval, Service | None] | Refusal:
    length = None if minutes is None else timedelta(minutes=minutes)
    asked = RequestedService(STRANGE, clinic, RequestedTime(NINE, length=length), service_id)
    return asked.resolved(Interval(NINE, NINE + (length or timedelta())))


@pytest.mark.parametrize(
    ("service_id", "minutes", "end", "service"),
    [
        pytest.param(None, 45, "09:45", None, id="no-service"),
        pytest.param("flu", None, "09:15", FLU, id="of-its-length"),
        pytest.param("talk", 60, "10:00", TALK, id="of-any-that-its-policy-allows"),
    ],
)
def test_a_service_that_has_a_length_stands_alone_and_any_other_beside_one(
    service_id: str | None, minutes: int | None, end: str, service: Service | None
) -> None:
    interval = span("2026-11-23T09:00Z", f"2026-11-23T{end}Z")
    assert resolved(service_id, minutes) == (interval, service)


@pytest.mark.parametrize(
    ("service_id", "minutes", "problem"),
    [
        pytest.param("flu", 15, "length_of_service", id="its-own-length"),
        pytest.param("flu", 30, "length_of_service", id="another-length"),
        pytest.param("talk", None, "missing", id="no-length"),
        pytest.param("talk", 61, "too_long", id="too-long-for-the-service"),
        pytest.param(None, None, "missing", id="neither"),
        pytest.param(None, 46, "too_long", id="too-long-for-the-clinic"),
    ],
)
def test_all_else_is_not_a_valid_request(
    service_id: str | None, minutes: int | None, problem: str
) -> None:
    refusal = resolved(service_id, minutes)
    assert isinstance(refusal, UnclearTime)
    assert (refusal.field, refusal.problem) == ("duration_minutes", problem)


def test_a_service_that_the_clinic_or_the_doctor_does_not_offer_is_unknown() -> None:
    assert resolved("gone", 30) == UnknownService()
    others = replace(STRANGE, services=frozenset({"talk"}))
    asked = RequestedService(others, CLINIC, RequestedTime(NINE), "flu")
    assert asked.resolved(Interval(NINE, NINE)) == UnknownService()


def test_a_clinic_may_want_every_appointment_to_be_of_a_service() -> None:
    wanted = Clinic(Policy(service_required=True), SERVICES)
    assert resolved(None, 30, wanted) == ServiceRequired()
    assert not isinstance(resolved("flu", None, wanted), Refusal)


def test_a_retired_doctor_is_named_before_anything_else() -> None:
    retired = replace(STRANGE, retired=True)
    asked = RequestedService(retired, CLINIC, RequestedTime(NINE), "gone")
    assert asked.resolved(Interval(NINE, NINE)) == RetiredDoctor()
