"""What an issuer publishes: keys that may count, and everything else."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from shared.access.errors import KeysUnavailable
from shared.access.key_sets import read_key_set
from tests.access.issuing import ec_key, key_set, rsa_key
from tests.examples import examples


def published(*keys: object) -> bytes:
    return json.dumps({"keys": keys}).encode()


def test_both_kinds_of_keys_are_read() -> None:
    found = read_key_set(key_set(rsa_key(), ec_key()))
    assert {kid: key.algorithm for kid, key in found.items()} == {"one": "RS256", "two": "ES256"}


GOOD = ec_key().jwk()

LEFT_OUT = {
    "no object": 5,
    "no id": rsa_key().jwk(kid=None),
    "an empty id": rsa_key().jwk(kid=""),
    "an id that is no text": rsa_key().jwk(kid=7),
    "a secret": {"kid": "one", "kty": "oct", "k": "c2VjcmV0"},
    "a kind that is no text": rsa_key().jwk(kty=["RSA"]),
    "no kind": {"kid": "one"},
    "for encryption": rsa_key().jwk(use="enc"),
    "another algorithm": rsa_key().jwk(alg="RS512"),
    "an algorithm of the other kind": rsa_key().jwk(alg="ES256"),
    "a weak key": rsa_key(bits=1024).jwk(),
    "a small exponent": rsa_key().jwk(e="AQ"),
    "no modulus": {"kid": "one", "kty": "RSA", "e": "AQAB"},
    "a modulus that is no text": rsa_key().jwk(n=5),
    "a modulus of rubbish": rsa_key().jwk(n="!"),
    "another curve": ec_key("one", ec.SECP384R1).jwk(alg=None),
    "an unknown curve": ec_key("one").jwk(crv="P-1"),
    "no curve": {"kid": "one", "kty": "EC", "x": "AA", "y": "AA"},
    "a point beside the curve": ec_key("one").jwk(x=GOOD["y"]),
    "a curve like it": {**ec_key("one", ec.SECP256K1).jwk(), "alg": "ES256"},
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_key_that_cannot_count_is_left_out(name: str) -> None:
    assert list(read_key_set(published(LEFT_OUT[name], GOOD))) == ["two"]
    with pytest.raises(KeysUnavailable, match="none of the issuer's keys"):
        read_key_set(published(LEFT_OUT[name]))


def test_private_parts_of_a_key_are_not_looked_at() -> None:
    (key,) = read_key_set(published(rsa_key().jwk(d="AQAB"))).values()
    assert key.public.key_size == 2048


NO_SET = "are not a key set"
NO_LIST = "are not a list of at most 50"

RUBBISH = {
    "nothing": (b"", NO_SET),
    "a page": (b"<html>", NO_SET),
    "not UTF-8": (b"\xff", NO_SET),
    "a list": (b"[]", NO_SET),
    "no keys": (b"{}", NO_SET),
    "null": (b"null", NO_SET),
    "deep": (b"[" * 100_000, NO_SET),
    "keys that are no list": (b'{"keys": {"one": {}}}', NO_LIST),
    "too many": (published(*[ec_key().jwk(kid=str(n)) for n in range(51)]), NO_LIST),
    "an id twice": (published(GOOD, rsa_key().jwk(kid="two")), "name an id twice"),
    "an empty list": (published(), "can verify a token"),
}


@pytest.mark.parametrize("name", RUBBISH)
def test_rubbish_is_no_key_set(name: str) -> None:
    body, why = RUBBISH[name]
    with pytest.raises(KeysUnavailable, match=why):
        read_key_set(body)


def test_fifty_keys_are_read() -> None:
    assert len(read_key_set(published(*[ec_key().jwk(kid=str(n)) for n in range(50)]))) == 50


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
MEMBERS = st.sampled_from(["kty", "kid", "use", "alg", "n", "e", "crv", "x", "y", "keys"])


@examples(40)
@given(
    keys=st.lists(st.dictionaries(MEMBERS, JSON), max_size=3),
    changes=st.dictionaries(MEMBERS, JSON),
)
def test_whatever_an_issuer_publishes_it_is_keys_or_unavailable(
    keys: list[dict[str, object]], changes: dict[str, object]
) -> None:
    for base in (GOOD, rsa_key().jwk()):
        try:
            found = read_key_set(published(*keys, {**base, **changes}))
        except KeysUnavailable:
            continue
        assert all(key.algorithm in {"RS256", "ES256"} for key in found.values())
