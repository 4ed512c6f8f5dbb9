"""Errors that callers are answered with for who they are, or how often they call."""

from typing import ClassVar

from shared.access import errors as access
from shared.http.request_errors import RequestError
from shared.rules.refusals import TooManyRequests


class Unauthenticated(RequestError):
    """Nobody knows who asks, and the function needs to."""

    code, title = access.Unauthenticated.code, access.Unauthenticated.title
    status = access.Unauthenticated.status
    header_meanings: ClassVar = {"WWW-Authenticate": "`Bearer`"}

    def __init__(
        self, detail: str = "sign in, and send the token: Authorization: Bearer <token>"
    ) -> None:
        super().__init__(detail, {"WWW-Authenticate": "Bearer"})


class AppNotVerified(RequestError):
    """Nothing shows that an app of this project sends the request."""

    code, title = access.AppNotVerified.code, access.AppNotVerified.title
    status = access.AppNotVerified.status
    header_meanings: ClassVar = Unauthenticated.header_meanings

    def __init__(self, detail: str) -> None:
        super().__init__(detail, {"WWW-Authenticate": "Bearer"})


class Forbidden(RequestError):
    """The caller is known, and may not do this."""

    code, title, status = "forbidden", "This is not allowed", 403

    def __init__(self) -> None:
        super().__init__("your account may not do this, or not for this doctor or patient")


class CallsTooOften(RequestError):
    """The caller sends more requests than an instance takes from one."""

    code, title, status = TooManyRequests.code, TooManyRequests.title, TooManyRequests.status
    header_meanings: ClassVar = {"Retry-After": "in seconds"}

    def __init__(self, seconds: int) -> None:
        super().__init__(
            "you send requests faster than is allowed; wait, then send fewer",
            {"Retry-After": str(seconds)},
        )
