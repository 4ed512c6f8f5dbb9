"""Whether a token counts: one verifier for every OpenID Connect issuer.

PyJWT verifies the signature, the issuer and the audience. The times are verified here, because
PyJWT reads a clock of its own and takes texts for numbers; so is what no library asks for.
"""

import re
from collections.abc import Callable
from typing import Final

import jwt
from msgspec import Struct

from shared.access.errors import InvalidToken
from shared.access.key_sets import ALGORITHMS, Key
from shared.access.token_text import Claims, Token

LEEWAY_SECONDS: Final = 60
DAY_SECONDS: Final = 24 * 3600

Check = Callable[[Claims], None]

_SUBJECT = re.compile(r"[\x21-\x7e]{1,255}")
_WHY = {
    jwt.InvalidSignatureError: "the signature of the token is wrong",
    jwt.InvalidAlgorithmError: "the token is signed in a way that is not accepted",
    jwt.InvalidAudienceError: "the token is for another audience",
    jwt.InvalidIssuerError: "the token is from another issuer",
    jwt.MissingRequiredClaimError: "the token does not say whom it is for",
}

_OPTIONS: jwt.types.Options = {
    "verify_aud": True,
    "verify_iss": True,
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "require": ["iss", "aud", "sub", "exp", "iat"],
}


class TokenRules(Struct, frozen=True, kw_only=True):
    """What a token of an issuer must say beside what every token must.

    `issuers` and `audiences` hold what `iss` and `aud` may be; without issuers one of the `checks`
    looks at `iss`. `longest_life` is in seconds. `unsigned` means that nobody signs the tokens.
    """

    audiences: tuple[str, ...]
    issuers: tuple[str, ...] | None = None
    algorithms: tuple[str, ...] = ALGORITHMS
    longest_life: int = DAY_SECONDS
    unsigned: bool = False
    checks: tuple[Check, ...] = ()


def check_claims(token: Token, rules: TokenRules, now: float) -> None:
    """Raise InvalidToken if the token could not count even with the right signature.

    `now` is in seconds of the Unix epoch.
    """
    if rules.unsigned is not token.is_unsigned:
        how = "signed, unlike those of the emulator" if rules.unsigned else "not signed"
        raise InvalidToken(f"the token is {how}")
    if not rules.unsigned and token.algorithm not in rules.algorithms:
        raise InvalidToken(_WHY[jwt.InvalidAlgorithmError])
    if not rules.unsigned and not token.kid:
        raise InvalidToken("the token does not name its key")
    _check_times(token.claims, rules.longest_life, now)
    subject = token.claims.get("sub")
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise InvalidToken("the subject of the token must be 1 to 255 visible ASCII characters")
    for check in rules.checks:
        check(token.claims)


def check_signature(token: Token, rules: TokenRules, key: Key | None) -> None:
    """Raise InvalidToken unless the issuer has signed the token, and for one of the audiences.

    `key` is the one that the token names, None if the issuer has no such key. Where the rules say
    that nobody signs, issuer and audience alone are verified.
    """
    if key is None and not rules.unsigned:
        raise InvalidToken("the key of the token is not one of its issuer's")
    try:
        jwt.decode(
            token.text,
            key.public if key else "",
            algorithms=[key.algorithm] if key else None,
            audience=rules.audiences,
            issuer=rules.issuers,
            options={**_OPTIONS, "verify_signature": key is not None},
        )
    except jwt.InvalidTokenError as error:
        raise InvalidToken(_WHY.get(type(error), "the token is malformed")) from None


def _check_times(claims: Claims, longest_life: int, now: float) -> None:
    expires, issued = _seconds(claims, "exp"), _seconds(claims, "iat")
    if expires <= now - LEEWAY_SECONDS:
        raise InvalidToken("the token has expired; get a new one")
    others = (_seconds(claims, name) for name in ("nbf", "auth_time") if name in claims)
    if max([issued, *others]) > now + LEEWAY_SECONDS:
        raise InvalidToken("the token is not valid yet")
    if not 0 < expires - issued <= longest_life:
        raise InvalidToken("the token is valid for longer than tokens of its issuer are")


def _seconds(claims: Claims, name: str) -> int:
    value = claims.get(name)
    if type(value) is int:  # Neither a bool nor a float, which may be infinite.
        return value
    raise InvalidToken(f"the {name} of the token must be a whole number of seconds")
