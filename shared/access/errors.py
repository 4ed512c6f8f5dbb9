"""Why a request is refused before anything is decided, and why nobody can tell."""

from typing import ClassVar


class AccessRefused(Exception):
    """A request whose sender is not known; each class carries the stable `code` and the `title`.

    `detail` is a sentence that a person can act on. It repeats nothing of a token.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    status: ClassVar[int] = 401

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Unauthenticated(AccessRefused):
    """A token is needed, or the one that was sent does not count."""

    code, title = "unauthenticated", "Nobody is signed in"


class AppNotVerified(AccessRefused):
    """Firebase App Check does not vouch for the app."""

    code, title = "app_not_verified", "The app is not verified"


class InvalidToken(Exception):
    """A token that does not count. `detail` is a sentence, and repeats nothing of the token."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class KeysUnavailable(Exception):
    """The keys of an issuer cannot be fetched, so nobody can tell whether a token counts."""
