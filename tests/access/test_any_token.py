"""Thousands of changed tokens: what counts here counts for PyJWT too, and nothing is a bug."""

import json
import time
from random import Random
from typing import Any, Final

import jwt
import pytest

from shared.access.errors import InvalidToken
from shared.access.issuers import user_issuers
from shared.access.token_verifier import Verifier
from tests.access.issuing import AUTH0, AUTH0_CLAIMS, Web, ec_key, part, rsa_key, token, unsigned
from tests.examples import seeds

TOKENS: Final = 2000
VALUES: Final[tuple[object, ...]] = (
    *(None, True, False, 0, -1, 1, 2**63, 10**30, 0.5, 1e308, "", "ada", "1", [], {}, [[]]),
    *({"a": 1}, AUTH0.issuer, [AUTH0.issuer], AUTH0.audiences[0], list(AUTH0.audiences)),
    *("RS256", "ES256", "HS256", "none", "one", "two", "JWT", "at+jwt", "a\nb", "é"),
)
KEYS: Final = {"RS256": rsa_key(), "ES256": ec_key()}
ALPHABET: Final = 'abcXYZ019-_.=+/ {}[]"\\é'


class Mutations:
    """Makes tokens that differ a little, or a lot, from one that counts."""

    def __init__(self, seed: int, now: int) -> None:
        self._random = Random(seed)  # noqa: S311 - tests repeat
        self._now = now

    def token(self) -> str:
        """Return a token: changed members, then rarely changed text."""
        choose = self._random
        claims: dict[str, Any] = {**AUTH0_CLAIMS, "iat": self._now - 600, "exp": self._now + 3000}
        header: dict[str, Any] = {}
        for _ in range(choose.choice((0, 0, 1, 1, 2))):
            self._change(claims, ("iss", "aud", "sub", "exp", "iat", "nbf", "auth_time", "jti"))
        if choose.random() < 0.3:
            self._change(header, ("alg", "kid", "typ", "crit", "b64", "jwk", "x5c", "cty"))
        key = KEYS[choose.choice(("RS256", "ES256", "ES256", "ES256"))]
        if choose.random() < 0.05:
            return unsigned(claims, {"alg": "none", **header})
        payload: object = claims
        if choose.random() < 0.1:
            payload = json.dumps(claims).encode()[: -choose.randrange(3) or None]
        text = token(payload, key, header)
        return self._garbled(text) if choose.random() < 0.3 else text

    def _change(self, members: dict[str, Any], names: tuple[str, ...]) -> None:
        name = self._random.choice(names)
        if self._random.random() < 0.3:
            members[name] = self._now + self._random.choice((-4000, -61, -30, 0, 30, 90))
        elif self._random.random() < 0.2:
            members.pop(name, None)
        else:
            members[name] = self._random.choice(VALUES)

    def _garbled(self, text: str) -> str:
        choose, place = self._random, self._random.randrange(len(text))
        head, body, signature = text.split(".")
        match choose.randrange(6):
            case 0:
                return text[:place] + choose.choice(ALPHABET) + text[place + 1 :]
            case 1:
                return text[:place] + text[place + 1 :]
            case 2:
                return text[:place]
            case 3:
                return f"{head}.{body}.{signature[:-1]}{choose.choice(ALPHABET)}"
            case 4:
                return f"{head}.{part(AUTH0_CLAIMS)}.{signature}"
            case _:
                return text + choose.choice(ALPHABET)


def counts_for_pyjwt(text: str) -> bool:
    """Whether PyJWT alone accepts it, with the right key and its own checks of everything.

    Its clock is the machine's, so the tokens are of the present.
    """
    try:
        kid = jwt.get_unverified_header(text).get("kid")
        key = next(key for key in KEYS.values() if key.kid == kid)
        jwt.decode(
            text,
            key.private.public_key(),
            algorithms=["RS256", "ES256"],
            audience=AUTH0.audiences,
            issuer=AUTH0.issuer,
            leeway=60,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except (jwt.PyJWTError, StopIteration, TypeError, ValueError):
        return False
    return True


@pytest.mark.parametrize("seed", seeds(4))
async def test_what_pyjwt_refuses_never_counts(seed: int) -> None:
    now = int(time.time())
    verifier = Verifier(user_issuers(AUTH0, Web().get), time.time)
    mutations = Mutations(seed, now)
    ours = theirs = 0
    for _ in range(TOKENS // 4):
        text = mutations.token()
        theirs += (accepted := counts_for_pyjwt(text))
        try:
            await verifier.verified(text)
        except InvalidToken:
            continue
        ours += 1
        assert accepted, text
    assert TOKENS // 40 < ours < theirs < TOKENS // 4
