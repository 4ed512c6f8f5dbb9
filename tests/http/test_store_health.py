"""Whether the store answers: asked once a second, however many want to know."""

import asyncio

import pytest

from shared.http.store_health import StoreHealth
from shared.store.port import StoreRefused, StoreUnavailable
from tests.http.clocks import Seconds
from tests.scripted_store import ScriptedStore, fails_before, fails_for_good, hangs


async def test_many_who_ask_at_once_and_within_a_second_cost_one_read() -> None:
    store, seconds = ScriptedStore(), Seconds()
    health = StoreHealth(store, 10, seconds)
    await asyncio.gather(*(health.check() for _ in range(100)))
    seconds.now += 0.9
    await health.check()
    assert store.loads == 1
    seconds.now += 0.1
    await health.check()
    assert store.loads == 2


async def test_a_failure_is_remembered_for_a_second_too_and_not_longer() -> None:
    store, seconds = ScriptedStore(), Seconds()
    health = StoreHealth(store, 10, seconds)
    store.on_load += [fails_before, fails_for_good]
    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="it did not happen"):
            await health.check()
    seconds.now += 1
    with pytest.raises(StoreRefused, match="no permission"):
        await health.check()
    assert store.loads == 2
    seconds.now += 1
    await health.check()


async def test_a_store_that_never_answers_is_given_up() -> None:
    store = ScriptedStore()
    store.on_load.append(hangs)
    with pytest.raises(StoreUnavailable, match=r"no answer within 0\.01 s"):
        await StoreHealth(store, 0.01, Seconds()).check()


async def test_one_who_gives_up_waiting_does_not_end_it_for_others() -> None:
    store = ScriptedStore()
    health = StoreHealth(store, 10, Seconds())
    first = asyncio.create_task(health.check())
    second = asyncio.create_task(health.check())
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert store.loads == 1
