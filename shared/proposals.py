"""What a request asks of the transaction: a decision that may be made many times."""

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from random import getrandbits
from typing import Self

from msgspec import Struct, field

from shared.models import DayKey, Receipt
from shared.scheduling import RECEIPT_LIFETIME, Days, Decision


class Idempotency(Struct, frozen=True):
    """A client's key and the request that it stands for, as hashes."""

    key: str
    fingerprint: str

    @classmethod
    def of(cls, key: str, request: Sequence[str | None]) -> Self:
        """The key, and the parts that make two requests the same."""
        # Whoever adds authentication puts the caller in here, beside the key.
        return cls(_hash([key]), _hash(request))


class Proposal(Struct, frozen=True):
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

    def receipt(self) -> Receipt | None:
        """The receipt that is left when this is granted; None where there is no key."""
        if self.idempotency is None:
            return None
        return Receipt(
            key=self.idempotency.key,
            fingerprint=self.idempotency.fingerprint,
            appointment_id=self.appointment_id,
            expires_at=self.now + RECEIPT_LIFETIME,
            request_id=self.request_id,
        )


def _hash(parts: Sequence[str | None]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
