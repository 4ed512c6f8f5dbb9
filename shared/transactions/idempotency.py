"""Idempotency keys: what they stand for, and how long."""

import hashlib
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Self

from msgspec import Struct

RECORD_LIFETIME = timedelta(hours=48)
"""How long an idempotency key is remembered; the contract promises at least 24 hours."""


class Idempotency(Struct, frozen=True):
    """A client's key and the request that it stands for, as hashes."""

    key: str
    fingerprint: str

    @classmethod
    def of(cls, key: str, request: Sequence[str | None]) -> Self:
        """The key, and the parts that make two requests the same."""
        # Whoever adds authentication puts the caller in here, beside the key.
        return cls(_hash([key]), _hash(request))


def _hash(parts: Sequence[str | None]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
