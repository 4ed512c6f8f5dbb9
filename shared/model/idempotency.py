"""The record of an idempotency key."""

from datetime import datetime

from msgspec import Struct


class IdempotencyRecord(Struct, frozen=True):
    """Which request an idempotency key was used for, and the appointment it booked or changed.

    `key` and `fingerprint` are hashes. From the instant `expires_at` on, the key is free again.
    `request_id` identifies the one request that wrote the record; another with the same key
    differs in it.
    """

    key: str
    fingerprint: str
    appointment_id: str
    expires_at: datetime
    request_id: str = ""
