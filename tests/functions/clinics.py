"""Clinics that offer services, and want this and that of those who book."""

from datetime import timedelta

from msgspec.structs import replace

from shared.model.clinic import Clinic
from shared.model.policy import Policy
from shared.model.service import Service
from tests.builders import span

MINUTES = timedelta(minutes=1)

CHECK_UP = Service("check-up", "Check-up", length=45 * MINUTES)
SURGERY = Service(
    "surgery", "Surgery", length=60 * MINUTES, before=15 * MINUTES, after=30 * MINUTES
)
TALK = Service("talk", "Talk")
CLINIC = Clinic(services={service.id: service for service in (CHECK_UP, SURGERY, TALK)})
"""Offers a check-up of 45 minutes, an hour of surgery with buffers, and talks of any length."""

CLOSED_ON_MONDAY = replace(CLINIC, closed=(span("2050-11-21T05:00Z", "2050-11-22T05:00Z"),))
"""Is closed on that Monday, by New York's clocks."""


def with_policy(policy: Policy, of_talks: Policy | None = None) -> Clinic:
    """The clinic with a policy, and maybe another one for talks."""
    own = {TALK.id: of_talks or policy}
    services = {
        service.id: replace(service, policy=own.get(service.id, policy))
        for service in CLINIC.services.values()
    }
    return replace(CLINIC, policy=policy, services=services)
