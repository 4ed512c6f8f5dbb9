"""Who calls, by the tokens of a request."""

from collections.abc import Callable, Sequence

from shared.access.blocked_callers import BlockedCallers, BlockedSource
from shared.access.caller import ANONYMOUS, Caller
from shared.access.errors import AppNotVerified, InvalidToken, Unauthenticated
from shared.access.issuers import app_issuer, user_issuers
from shared.access.key_discovery import Get
from shared.access.key_download import get
from shared.access.token_verifier import Verified, Verifier
from shared.settings import AuthSettings


class TokenAuthenticator:
    """Tells callers by their tokens, with or without App Check."""

    def __init__(self, users: Verifier, apps: Verifier | None, blocked: BlockedCallers) -> None:
        self._users = users
        self._apps = apps
        self._blocked = blocked

    def begin(self) -> None:
        """Begin to fetch the keys of all issuers, and wait for nothing."""
        self._users.begin()
        if self._apps:
            self._apps.begin()

    async def caller(
        self, authorization: Sequence[str], app_check: Sequence[str], *, app_check_needed: bool
    ) -> Caller:
        """Return the caller; a token that is sent must count, wherever it is sent.

        Raises Unauthenticated, AppNotVerified, and KeysUnavailable or StoreError if nobody can
        tell.
        """
        user = await self._user(authorization) if authorization else None
        if self._apps and app_check_needed and not (user and user.is_service):
            await self._check_app(self._apps, app_check)
        return user.caller if user else ANONYMOUS

    async def _user(self, authorization: Sequence[str]) -> Verified:
        scheme, _, token = authorization[0].partition(" ")
        if len(authorization) > 1 or scheme.lower() != "bearer":
            raise Unauthenticated('send one header Authorization, with "Bearer" and a token')
        try:
            user = await self._users.verified(token.lstrip(" "))
        except InvalidToken as error:
            raise Unauthenticated(error.detail) from None
        if await self._blocked.refuses(user.account, user.issued_at):
            raise Unauthenticated("the token has been revoked; sign in again")
        return user

    @staticmethod
    async def _check_app(apps: Verifier, app_check: Sequence[str]) -> None:
        if len(app_check) != 1:
            raise AppNotVerified("send one header X-Firebase-AppCheck, with a token of App Check")
        try:
            await apps.verified(app_check[0])
        except InvalidToken as error:
            raise AppNotVerified(f"App Check: {error.detail}") from None


def token_authenticator(
    auth: AuthSettings, source: BlockedSource, now: Callable[[], float], get: Get = get
) -> TokenAuthenticator:
    """Return the authenticator of these settings. `now` returns seconds of the Unix epoch."""
    app = app_issuer(auth, get)
    return TokenAuthenticator(
        Verifier(user_issuers(auth, get), now),
        Verifier([app], now) if app else None,
        BlockedCallers(source),
    )
