"""Who sends a request, found out from its tokens."""

from collections.abc import Sequence
from typing import Protocol

from shared.access.caller import ANYBODY, Caller


class TokenRefused(Exception):
    """A token does not count; the message says why, without repeating it."""


class AppRefused(Exception):
    """No valid App Check token shows that an app of ours sends the request."""


class KeysUnavailable(Exception):
    """The keys of the issuer cannot be fetched, so nobody can tell whether a token counts."""


class Authenticator(Protocol):
    """Finds out who sends a request."""

    async def caller(
        self, authorization: Sequence[str], app_check: Sequence[str], *, app_check_needed: bool
    ) -> Caller:
        """Return who sends a request with these values of the two headers.

        Raises TokenRefused, AppRefused or KeysUnavailable.
        """


class Open:
    """Asks nobody who they are: everybody may do everything."""

    async def caller(
        self,
        authorization: Sequence[str],  # noqa: ARG002
        app_check: Sequence[str],  # noqa: ARG002
        *,
        app_check_needed: bool,  # noqa: ARG002
    ) -> Caller:
        """Return anybody, whatever was sent."""
        return ANYBODY
