"""A command: one request to change doctor-days, as the transaction sees it."""

from collections.abc import Callable
from datetime import datetime
from random import getrandbits

from msgspec import Struct, field

from shared.model.day import DayKey
from shared.model.idempotency import IdempotencyRecord
from shared.rules.outcomes import Days, Decision
from shared.store.port import State
from shared.transactions.idempotency import Idempotency


class Command(Struct, frozen=True):
    """One request to change doctor-days.

    `decide` is pure, because it may run many times: given the `days`, it returns those that
    change, as they would be, and the outcome, which may be that it needs other days. `now` is
    when the request arrived, `appointment_id` what it books or changes, and `request_id`
    identifies it in the idempotency record that it leaves.
    """

    days: frozenset[DayKey]
    decide: Callable[[Days], Decision]
    now: datetime
    appointment_id: str
    idempotency: Idempotency | None = None
    # It only has to differ, so it need not cost what a secret costs.
    request_id: str = field(default_factory=lambda: f"{getrandbits(64):016x}")

    def record(self) -> IdempotencyRecord | None:
        """Return the record to leave when this is granted; None without a key."""
        if self.idempotency is None:
            return None
        return self.idempotency.record(self.appointment_id, self.now, self.request_id)

    def live_record(self, state: State) -> IdempotencyRecord | None:
        """Return the loaded, unexpired record of the key; None without a key too."""
        if self.idempotency is None:
            return None
        return self.idempotency.live_record(state, self.now)
