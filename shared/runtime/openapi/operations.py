"""One function as an operation of the document."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from shared.http.endpoint import Endpoint
from shared.http.schemas.appointment import AppointmentResponse
from shared.runtime.openapi.examples import CALENDAR_FILE, Schemas, example_of
from shared.runtime.openapi.glossary import GLOSSARY
from shared.runtime.openapi.headers import (
    CONDITIONS,
    ENTITY_TAG,
    FILE_NAME,
    IDEMPOTENCY_KEY,
    REPLAYED,
    common_headers,
)
from shared.runtime.openapi.problems import problem_responses
from shared.runtime.openapi.schemas import Json, name_of, parameter_schema, reference
from shared.runtime.openapi.security import security

_CALENDAR: Json = {
    "text/calendar": {
        "schema": {"type": "string", "description": "iCalendar (RFC 5545), in UTF-8"},
        "example": CALENDAR_FILE,
    }
}


def operation(function: Endpoint, schemas: Schemas) -> Json:
    """Return a function as an operation; `schemas` are those that it refers to."""
    made: Json = {
        "operationId": function.name,
        "tags": [function.group],
        "summary": function.summary,
        "description": function.description,
        "security": security(function),
    }
    parameters = [IDEMPOTENCY_KEY] if function.idempotent else []
    parameters += [CONDITIONS[function.method]] if function.conditional else []
    if function.method == "GET":
        parameters += _query_parameters(function.takes, function.example)
    if parameters:
        made["parameters"] = parameters
    if function.has_body:
        content = {"schema": reference(name_of(function.takes)), "example": function.example}
        made["requestBody"] = {"required": True, "content": {"application/json": content}}
    responses = {str(status): _success(function, status, schemas) for status in function.responses}
    if function.conditional and function.method == "GET":
        responses["304"] = {
            "description": "The client has the latest version",
            "headers": common_headers() | ENTITY_TAG,
        }
    made["responses"] = responses | problem_responses(function.all_problems())
    return made


def _query_parameters(model: type[BaseModel], example: Mapping[str, Any]) -> Iterable[Json]:
    schema = model.model_json_schema()
    for name, field in schema["properties"].items():
        described = parameter_schema(field)
        described.pop("description", None)
        meaning = _meaning(field) or GLOSSARY[name].meaning
        yield {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", []),
            "description": meaning,
            "schema": described,
            **({"example": example[name]} if name in example else {}),
        }


def _meaning(field: Json) -> str | None:
    """Return what the model says that a parameter means, if it does."""
    said = (each.get("description") for each in (field, *field.get("anyOf", ())))
    return next(filter(None, said), None)


def _success(function: Endpoint, status: int, schemas: Schemas) -> Json:
    success = function.responses[status]
    content, headers = _CALENDAR, common_headers()
    if success.model:
        schema = reference(name_of(success.model))
        example = example_of(schema, schemas) | success.example
        content = {"application/json": {"schema": schema, "example": example}}
    if success.model is AppointmentResponse or (function.conditional and function.method == "GET"):
        headers |= ENTITY_TAG
    if function.idempotent and status == max(function.responses):
        headers |= REPLAYED
    if not success.model:
        headers |= FILE_NAME
    return {"description": success.meaning, "headers": headers, "content": content}
