"""Errors that a request is answered with before, beside or instead of a decision.

Like a refusal of the rules, each class carries the stable `code`, the `title` and the `status`.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, ClassVar

from shared.http.schemas.problem import FieldError
from shared.rules.refusals import UnclearTime, UnknownService
from shared.validation import shown

RETRY_AFTER_SECONDS = 1
MOST_ERRORS = 20
"""More would help nobody, and a hostile request could cause thousands."""


class RequestError(Exception):
    """A request that a problem document answers, with the members that belong to its code."""

    code: ClassVar[str]
    title: ClassVar[str]
    status: ClassVar[int]
    header_meanings: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self,
        detail: str,
        headers: Mapping[str, str] | None = None,
        **members: Any,  # noqa: ANN401 - JSON values
    ) -> None:
        super().__init__(self.code)
        self.detail = detail
        self.headers = headers
        self.members = members


class InvalidRequest(RequestError):
    """Something in the request is wrong; each error names the field. Only the first are told."""

    code, title, status = UnclearTime.code, UnclearTime.title, UnclearTime.status

    def __init__(self, errors: Iterable[FieldError], detail: str = "") -> None:
        listed = list(islice(errors, MOST_ERRORS))
        # Who spells names in another way misses them all; the names that were sent say why.
        first = sorted(listed, key=lambda error: error.type != "extra_forbidden")[:3]
        sentences = (f"{error.field}: {error.message}" for error in first)
        super().__init__(detail or "; ".join(sentences), errors=listed)


def invalid(field: str, kind: str, message: str) -> InvalidRequest:
    """Return the error that one field is wrong; `message` says what would be right."""
    return InvalidRequest([FieldError(field=field, message=message, type=kind)])


class UnknownDoctor(RequestError):
    """No doctor has this id."""

    code, title, status = "unknown_doctor", "There is no such doctor", 404


class NoSuchService(RequestError):
    """The clinic, or a doctor whom the request names, does not offer the service."""

    code, title, status = UnknownService.code, UnknownService.title, UnknownService.status

    def __init__(self, *, anywhere: bool = False) -> None:
        nobody = "the clinic offers no such service; `list_services` lists them"
        super().__init__(nobody if anywhere else UnknownService.detail)


class UnknownCalendar(RequestError):
    """No calendar has this link, or not any more. The token is a secret, so nobody repeats it."""

    code, title, status = "unknown_calendar", "There is no such calendar", 404

    def __init__(self) -> None:
        super().__init__("no calendar has this link; ask the clinic for the present one")


class NotFound(RequestError):
    """No function has this path."""

    code, title, status = "not_found", "There is no such page", 404


class UriTooLong(RequestError):
    """The address is longer than the parser of addresses takes."""

    code, title, status = "uri_too_long", "The address is too long", 414

    def __init__(self, most: int) -> None:
        super().__init__(f"the path and the parameters must have at most {most} bytes together")


class MisdirectedRequest(RequestError):
    """The request names a host that this server does not answer for."""

    code, title, status = "misdirected_request", "The request is for another host", 421

    def __init__(self, host: str, hosts: Iterable[str]) -> None:
        super().__init__(
            f'this server answers for {" and ".join(hosts)} only, not for "{shown(host)}"'
        )


class MethodNotAllowed(RequestError):
    """The function has another method."""

    code, title, status = "method_not_allowed", "The method is not allowed", 405
    header_meanings: ClassVar = {"Allow": "the allowed methods"}

    def __init__(self, method: str, allow: str) -> None:
        detail = f"{shown(method)} is not allowed here; use one of {allow}"
        super().__init__(detail, {"Allow": allow})


class BodyTooLarge(RequestError):
    """The body is longer than anything sensible."""

    code, title, status = "body_too_large", "The body is too large", 413

    def __init__(self, most: int) -> None:
        super().__init__(f"the body must have at most {most} bytes")


class UnsupportedMediaType(RequestError):
    """The body does not claim to be JSON, or is compressed."""

    code, title, status = "unsupported_media_type", "The body is not plain JSON", 415
    header_meanings: ClassVar = {"Accept-Encoding": "`identity`, if the body was compressed"}

    def __init__(self, *, compressed: bool = False) -> None:
        if compressed:
            wrong = "send the body as it is, without a Content-Encoding"
            super().__init__(wrong, {"Accept-Encoding": "identity"})
        else:
            super().__init__('send JSON, with the header "Content-Type: application/json"')


class InternalError(RequestError):
    """A bug."""

    code, title, status = "internal_error", "Something is wrong on our side", 500

    def __init__(self) -> None:
        super().__init__("this is a mistake on our side; it was logged")


NO_ANSWER = "the store gave no certain answer in time"
NO_KEYS = "the keys that tokens are checked with could not be fetched"


class TryAgain(RequestError):
    """Whether it happened is not known, and trying again does no harm."""

    code, title, status = "try_again", "Try again later", 503
    header_meanings: ClassVar = {"Retry-After": "in seconds"}

    def __init__(self, why: str = NO_ANSWER, *, with_key: bool = False) -> None:
        again = f"{why}; send the same request again"
        super().__init__(
            f"{again}, with the same idempotency key" if with_key else again,
            {"Retry-After": str(RETRY_AFTER_SECONDS)},
        )
