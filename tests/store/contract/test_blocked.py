"""Blocked callers, as every store keeps them."""

import pytest

from shared.model.patient_key import patient_key
from shared.store.port import Store, StoreUnavailable
from shared.store.usage import StoreUsage, charged_to
from tests.builders import at

ADA, BOB = patient_key("https://issuer", "ada"), patient_key("https://issuer", "bob")
MORNING, NOON = at("2026-11-23T09:00:00.000001+00:00"), at("2026-11-23T12:00Z")


async def test_nobody_is_blocked_at_first(store: Store) -> None:
    assert await store.blocked() == {}


async def test_a_blocked_caller_stays_so_and_the_last_instant_counts(
    store: Store, rival: Store
) -> None:
    await store.block(ADA, NOON)
    await rival.block(BOB, NOON)
    assert await store.blocked() == {ADA: NOON, BOB: NOON}
    await rival.block(ADA, MORNING)
    assert await store.blocked() == await rival.blocked() == {ADA: MORNING, BOB: NOON}


async def test_blocked_callers_are_counted(store: Store) -> None:
    usage = StoreUsage()
    with charged_to([usage]):
        await store.block(ADA, NOON)
        await store.block(BOB, NOON)
        await store.blocked()
    assert (usage.reads, usage.writes) == (2, 2)


async def test_a_closed_store_blocks_nobody(store: Store) -> None:
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.block(ADA, NOON)
    with pytest.raises(StoreUnavailable):
        await store.blocked()
