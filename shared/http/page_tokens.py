"""Page tokens: where to continue a list, bound to the request that they were issued for.

All pages of a list show the days as they were at the instant of the first page, so that what is
booked, moved or cancelled meanwhile is neither listed twice nor missed.

Opaque to clients, but not secret: a forged one reveals nothing that the list would not.
"""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct
from pydantic_core import PydanticCustomError

from shared.http.errors import InvalidRequest
from shared.http.schemas.problem import FieldError
from shared.queries.appointments import Position

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT = timedelta(microseconds=1)
_LAST = (datetime(9998, 12, 31, tzinfo=UTC) - _EPOCH) // _UNIT


class Bookmark(Struct, frozen=True):
    """The position after which a page begins, in the days as they were at an instant."""

    position: Position
    instant: datetime


def page_token(bookmark: Bookmark, *parameters: object) -> str:
    """Return the token of a place in the list that the parameters ask for."""
    start, appointment_id = bookmark.position
    times = [(time - _EPOCH) // _UNIT for time in (start, bookmark.instant)]
    content = json.dumps([_digest(parameters), *times, appointment_id], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def read_page_token(token: str, *parameters: object) -> Bookmark:
    """Return the place that a token names; PydanticCustomError if it is of other parameters."""
    match _content(token):
        case [str(digest), int(start), int(instant), str(appointment_id)] if (
            digest == _digest(parameters) and 0 <= start <= _LAST and 0 <= instant <= _LAST
        ):
            return Bookmark((_time(start), appointment_id), _time(instant))
    message = "is not a token for these parameters; start again without one"
    raise PydanticCustomError("page_token", message)


def expired() -> InvalidRequest:
    """Return the error about a token whose instant the store no longer knows."""
    text = "is too old; start again without one"
    return InvalidRequest([FieldError(field="page_token", message=text, type="page_token_expired")])


def _time(number: int) -> datetime:
    return _EPOCH + number * _UNIT


def _content(token: str) -> Any:  # noqa: ANN401 - whatever a client made up
    try:
        return json.loads(base64.urlsafe_b64decode(token + "=="))
    except (ValueError, RecursionError):
        return None


def _digest(parameters: tuple[object, ...]) -> str:
    return hashlib.sha256(repr(parameters).encode()).hexdigest()[:16]
