"""The keys that an issuer publishes: a JSON Web Key Set (RFC 7517) to the keys that may count."""

import json
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWTError
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from msgspec import Struct

from shared.access.errors import KeysUnavailable

ALGORITHMS: Final = ("RS256", "ES256")
MOST_KEYS: Final = 50
RSA_BITS: Final = range(2048, 8192 + 1)

PublicKey = RSAPublicKey | EllipticCurvePublicKey


class Key(Struct, frozen=True):
    """A public key, and the one algorithm that it is used with."""

    kid: str
    algorithm: str
    public: PublicKey


def read_key_set(body: bytes) -> Mapping[str, Key]:
    """Return the keys by their `kid`.

    A key of another kind, for another use, or too weak is left out. Raises KeysUnavailable if
    none is left, or if this is no key set that one would expect of an issuer.
    """
    try:
        listed = json.loads(body)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise KeysUnavailable("the issuer's keys are not a key set") from None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise KeysUnavailable(f"the issuer's keys are not a list of at most {MOST_KEYS}")
    keys = [key for key in map(_key, listed) if key]
    by_id = {key.kid: key for key in keys}
    if len(by_id) < len(keys):
        raise KeysUnavailable("the issuer's keys name an id twice")
    if not keys:
        raise KeysUnavailable("none of the issuer's keys can verify a token")
    return by_id


def _key(listed: object) -> Key | None:
    if not isinstance(listed, dict):
        return None
    kid, kind = listed.get("kid"), listed.get("kty")
    algorithm = {"RSA": "RS256", "EC": "ES256"}.get(kind) if isinstance(kind, str) else None
    if not isinstance(kid, str) or not kid or algorithm is None:
        return None
    if listed.get("use", "sig") != "sig" or listed.get("alg", algorithm) != algorithm:
        return None
    public = _public(listed, algorithm)
    return Key(kid, algorithm, public) if public else None


def _public(listed: Mapping[str, Any], algorithm: str) -> PublicKey | None:
    try:
        if algorithm == "RS256":
            rsa = RSAAlgorithm.from_jwk({name: listed[name] for name in ("kty", "n", "e")})
            return rsa if isinstance(rsa, RSAPublicKey) and rsa.key_size in RSA_BITS else None
        ec = ECAlgorithm.from_jwk({name: listed[name] for name in ("kty", "crv", "x", "y")})
    except (PyJWTError, KeyError, ValueError, TypeError):
        return None
    if isinstance(ec, EllipticCurvePublicKey) and isinstance(ec.curve, SECP256R1):
        return ec
    return None
