"""Requests in: bodies, query parameters and headers to models. All raise RequestError."""

import asyncio
import re
from codecs import BOM_UTF8
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError
from starlette.requests import Request

from shared.http.request_errors import BodyTooLarge, InvalidRequest, UnsupportedMediaType, invalid
from shared.http.schemas.problem import FieldError
from shared.json_text import repeated_member
from shared.validation import message, place, shown

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

LARGEST_BODY = 64 * 1024
LARGEST_DRAINED = 32 * 1024 * 1024
DRAINING_SECONDS = 5
_PLAIN = ("identity", "")
_BRACKETS = re.compile(r"\[.*\]$", re.DOTALL)


def check_media_type(request: Request) -> None:
    """Refuse a body that does not claim to be plain JSON: 415."""
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType
    encodings = request.headers.getlist("content-encoding")
    if any(encoding.strip().lower() not in _PLAIN for encoding in encodings):
        raise UnsupportedMediaType(compressed=True)


_EMPTY_BODY = FieldError(
    field="body", message="must not be empty; send a JSON object", type="json_invalid"
)


async def read_body(request: Request, model: type[M]) -> M:
    """Return the JSON body as a model: 400 or 413 if it is not one.

    A byte order mark before it is skipped.
    """
    body = (await _bounded_body(request)).removeprefix(BOM_UTF8)
    if request.scope["query_string"] and request.query_params:
        raise InvalidRequest(map(_belongs_in_body, request.query_params))
    if not body:
        raise InvalidRequest([_EMPTY_BODY])
    read = _validated(model, lambda: model.model_validate_json(body))
    if twice := repeated_member(body):
        raise InvalidRequest([_repeated(twice)])
    return read


async def _bounded_body(request: Request) -> bytes:
    """Return the body if it is not too large.

    One that is too large is still read, up to a point: a client that is sending when the
    connection closes may never see the response. If it says so itself, nobody waits long for it.
    """
    declared = request.headers.get("content-length", "")
    too_large = declared.isdecimal() and float(declared) > LARGEST_BODY
    try:
        async with asyncio.timeout(DRAINING_SECONDS if too_large else None):
            return await _read_body(request)
    except TimeoutError:
        raise BodyTooLarge(LARGEST_BODY) from None


async def _read_body(request: Request) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= LARGEST_BODY:
            chunks.append(chunk)
        elif size > LARGEST_DRAINED:
            break
    if size > LARGEST_BODY:
        raise BodyTooLarge(LARGEST_BODY)
    return b"".join(chunks)


def read_query(request: Request, model: type[M], repeatable: str | None = None) -> M:
    """Return the query parameters as a model: 400 if they are wrong.

    Only the `repeatable` one may appear more than once; its field is a list.
    """
    given: dict[str, list[str]] = {}
    query = request.scope["query_string"].decode("latin-1")
    for name, value in parse_qsl(query, keep_blank_values=True):
        given.setdefault(name, []).append(value)
    values: dict[str, Any] = {}
    for name, all_given in given.items():
        if (plain := _BRACKETS.sub("", name)) != name and plain in model.model_fields:
            raise InvalidRequest([_with_brackets(name, plain, repeatable)])
        if name in model.model_fields and name != repeatable and len(all_given) > 1:
            raise InvalidRequest([_repeated(name)])
        values[name] = all_given if name == repeatable else all_given[0]
    return _validated(model, lambda: model.model_validate(values))


def read_idempotency_key(request: Request) -> str | None:
    """Return the `Idempotency-Key` header, bare or a quoted string: 400 if it is not a key."""
    given = request.headers.getlist("idempotency-key")
    if not given:
        return None
    key = re.sub(r'^"(.*)"$', r"\1", given[0])
    if len(given) == 1 and re.fullmatch(r"[\x21-\x7e]{1,255}", key):
        return key
    text = "must be one key of 1 to 255 visible ASCII characters, such as a UUID"
    raise invalid("Idempotency-Key", "idempotency_key", text)


def checked(field: str, convert: Callable[..., T], *args: object) -> T:
    """Return the result of a conversion that a model cannot do alone: 400 if it fails."""
    try:
        return convert(*args)
    except PydanticCustomError as error:
        raise invalid(field, error.type, error.message()) from None


def _validated(model: type[M], validate: Callable[[], M]) -> M:
    try:
        return validate()
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        raise InvalidRequest(_field_error(detail, model) for detail in details) from None


def _repeated(name: str) -> FieldError:
    return _wrong(name, "must appear only once", "repeated")


def _with_brackets(name: str, plain: str, repeatable: str | None) -> FieldError:
    """Return what is wrong with `doctor_id[]`, by which some libraries mean a list."""
    send = "repeat" if plain == repeatable else "send"
    text = f"is not a known name; {send} {plain} without brackets"
    return _wrong(name, text, "extra_forbidden")


def _belongs_in_body(name: str) -> FieldError:
    text = "is not a parameter; send fields in the JSON body"
    return _wrong(name, text, "extra_forbidden")


def _field_error(detail: ErrorDetails, model: type[BaseModel]) -> FieldError:
    field = place(detail["loc"]) if detail["loc"] else detail.get("ctx", {}).get("field", "body")
    return _wrong(field, message(detail, model), detail["type"])


def _wrong(name: str, text: str, kind: str) -> FieldError:
    """Return what is wrong with a field of this name, which a caller may have made up."""
    return FieldError(field=shown(name), message=text, type=kind)
