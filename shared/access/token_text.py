"""The text of a token to its header and claims; nothing in it is verified here.

What is refused here is refused before any key is looked for. The size and the depth are bounded
before anything is parsed, since everybody can send a token.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from shared.access.errors import InvalidToken

MOST_CHARACTERS = 8192
DEEPEST = 16
LONGEST_KEY_ID = 255
UNSIGNED = "none"

Claims = Mapping[str, Any]

_FORM = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)")
_REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE"
_TYPES = {"jwt", "at+jwt", "application/at+jwt"}
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)


class Token(Struct, frozen=True):
    """A token as it says of itself. `kid` names its key, empty if it names none."""

    text: str
    algorithm: str
    kid: str
    claims: Claims

    @property
    def is_unsigned(self) -> bool:
        """Whether it claims no signature, and has none."""
        return self.algorithm == UNSIGNED and self.text.endswith(".")


def read_token(text: str) -> Token:
    """Return what a token says; InvalidToken if it is not one that could ever count."""
    if len(text) > MOST_CHARACTERS:
        raise InvalidToken(f"the token is longer than {MOST_CHARACTERS} characters")
    form = _FORM.fullmatch(text)
    if form is None:
        raise InvalidToken("the token is not a signed JSON Web Token")
    if form[3] == _REMOVED:
        raise InvalidToken(
            "Google has removed the signature of the token; send the one for Cloud Run in the"
            " header X-Serverless-Authorization"
        )
    header = _object(form[1], "header")
    if "crit" in header:
        raise InvalidToken("the header of the token asks for extensions that are not known here")
    token_type = header.get("typ", "JWT")
    if not isinstance(token_type, str) or token_type.lower() not in _TYPES:
        raise InvalidToken("the token is of another type than JWT")
    claims = _object(form[2], "payload")
    return Token(text, _text(header, "alg"), _text(header, "kid"), claims)


def _text(header: Claims, name: str) -> str:
    text = header.get(name, "")
    if isinstance(text, str) and len(text) <= LONGEST_KEY_ID:
        return text
    raise InvalidToken(f"the {name} of the token must be a short text")


def _object(part: str, name: str) -> Claims:
    """Return a part as an object of JSON that names no member twice."""
    try:
        text = _bytes(part).decode("utf-8")
        if _depth(text) > DEEPEST:
            raise InvalidToken(f"the {name} of the token is nested too deeply")
        value = json.loads(text, object_pairs_hook=_members, parse_constant=_not_json)
    except ValueError:
        raise InvalidToken(f"the {name} of the token is not valid JSON in base64url") from None
    if not isinstance(value, dict):
        raise InvalidToken(f"the {name} of the token is not an object")
    return value


def _bytes(part: str) -> bytes:
    """Return the bytes of a part; ValueError unless it is written as every encoder writes them."""
    decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != part.encode():
        raise ValueError("unused bits are not zero")
    return decoded


def _depth(text: str) -> int:
    """Return how deeply a text of JSON is nested; brackets within texts do not count."""
    depth = deepest = 0
    for mark in _BRACKETS.findall(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(mark, 0)
        deepest = max(deepest, depth)
    return deepest


def _members(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise InvalidToken("the token names a member twice")
    return members


def _not_json(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
