"""Who calls: what every deployment has, whatever it knows of tokens.

Nothing here needs a library for tokens, which a process that asks nobody should not load.
"""

from collections.abc import Sequence
from typing import Protocol

from shared.access.caller import ANYBODY, Caller


class Authenticator(Protocol):
    """Tells who sends a request."""

    def begin(self) -> None:
        """Begin to fetch what will be needed, and wait for nothing. Needs a running loop."""

    async def caller(
        self, authorization: Sequence[str], app_check: Sequence[str], *, app_check_needed: bool
    ) -> Caller:
        """Return the caller, from the values of the headers as they were sent.

        `authorization` holds those of `Authorization`, `app_check` of `X-Firebase-AppCheck`; a
        request whose app must be verified says so. Raises Unauthenticated, AppNotVerified, and
        KeysUnavailable or StoreError if nobody can tell.
        """


class Open:
    """Lets everybody do everything, whatever they send."""

    def begin(self) -> None:
        """Do nothing."""

    async def caller(
        self, authorization: Sequence[str], app_check: Sequence[str], *, app_check_needed: bool
    ) -> Caller:
        """Return anybody."""
        _ = authorization, app_check, app_check_needed
        return ANYBODY
