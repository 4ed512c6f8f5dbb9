"""Secrets of a deployment: all its instances find the one that the first of them created."""

import asyncio
from pathlib import Path

import pytest

from shared.store.port import Store, StoreRefused
from shared.store.usage import StoreUsage, charged_to
from tests.store.contract.raw import raw_of


async def test_the_first_proposal_is_kept_under_each_name(store: Store, rival: Store) -> None:
    assert await store.secret("first", "a") == "a"
    assert await rival.secret("first", "b") == "a"
    assert await store.secret("first", "c") == "a"
    assert await rival.secret("second", "b") == "b"
    assert await store.secret("second", "c") == "b"


async def test_many_instances_that_ask_at_once_all_get_the_same(store: Store, rival: Store) -> None:
    asked = [(store, rival)[n % 2].secret("name", f"proposal {n}") for n in range(20)]
    (secret,) = set(await asyncio.gather(*asked))
    assert secret in {f"proposal {n}" for n in range(20)}
    assert await store.secret("name", "late") == secret


async def test_a_secret_costs_one_read_and_the_first_time_a_write(store: Store) -> None:
    usage = StoreUsage()
    with charged_to([usage]):
        await store.secret("name", "a")
        assert (usage.reads, usage.writes) == (1, 1)
        await store.secret("name", "a")
        assert (usage.reads, usage.writes) == (2, 1)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "day"}, 'the secret name is of the kind "day"'),
        ({"schema": 4}, "the secret name has schema 4"),
        ({"value": ""}, "the secret name is damaged"),
        ({"value": 7}, "the secret name is damaged"),
    ],
)
async def test_a_secret_that_is_not_understood_is_refused_and_never_replaced(
    store: Store, tmp_path: Path, fields: dict[str, object], said: str
) -> None:
    await store.secret("name", "a")
    raw = raw_of(store, tmp_path)
    await raw.put_secret("name", fields)
    for _ in range(2):
        with pytest.raises(StoreRefused, match=said):
            await store.secret("name", "b")
