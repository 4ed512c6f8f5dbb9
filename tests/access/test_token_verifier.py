"""The memory of the verifier: what it spares, and when it must not be believed."""

import asyncio
import secrets

import pytest

from shared.access.errors import InvalidToken, KeysUnavailable
from shared.access.issuers import FIREBASE_KEYS, Issuer, user_issuers
from shared.access.key_cache import KeyCache
from shared.access.key_discovery import Answer, published_keys
from shared.access.token_verifier import Verified, Verifier
from tests.access.issuing import (
    FIREBASE,
    FIREBASE_CLAIMS,
    NOW,
    Web,
    ec_key,
    key_set,
    rsa_key,
    token,
)


class World:
    """A verifier of one issuer, whose keys live by the same clock as its tokens."""

    def __init__(self) -> None:
        self.now = float(NOW)
        self.web = Web()
        rules = user_issuers(FIREBASE, self.web.get)[0]
        self.keys = KeyCache(
            lambda: published_keys(FIREBASE_KEYS, self.web.get), seconds=lambda: self.now
        )
        issuer = Issuer(rules.rules, self.keys, rules.identity)
        self.verifier = Verifier([issuer], lambda: self.now)

    def publish(self, body: bytes) -> None:
        self.web.pages[FIREBASE_KEYS] = Answer(body)


def at_once(verifier: Verifier, text: str) -> Verified | None:
    """What the verifier says without a single await; None if it waits."""
    steps = verifier.verified(text)
    try:
        steps.send(None)
    except StopIteration as end:
        found: Verified = end.value
        return found
    steps.close()
    return None


async def test_a_token_that_was_verified_is_remembered() -> None:
    world, text = World(), token(FIREBASE_CLAIMS)
    first = await world.verifier.verified(text)
    assert at_once(world.verifier, text) is first
    assert first.expires_at == NOW + 3000


async def test_it_is_forgotten_when_it_expires() -> None:
    world, text = World(), token({**FIREBASE_CLAIMS, "exp": NOW + 100})
    first = await world.verifier.verified(text)
    world.now = NOW + 99.9
    assert at_once(world.verifier, text) is first
    world.now = NOW + 100  # Within the leeway it counts, but is verified again.
    again = at_once(world.verifier, text)
    assert again == first
    assert again is not first
    world.now = NOW + 160
    with pytest.raises(InvalidToken, match="expired"):
        await world.verifier.verified(text)


async def test_it_is_forgotten_when_its_key_is_withdrawn() -> None:
    world, text = World(), token(FIREBASE_CLAIMS)
    await world.verifier.verified(text)
    world.publish(key_set(ec_key()))
    world.now += 300
    assert at_once(world.verifier, text)  # The keys are stale; this begins to refresh them.
    for _ in range(5):
        await asyncio.sleep(0)
    with pytest.raises(InvalidToken, match="is not one of its issuer's"):
        await world.verifier.verified(text)


async def test_it_counts_no_longer_than_the_keys_of_an_issuer_that_is_down() -> None:
    world = World()
    text = token({**FIREBASE_CLAIMS, "exp": NOW + 8 * 3600})
    await world.verifier.verified(text)
    world.publish(b"down")
    world.now += 300 + 6 * 3600 - 1
    assert at_once(world.verifier, text)
    world.now += 10
    with pytest.raises(KeysUnavailable):
        await world.verifier.verified(text)


async def test_one_changed_character_makes_it_another_token() -> None:
    world, text = World(), token(FIREBASE_CLAIMS)
    await world.verifier.verified(text)
    head, payload, signature = text.split(".")
    changed = "A" if signature[9] != "A" else "B"
    other = f"{head}.{payload}.{signature[:9]}{changed}{signature[10:]}"
    with pytest.raises(InvalidToken, match="signature"):
        await world.verifier.verified(other)
    assert at_once(world.verifier, text)


async def test_what_was_refused_is_refused_again() -> None:
    world, text = World(), token({**FIREBASE_CLAIMS, "iat": NOW + 70})
    with pytest.raises(InvalidToken, match="not valid yet"):
        await world.verifier.verified(text)
    world.now += 10
    assert (await world.verifier.verified(text)).issued_at == NOW + 70


async def test_only_those_that_were_sent_last_are_remembered() -> None:
    verifier = Verifier(user_issuers(FIREBASE, Web().get), lambda: NOW, most_remembered=3)
    texts = [token({**FIREBASE_CLAIMS, "sub": name}) for name in "abcd"]
    a, b, c = [await verifier.verified(text) for text in texts[:3]]
    assert await verifier.verified(texts[0]) is a  # So the second was sent the longest ago.
    await verifier.verified(texts[3])
    assert await verifier.verified(texts[0]) is a
    assert await verifier.verified(texts[2]) is c
    assert await verifier.verified(texts[1]) is not b


async def test_attacks_with_unknown_keys_cost_one_fetch_and_are_all_refused() -> None:
    world, good = World(), token(FIREBASE_CLAIMS)
    await world.verifier.verified(good)
    world.now += 10
    signed = rsa_key("stranger")
    for _ in range(100):
        text = token(FIREBASE_CLAIMS, signed, {"kid": secrets.token_hex(4)})
        with pytest.raises(InvalidToken, match="is not one of its issuer's"):
            await world.verifier.verified(text)
    assert world.web.asked == [FIREBASE_KEYS] * 2
    assert at_once(world.verifier, good)


async def test_what_could_never_count_asks_for_no_key() -> None:
    world = World()
    expired = {**FIREBASE_CLAIMS, "exp": NOW - 100}
    for text in ("", "a.b.c", token(expired), token({**FIREBASE_CLAIMS, "iss": "a"})):
        with pytest.raises(InvalidToken):
            await world.verifier.verified(text)
    assert world.web.asked == []


async def test_keys_are_fetched_before_the_first_token_arrives() -> None:
    world = World()
    world.verifier.begin()
    for _ in range(5):
        await asyncio.sleep(0)
    assert world.web.asked == [FIREBASE_KEYS]
    assert at_once(world.verifier, token(FIREBASE_CLAIMS))
