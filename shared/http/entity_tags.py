"""Entity tags: which version of what it names a request is about (RFC 9110, sections 8.8 and 13.1).

The tag of an appointment is its version in quotes.
"""

import re
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from shared.http.request_errors import invalid

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(rf"[ \t]*{_TAG}(?:[ \t]*,[ \t]*{_TAG})*[ \t]*")
_VERSION = re.compile(r'"([1-9][0-9]{0,17})"')
_NOT_MODIFIED = 304
_OK = 200


def version_tag(version: int) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


def read_if_match(request: Request) -> frozenset[int] | None:
    """Return the versions that a request is about: None if it is about any. 400 if malformed.

    Tags that no version of ours has match none, and neither do weak ones, as they name several.
    """
    given = request.headers.getlist("if-match")
    if not given or given == ["*"]:
        return None
    tags = _tags(given)
    if tags is None:
        text = 'must be the ETag of an appointment as it was received, such as "3" in its quotes'
        raise invalid("If-Match", "entity_tag", text)
    return frozenset(int(found[1]) for tag in tags if (found := _VERSION.fullmatch(tag)))


def if_modified(request: Request, response: Response) -> Response:
    """Return a response, or 304 without a body if the client has what its entity tag names."""
    tag = response.headers.get("etag")
    if tag is None or response.status_code != _OK or not is_known(request, tag):
        return response
    return not_modified(tag)


def not_modified(tag: str) -> Response:
    """Return the answer to a client that has what an entity tag names."""
    return Response(status_code=_NOT_MODIFIED, headers={"ETag": tag})


def is_known(request: Request, tag: str) -> bool:
    """Whether a request names this tag in `If-None-Match`; what is malformed names nothing."""
    given = request.headers.getlist("if-none-match")
    strong = [each.removeprefix("W/") for each in _tags(given) or ()]
    return given == ["*"] or tag.removeprefix("W/") in strong


def _tags(given: Sequence[str]) -> list[str] | None:
    """Return the tags of a header, which may come in several lines; None if it is malformed."""
    joined = ", ".join(given)
    return re.findall(_TAG, joined) if _TAGS.fullmatch(joined) else None
