"""Page tokens: where to continue a list, signed for the scope that they were issued for.

All pages of a list show the days as they were at the instant of the first page, so that what is
booked, moved or cancelled meanwhile is neither listed twice nor missed.

A client can read a token, but neither make one up nor use it for anything else: else it could
choose the instant, and see what has been cancelled or erased since. In base64:

    HMAC-SHA256 of (scope, line feed, content) | content: [version, start, id, instant] in JSON
"""

import base64
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from pydantic_core import PydanticCustomError

from shared.http.request_errors import InvalidRequest, invalid
from shared.queries.paging import Position

_VERSION: Literal[2] = 2  # Tokens of version 1 were not signed.
_Instant = Annotated[datetime, Meta(tz=True)]
_Content = tuple[Literal[2], _Instant, str, _Instant]

_DIGEST = "sha256"
_DIGEST_BYTES = 32

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Content).decode


class Bookmark(Struct, frozen=True):
    """The position after which a page begins, in the days as they were at an instant."""

    position: Position
    instant: datetime


class Scope(Struct, frozen=True, omit_defaults=True):
    """What a token is good for: it is refused in every other scope.

    All that decides what a list shows belongs here, and so does who sees it.
    """

    function: str
    parameters: tuple[object, ...]
    caller: tuple[str, ...] = ()


def page_token(bookmark: Bookmark, scope: Scope, keys: Sequence[bytes]) -> str:
    """Return the token of a place in a list, signed with the first key."""
    content = _encode((_VERSION, *bookmark.position, bookmark.instant))
    signed = _signature(keys[0], scope, content) + content
    return base64.urlsafe_b64encode(signed).decode().rstrip("=")


def read_page_token(token: str, scope: Scope, keys: Sequence[bytes]) -> Bookmark:
    """Return the place that a token names.

    Raises PydanticCustomError unless it was issued for this scope with one of the keys.
    """
    try:
        signed = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True)
        signature, content = signed[:_DIGEST_BYTES], signed[_DIGEST_BYTES:]
        if any(hmac.compare_digest(signature, _signature(key, scope, content)) for key in keys):
            _, start, appointment_id, instant = _decode(content)
            return Bookmark((start, appointment_id), instant)
    except ValueError:  # It is not base64, or its content is of another version.
        pass
    message = "is not a token for these parameters; start again without one"
    raise PydanticCustomError("page_token", message)


def expired() -> InvalidRequest:
    """Return the error about a token whose instant the store no longer knows."""
    text = "is too old; start again without one"
    return invalid("page_token", "page_token_expired", text)


def _signature(key: bytes, scope: Scope, content: bytes) -> bytes:
    # The line feed ends the scope, which as JSON contains none.
    return hmac.digest(key, _encode(scope) + b"\n" + content, _DIGEST)
