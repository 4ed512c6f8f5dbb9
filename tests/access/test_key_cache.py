"""The key cache: never waited for while fresh, fetched once for all, closed in the end."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from shared.access.errors import KeysUnavailable
from shared.access.key_cache import FetchedKeys, KeyCache
from shared.access.key_sets import Key
from tests.access.issuing import ec_key
from tests.simulated_loop import now, simulated

MINUTE, HOUR = 60.0, 3600.0


def keys(*kids: str) -> Mapping[str, Key]:
    return {kid: Key(kid, "ES256", ec_key().private.public_key()) for kid in kids}


class Issuer:
    """An issuer whose keys, health and clock tests change; it counts what it is asked."""

    def __init__(self, longest_fresh: float = 24 * HOUR, max_age: float = HOUR) -> None:
        self.fetched = FetchedKeys(keys("a", "b"), max_age)
        self.failure: Exception | None = None
        self.answers = asyncio.Event()
        self.answers.set()
        self.asked = 0
        self.seconds = 0.0
        self.cache = KeyCache(self.fetch, longest_fresh, lambda: self.seconds)

    async def fetch(self) -> FetchedKeys:
        self.asked += 1
        await self.answers.wait()
        if self.failure:
            raise self.failure
        return self.fetched

    async def has(self, *kids: str) -> Sequence[bool]:
        return [await self.cache.key(kid) is not None for kid in kids]


async def a_moment() -> None:
    """Let every task go on that can."""
    for _ in range(5):
        await asyncio.sleep(0)


def at_once(issuer: Issuer, kid: str) -> bool:
    """Whether a key is returned without a single await; AssertionError if it is waited for."""
    steps = issuer.cache.key(kid)
    try:
        steps.send(None)
    except StopIteration as end:
        return end.value is not None
    steps.close()
    raise AssertionError("it waits")


async def test_a_known_key_is_there_at_once_while_fresh() -> None:
    issuer = Issuer()
    assert await issuer.has("a") == [True]
    issuer.seconds = HOUR - 1
    assert at_once(issuer, "a")
    assert at_once(issuer, "b")
    await a_moment()
    assert issuer.asked == 1


async def test_stale_keys_are_served_at_once_while_one_fetch_refreshes_them() -> None:
    issuer = Issuer()
    await issuer.has("a")
    issuer.seconds, issuer.fetched = HOUR, FetchedKeys(keys("b", "c"), HOUR)
    issuer.answers.clear()
    for _ in range(50):
        assert at_once(issuer, "a")
        await asyncio.sleep(0)
    issuer.answers.set()
    await a_moment()
    assert issuer.asked == 2
    assert await issuer.has("a", "b", "c") == [False, True, True]


async def test_a_withdrawn_key_counts_no_longer_and_a_new_one_does() -> None:
    issuer = Issuer()
    await issuer.has("a")
    issuer.fetched = FetchedKeys(keys("b", "c"), HOUR)
    issuer.seconds = 10
    assert await issuer.has("c", "b", "a") == [True, True, False]
    assert issuer.asked == 2


@pytest.mark.parametrize(
    ("max_age", "longest", "fresh"),
    [
        (0.0, 24 * HOUR, 5 * MINUTE),
        (299.0, 24 * HOUR, 5 * MINUTE),
        (301.0, 24 * HOUR, 301.0),
        (1e9, 24 * HOUR, 24 * HOUR),
        (1e9, 6 * HOUR, 6 * HOUR),
    ],
)
async def test_keys_are_fresh_as_long_as_the_issuer_says_within_bounds(
    max_age: float, longest: float, fresh: float
) -> None:
    issuer = Issuer(longest, max_age)
    await issuer.has("a")
    for seconds, asked in ((fresh - 1, 1), (fresh, 2)):
        issuer.seconds = seconds
        assert at_once(issuer, "a")
        await a_moment()
        assert issuer.asked == asked


async def test_keys_count_six_hours_longer_than_they_are_fresh_and_then_nobody_can_tell() -> None:
    issuer = Issuer()
    await issuer.has("a")
    issuer.failure = KeysUnavailable("down")
    issuer.seconds = 7 * HOUR - 1
    assert at_once(issuer, "a")
    await a_moment()
    issuer.seconds = 7 * HOUR
    with pytest.raises(KeysUnavailable, match="down"):
        await issuer.cache.key("a")
    issuer.seconds, issuer.failure = 7 * HOUR + 10, None
    assert await issuer.has("a") == [True]


async def test_500_callers_of_a_cold_start_cost_one_fetch() -> None:
    issuer = Issuer()
    issuer.answers.clear()
    issuer.cache.begin()
    callers = [asyncio.create_task(issuer.cache.key("a")) for _ in range(500)]
    await a_moment()
    issuer.answers.set()
    assert all(await asyncio.gather(*callers))
    assert issuer.asked == 1


async def test_10_000_unknown_keys_cost_one_fetch_in_ten_seconds() -> None:
    issuer = Issuer()
    await issuer.has("a")
    issuer.seconds = 10
    rubbish = [asyncio.create_task(issuer.cache.key(f"rubbish {n}")) for n in range(10_000)]
    assert at_once(issuer, "a")
    assert set(await asyncio.gather(*rubbish)) == {None}
    assert issuer.asked == 2
    issuer.seconds = 19.9
    assert not at_once(issuer, "rubbish")
    assert issuer.asked == 2
    issuer.seconds = 20
    assert await issuer.has("rubbish", "a") == [False, True]
    assert issuer.asked == 3


async def test_while_the_issuer_is_down_known_keys_count_and_of_others_nobody_can_tell() -> None:
    issuer = Issuer()
    await issuer.has("a")
    issuer.seconds, issuer.failure = 10, KeysUnavailable("answered 500")
    for _ in range(3):
        with pytest.raises(KeysUnavailable, match="answered 500"):
            await issuer.cache.key("c")
        assert at_once(issuer, "a")
    assert issuer.asked == 2
    issuer.seconds, issuer.failure = 20, None
    assert await issuer.has("c") == [False]


async def test_an_issuer_that_was_down_at_the_start_is_asked_again_after_ten_seconds() -> None:
    issuer = Issuer()
    issuer.failure = KeysUnavailable("answered 404")
    for _ in range(3):
        with pytest.raises(KeysUnavailable, match="answered 404"):
            await issuer.cache.key("a")
    issuer.failure = None
    with pytest.raises(KeysUnavailable):
        await issuer.cache.key("a")
    assert issuer.asked == 1
    issuer.seconds = 10
    assert await issuer.has("a") == [True]


async def test_a_waiter_who_gives_up_does_not_end_the_fetch_for_others() -> None:
    issuer = Issuer()
    issuer.answers.clear()
    first, second = (asyncio.create_task(issuer.cache.key("a")) for _ in range(2))
    await a_moment()
    first.cancel()
    await asyncio.wait([first])
    issuer.answers.set()
    assert await second
    assert issuer.asked == 1


@simulated
async def test_an_issuer_that_hangs_is_given_up_after_three_seconds() -> None:
    issuer = Issuer()
    issuer.answers.clear()
    with pytest.raises(KeysUnavailable, match="within 3 s"):
        await issuer.cache.key("a")
    assert now() == 3.0
    issuer.seconds = 10
    issuer.answers.set()
    assert await issuer.has("a") == [True]


async def test_a_bug_is_seen_by_the_waiters_and_not_kept() -> None:
    issuer = Issuer()
    issuer.failure = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await issuer.cache.key("a")
    with pytest.raises(KeysUnavailable, match="never fetched"):
        await issuer.cache.key("a")
