"""What a clinic says of itself, and what a doctor offers of it."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from shared.model.clinic import Clinic
from shared.model.policy import POLICY, Policy
from shared.model.service import Service
from tests.builders import doctor

OURS = Policy(notice=timedelta(hours=1))
THEIRS = Policy(notice=timedelta(hours=2))
CLINIC = Clinic(OURS, {"flu": Service("flu", "Flu shot", policy=THEIRS)})


@pytest.mark.parametrize(("service_id", "policy"), [("flu", THEIRS), ("gone", OURS), (None, OURS)])
def test_a_service_has_its_policy_and_all_else_the_clinics(
    service_id: str | None, policy: Policy
) -> None:
    assert CLINIC.policy_of(service_id) == policy


def test_a_clinic_that_says_nothing_asks_for_no_notice_and_looks_five_years_ahead() -> None:
    assert Clinic().policy_of(None) is POLICY
    assert (POLICY.notice, POLICY.cancel_notice) == (timedelta(0), timedelta(0))
    assert POLICY.horizon == timedelta(days=1826)
    assert POLICY.longest == timedelta(hours=24)
    assert not POLICY.service_required


def test_a_doctor_offers_every_service_unless_some_are_named() -> None:
    assert doctor().offers("flu")
    some = replace(doctor(), services=frozenset({"x-ray"}))
    assert some.offers("x-ray")
    assert not some.offers("flu")


def test_hours_are_remembered_for_all_who_work_them() -> None:
    some = replace(doctor(doctor_id="who"), services=frozenset({"x-ray"}), retired=True)
    assert some.without_name == doctor().without_name
