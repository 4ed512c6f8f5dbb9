"""A command: one request to change doctor-days."""

from collections.abc import Callable
from datetime import datetime
from random import getrandbits

from msgspec import Struct, field

from shared.model.day import DayKey
from shared.model.idempotency import IdempotencyRecord
from shared.rules.outcomes import Days, Decision
from shared.transactions.idempotency import RECORD_LIFETIME, Idempotency


class Command(Struct, frozen=True):
    """One request to change doctor-days.

    `decide` is pure. Given the `days`, it returns those that change, as they would be, and the
    outcome, or which days it needs instead. `now` is when the request came, `appointment_id`
    what it books or changes, `request_id` its name in the receipt that it leaves.
    """

    days: frozenset[DayKey]
    decide: Callable[[Days], Decision]
    now: datetime
    appointment_id: str
    idempotency: Idempotency | None = None
    # To differ is enough, so it need not cost what a secret costs.
    request_id: str = field(default_factory=lambda: f"{getrandbits(64):016x}")

    def record(self) -> IdempotencyRecord | None:
        """The receipt that is left when this is granted; None where there is no key."""
        if self.idempotency is None:
            return None
        return IdempotencyRecord(
            key=self.idempotency.key,
            fingerprint=self.idempotency.fingerprint,
            appointment_id=self.appointment_id,
            expires_at=self.now + RECORD_LIFETIME,
            request_id=self.request_id,
        )
