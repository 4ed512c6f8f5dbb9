"""The token of the account that this process runs as, for Google's interfaces."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from shared.notifications.sink import DeliveryFailed
from shared.single_flight import SingleFlight

SCOPE = "https://www.googleapis.com/auth/pubsub"


class Credentials(Protocol):
    """What is used of the credentials of Google's library."""

    @property
    def valid(self) -> bool:
        """Whether there is a token that does not end within minutes."""

    def refresh(self, request: object) -> None:
        """Fetch a token. Blocks; raises GoogleAuthError."""

    def apply(self, headers: dict[str, str]) -> None:
        """Add the headers of a request."""


def default_credentials() -> Credentials:
    """Return those of the environment. Blocks; raises GoogleAuthError if there are none."""
    import google.auth  # noqa: PLC0415 - takes long, and nobody needs it with an emulator

    credentials: Credentials
    credentials, _ = google.auth.default(scopes=[SCOPE])
    return credentials


class GoogleToken:
    """A token that is fetched in a thread, and kept until it is about to end."""

    def __init__(self, load: Callable[[], Credentials] = default_credentials) -> None:
        self._load = load
        self._credentials: Credentials | None = None
        self._fetching = SingleFlight(self._fetch)

    async def headers(self) -> dict[str, str]:
        """Return the headers of a request with a token. Raises DeliveryFailed without one."""
        credentials = self._credentials
        if credentials is None or not credentials.valid:
            credentials = await asyncio.shield(self._fetching.run())
        headers = dict[str, str]()
        credentials.apply(headers)
        return headers

    async def _fetch(self) -> Credentials:
        self._credentials = await asyncio.to_thread(self._fetched)
        return self._credentials

    def _fetched(self) -> Credentials:
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 - see above
        from google.auth.transport.requests import Request  # noqa: PLC0415

        try:
            credentials = self._credentials or self._load()
            credentials.refresh(Request())
        except GoogleAuthError as error:
            why = f"there is no token of Google Cloud: {type(error).__name__}"
            raise DeliveryFailed(f"{why}; give the process a service account") from None
        return credentials
