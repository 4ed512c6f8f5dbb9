"""Forgetting overrides of long ago: what is kept of each, with its note, whether deleted or not.

Their days keep when the doctor was away or worked: nothing about that time can be decided any more.
"""

from collections.abc import Sequence
from datetime import datetime
from random import Random

from shared.model.override import OverrideKey
from shared.queries.overrides import ended_overrides
from shared.store.port import Keys, OverrideWrite, Store, VersionConflict, Writes
from shared.transactions.idempotency_keys import RECORD_LIFETIME
from shared.transactions.retries import Retries

MOST_AT_ONCE = 200


async def forget_overrides(store: Store, doctor_id: str, limit: datetime, now: datetime) -> int:
    """Forget a doctor's overrides that ended at or before a limit, and return how many.

    Raises StoreError. Safe to repeat, also after an attempt that was cut off.
    """
    keys = await _old(store, doctor_id, limit, now - RECORD_LIFETIME)
    for start in range(0, len(keys), MOST_AT_ONCE):
        await _forget(store, keys[start : start + MOST_AT_ONCE])
    return len(keys)


async def _old(
    store: Store, doctor_id: str, limit: datetime, made_by: datetime
) -> list[OverrideKey]:
    """Return those that can be forgotten.

    One that was made later, of the past, may still be asked for with its idempotency key.
    """
    async with store.snapshot() as snapshot:
        ended = ended_overrides(snapshot, doctor_id, limit)
        return [override.key async for override in ended if override.created_at <= made_by]


async def _forget(store: Store, keys: Sequence[OverrideKey]) -> None:
    retries = Retries(Random())  # noqa: S311 - jitter is no secret
    while True:
        async with store.snapshot() as snapshot:
            there = (await snapshot.load(Keys(overrides=keys))).overrides.values()
        writes = [OverrideWrite(o.value, o.version, forgotten=True) for o in there if o.value]
        try:
            await store.commit(Writes(overrides=writes))
        except VersionConflict:
            await retries.pause()
        else:
            return
