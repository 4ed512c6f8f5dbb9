"""What is true of a whole clinic."""

from collections.abc import Mapping

from msgspec import Struct, field

from shared.model.interval import Interval
from shared.model.policy import POLICY, Policy
from shared.model.service import Service


class Clinic(Struct, frozen=True):
    """A clinic's policy, its services by id, and when it is closed, as instants, in order."""

    policy: Policy = POLICY
    services: Mapping[str, Service] = field(default_factory=dict)
    closed: tuple[Interval, ...] = ()

    def policy_of(self, service_id: str | None) -> Policy:
        """Return the policy for a service, that of the clinic without one.

        For a service that is no longer offered, that is the clinic's, too.
        """
        service = self.services.get(service_id or "")
        return service.policy if service else self.policy
