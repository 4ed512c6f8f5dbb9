"""Page tokens: where to go on, bound to the request that they were given out for.

Opaque to clients, but no secret: whoever forges one learns nothing that the list would not say.
"""

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from pydantic_core import PydanticCustomError

from shared.queries import Position

LAST_MINUTE = int(datetime(9998, 12, 31, tzinfo=UTC).timestamp()) // 60


def page_token(position: Position, *parameters: object) -> str:
    """The token of a position in the list that the parameters ask for."""
    start, appointment_id = position
    minutes = int(start.timestamp()) // 60
    content = json.dumps([_digest(parameters), minutes, appointment_id], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def read_page_token(token: str, *parameters: object) -> Position:
    """The position in a token. Raises PydanticCustomError unless it is of these parameters."""
    match _content(token):
        case [str(digest), int(minutes), str(appointment_id)] if digest == _digest(parameters):
            if 0 <= minutes <= LAST_MINUTE:
                return datetime.fromtimestamp(minutes * 60, UTC), appointment_id
    message = "is not a token that these parameters were answered with; start again without one"
    raise PydanticCustomError("page_token", message)


def _content(token: str) -> Any:  # noqa: ANN401 - whatever a client made up
    try:
        return json.loads(base64.urlsafe_b64decode(token + "=="))
    except (ValueError, RecursionError):
        return None


def _digest(parameters: tuple[object, ...]) -> str:
    return hashlib.sha256(repr(parameters).encode()).hexdigest()[:16]
