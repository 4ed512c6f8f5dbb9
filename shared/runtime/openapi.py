"""The OpenAPI document, made from the endpoints. `python -m shared.runtime.openapi` prints it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.http.endpoint import Endpoint, Success
from shared.http.finishing import API_VERSION
from shared.http.problems import PROBLEM_MODELS, ProblemKind, header_meanings
from shared.http.schemas.appointment import AppointmentResponse
from shared.http.schemas.problem import Problem
from shared.runtime.endpoints import endpoints
from shared.runtime.openapi_security import SECURITY_SCHEMES, security

VERSION = "1.0.0"
_PREFIX = "#/components/schemas/"

_COMMON_HEADERS = {
    "Request-Id": {
        "description": "what the log calls the request: the id of its trace, if it has one",
        "schema": {"type": "string"},
    },
    "API-Version": {
        "description": "the version of this contract",
        "schema": {"type": "string", "const": API_VERSION},
    },
}

_ENTITY_TAG = {
    "ETag": {
        "description": "names what was answered; of an appointment it is the version, in quotes",
        "schema": {"type": "string"},
    },
}

_FILE_NAME = {
    "Content-Disposition": {
        "description": "the name under which browsers save the file",
        "schema": {"type": "string"},
    },
}

Json = dict[str, Any]

_CALENDAR: Json = {
    "text/calendar": {
        "schema": {"type": "string", "description": "iCalendar (RFC 5545), in UTF-8"},
        "example": (
            "BEGIN:VCALENDAR\r\n"
            "VERSION:2.0\r\n"
            "PRODID:-//Appointments//EN\r\n"
            "BEGIN:VEVENT\r\n"
            "SUMMARY:Check-up\\, Doctor Strange\r\n"
            "DTSTART:20300107T140000Z\r\n"
            "DTEND:20300107T143000Z\r\n"
            "DTSTAMP:20291201T090000Z\r\n"
            "UID:strange.20300107.5b0ddbd6b5e27a1cb2b6e3f4\r\n"
            "SEQUENCE:0\r\n"
            "STATUS:CONFIRMED\r\n"
            "END:VEVENT\r\n"
            "END:VCALENDAR\r\n"
        ),
    }
}

_Used = tuple[type[BaseModel], Literal["validation", "serialization"]]


def document() -> Json:
    """Return the whole document, as JSON values."""
    functions = endpoints()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Appointments",
            "version": VERSION,
            "description": (
                "Book appointments with doctors, move and cancel them, list them, and find the "
                "next free time. "
                "Overlapping appointments are refused, whatever happens at once. "
                "Who may call what depends on the token; a deployment with `AUTH=none` asks for "
                "none, and lets everybody do what staff may. "
                "What answers GET answers HEAD, too."
            ),
        },
        "paths": {
            f"/{name}": {function.method.lower(): _operation(function)}
            for name, function in functions.items()
        },
        "components": {
            "schemas": _schemas(functions.values()),
            "headers": _COMMON_HEADERS,
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def _schemas(functions: Iterable[Endpoint]) -> Json:
    bodies = [f.takes for f in functions if f.has_body]
    answers = [s.model for f in functions for s in f.responses.values() if s.model]
    requests: list[_Used] = [(model, "validation") for model in bodies]
    models: list[type[BaseModel]] = [*answers, Problem, *PROBLEM_MODELS.values()]
    responses: list[_Used] = [(model, "serialization") for model in dict.fromkeys(models)]
    _, schemas = models_json_schema([*requests, *responses], ref_template=_PREFIX + "{model}")
    definitions: Json = schemas["$defs"]
    _, asked = models_json_schema(requests, ref_template=_PREFIX + "{model}")
    for name in definitions.keys() - asked["$defs"].keys():
        properties = definitions[name]["properties"]
        left_out = {each: f for each, f in properties.items() if f.get("default", "") is None}
        properties.update({each: _without_null(field) for each, field in left_out.items()})
    return definitions


def _operation(function: Endpoint) -> Json:
    parameters = [_idempotency_key()] if function.idempotent else []
    parameters += [_CONDITIONS[function.method]] if function.conditional else []
    operation: Json = {"operationId": function.name, "summary": function.summary}
    operation["security"] = security(function)
    if function.method == "GET":
        parameters += _query_parameters(function.takes, function.example)
    if function.has_body:
        operation["requestBody"] = _body(function.takes, function.example)
    if parameters:
        operation["parameters"] = parameters
    successes = {str(status): _success(function, status) for status in function.responses}
    if function.conditional and function.method == "GET":
        not_modified = "The client has the latest version"
        successes["304"] = {"description": not_modified, "headers": _headers(_ENTITY_TAG)}
    operation["responses"] = {**successes, **_problems(function.all_problems())}
    return operation


_TAG = {"schema": {"type": "string"}, "example": '"1"'}
_CONDITIONS: Mapping[str, Json] = {
    "GET": {
        "name": "If-None-Match",
        "in": "header",
        "description": "the `ETag` of what the client has: the answer is 304 if that is the latest",
        **_TAG,
    },
    "POST": {
        "name": "If-Match",
        "in": "header",
        "description": (
            "the `ETag` of the appointment as the client knows it, or several of them with commas "
            "between: the answer is 412 if it has changed since"
        ),
        **_TAG,
    },
}


def _idempotency_key() -> Json:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "description": (
            "Makes the request safe to send again: the same key and the same request take "
            "effect once, and are answered with the same appointment, as it is by then."
        ),
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    }


def _body(model: type[BaseModel], example: Mapping[str, Any]) -> Json:
    content = {"application/json": {"schema": _reference(model), "example": example}}
    return {"required": True, "content": content}


def _query_parameters(model: type[BaseModel], example: Mapping[str, Any]) -> Iterable[Json]:
    schema = model.model_json_schema()
    for name, field in schema["properties"].items():
        described = _without_null(field)
        yield {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", []),
            "description": described.pop("description", ""),
            "schema": described,
            **({"example": example[name]} if name in example else {}),
        }


def _without_null(field: Json) -> Json:
    """Return the schema of a field that may be absent, but then is not null either."""
    choices = [choice for choice in field.get("anyOf", [field]) if choice.get("type") != "null"]
    described = {**field, **choices[0]}
    described.pop("anyOf", None)
    described.pop("title", None)
    if described.get("default", "") is None:
        del described["default"]
    return described


def _success(function: Endpoint, status: int) -> Json:
    success: Success = function.responses[status]
    content = _CALENDAR
    if success.model:
        content = {"application/json": {"schema": _reference(success.model)}}
    headers: Json = {}
    if success.model is AppointmentResponse or (function.conditional and function.method == "GET"):
        headers |= _ENTITY_TAG
    if function.idempotent and status == max(function.responses):
        replayed = "`true` if this very request had been granted before"
        headers |= {"Idempotent-Replayed": {"description": replayed, "schema": {"const": "true"}}}
    if not success.model:
        headers |= _FILE_NAME
    return {"description": success.meaning, "content": content, "headers": _headers(headers)}


def _headers(own: Json) -> Json:
    """Return the headers of an answer: those that every one has, then its own."""
    common = {name: {"$ref": f"#/components/headers/{name}"} for name in _COMMON_HEADERS}
    return {**common, **own}


def _problems(kinds: Iterable[ProblemKind]) -> Json:
    """Return the problems of these kinds; those that share a status share an entry."""
    by_status: dict[int, list[ProblemKind]] = {}
    for kind in kinds:
        by_status.setdefault(kind.status, []).append(kind)
    return {str(status): _problem(by_status[status]) for status in sorted(by_status)}


def _problem(kinds: list[ProblemKind]) -> Json:
    models = dict.fromkeys(PROBLEM_MODELS.get(kind.code, Problem) for kind in kinds)
    schemas = [_reference(model) for model in models]
    schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    described = "; ".join(dict.fromkeys(f"`{kind.code}`: {kind.title}" for kind in kinds))
    content = {"application/problem+json": {"schema": schema}}
    headers = {
        name: {"description": meaning, "schema": {"type": "string"}}
        for kind in kinds
        for name, meaning in header_meanings(kind).items()
    }
    return {"description": described, "content": content, "headers": _headers(headers)}


def _reference(model: type[BaseModel]) -> Json:
    return {"$ref": _PREFIX + model.__name__}


if __name__ == "__main__":
    print(json.dumps(document(), indent=2))
