"""Idempotency keys: what they identify, and how long they are remembered."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import getrandbits
from typing import Self

from msgspec import Struct

from shared.access.caller import Caller
from shared.model.idempotency_record import IdempotencyRecord
from shared.store.port import State, StoreRefused

RECORD_LIFETIME = timedelta(hours=48)
"""How long a key is remembered; the contract promises at least 24 hours."""


class Idempotency(Struct, frozen=True):
    """A client's key and the request that it identifies, as hashes."""

    key: str
    fingerprint: str

    @classmethod
    def of(cls, key: str, request: Sequence[str | None], caller: Caller) -> Self:
        """Hash a caller's key and the parts that make two requests the same.

        The same key of two callers is two keys; all who are not asked for a token are one caller.
        """
        return cls(_hash([*caller.name, key]), _hash(request))

    def record(self, appointment_id: str, now: datetime, request_id: str) -> IdempotencyRecord:
        """Return the record to leave when the request is granted."""
        expires_at = now + RECORD_LIFETIME
        return IdempotencyRecord(self.key, self.fingerprint, appointment_id, expires_at, request_id)

    def live_record(self, state: State, now: datetime) -> IdempotencyRecord | None:
        """Return the loaded record of the key unless it has expired."""
        stored = state.records.get(self.key)
        return stored.value if stored and stored.value.expires_at > now else None


def new_request_id() -> str:
    """Return what identifies a request in the record that it leaves.

    It only has to differ from all others, so it need not cost what a secret costs.
    """
    return f"{getrandbits(64):016x}"


def gone(name: str) -> StoreRefused:
    """Return the error that says that what was granted before is not there any more."""
    return StoreRefused(f"{name} was acknowledged but is gone: was the data changed by hand?")


def _hash(parts: Sequence[str | None]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
