"""Verifies tokens, and remembers those that it has verified."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from shared.access.caller import Caller
from shared.access.errors import InvalidToken
from shared.access.issuers import Issuer
from shared.access.token_checks import check_claims, check_signature
from shared.access.token_text import Token, read_token
from shared.model.patient_key import PatientKey, patient_key

MOST_REMEMBERED: Final = 2000


class Verified(Struct, frozen=True):
    """What a token that counts says: who calls, and until when it may be remembered.

    `account` names issuer and subject, also of a caller who counts as anonymous.
    """

    caller: Caller
    is_service: bool
    account: PatientKey
    issued_at: int
    expires_at: int
    issuer: Issuer
    kid: str


class Verifier:
    """Verifies tokens of some issuers. `now` returns seconds of the Unix epoch.

    It remembers by a hash the tokens that were sent last, each until it expires or its issuer no
    longer has its key.
    """

    def __init__(
        self,
        issuers: Sequence[Issuer],
        now: Callable[[], float],
        most_remembered: int = MOST_REMEMBERED,
    ) -> None:
        self._issuers = issuers
        self._now = now
        self._most_remembered = most_remembered
        self._remembered = OrderedDict[bytes, Verified]()

    def begin(self) -> None:
        """Begin to fetch the keys that will be needed, and wait for nothing."""
        for issuer in self._issuers:
            if issuer.keys:
                issuer.keys.begin()

    async def verified(self, text: str) -> Verified:
        """Return what a token says; waits only for keys that are not known.

        Raises InvalidToken, and KeysUnavailable if nobody can tell.
        """
        digest = hashlib.sha256(text.encode(errors="replace")).digest()
        known = self._remembered.get(digest)
        if known and self._counts(known):
            self._remembered.move_to_end(digest)
            return known
        self._remembered.pop(digest, None)
        verified = await self._verify(text)
        self._remembered[digest] = verified
        if len(self._remembered) > self._most_remembered:
            self._remembered.popitem(last=False)
        return verified

    def _counts(self, known: Verified) -> bool:
        keys = known.issuer.keys
        return self._now() < known.expires_at and (
            keys is None or keys.known(known.kid) is not None
        )

    async def _verify(self, text: str) -> Verified:
        token = read_token(text)
        issuer = self._issuer_of(token)
        check_claims(token, issuer.rules, self._now())
        key = await issuer.keys.key(token.kid) if issuer.keys else None
        check_signature(token, issuer.rules, key)
        claims, identity = token.claims, issuer.identity(token.claims)
        return Verified(
            caller=identity.caller,
            is_service=identity.is_service,
            account=patient_key(claims["iss"], claims["sub"]),
            issued_at=claims["iat"],
            expires_at=claims["exp"],
            issuer=issuer,
            kid=token.kid,
        )

    def _issuer_of(self, token: Token) -> Issuer:
        name = token.claims.get("iss")
        for issuer in self._issuers:
            if issuer.rules.issuers is None or name in issuer.rules.issuers:
                return issuer
        raise InvalidToken("the token is from another issuer")
