"""The record of an idempotency key."""

from datetime import datetime

from msgspec import Struct


class IdempotencyRecord(Struct, frozen=True):
    """The record of an idempotency key: which request it was used for, and what came of it.

    `key` and `fingerprint` are hashes; from the instant `expires_at` on the key is free again.
    `request_id` names the very request that left it, which another with its key is not.
    """

    key: str
    fingerprint: str
    appointment_id: str
    expires_at: datetime
    request_id: str = ""
