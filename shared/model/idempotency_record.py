"""The record of an idempotency key."""

from datetime import datetime

from msgspec import Struct

from shared.model.hold import Hold


class IdempotencyRecord(Struct, frozen=True):
    """Which request an idempotency key was used for, and what it made or changed.

    `key` and `fingerprint` are hashes. From the instant `expires_at` on, the key is free again.
    `request_id` identifies the one request that wrote the record; another with the same key
    differs in it. `appointment_id` is the id of an appointment, an override, a series or a hold; a
    hold is kept here whole, because nothing else remembers one that has ended.
    """

    key: str
    fingerprint: str
    appointment_id: str
    expires_at: datetime
    request_id: str = ""
    hold: Hold | None = None
