"""The OpenAPI document, made from the models. `python -m shared.openapi` prints it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.wire.problems import (
    KINDS,
    InvalidRequestProblem,
    OutsideWorkingHoursProblem,
    Problem,
    SlotTakenProblem,
)
from shared.wire.schemas import (
    AppointmentAnswer,
    AppointmentPage,
    CreateAppointment,
    FirstAvailable,
    ListAppointments,
    Openings,
    PatientAnswer,
    ValidatedAppointment,
)

VERSION = "1.0.0"
_PREFIX = "#/components/schemas/"
_ANSWERS = (AppointmentAnswer, AppointmentPage, Openings, ValidatedAppointment)
_PROBLEMS = (Problem, InvalidRequestProblem, SlotTakenProblem, OutsideWorkingHoursProblem)
_ALWAYS = ("invalid_request", "method_not_allowed", "internal_error", "try_again")
_BODY_ALWAYS = (*_ALWAYS, "body_too_large", "unsupported_media_type")
_OWN_PROBLEM: Mapping[str, type[Problem]] = {
    "invalid_request": InvalidRequestProblem,
    "slot_taken": SlotTakenProblem,
    "outside_working_hours": OutsideWorkingHoursProblem,
}

_HEADERS = {
    405: {"Allow": {"description": "what is allowed", "schema": {"type": "string"}}},
    503: {"Retry-After": {"description": "in seconds", "schema": {"type": "string"}}},
}
_WEEK = {"doctor_id": "strange", "start": "2030-01-07T00:00:00", "end": "2030-01-14T00:00:00"}
_BOOKING = {
    "doctor_id": "strange",
    "start": "2030-01-07T09:00:00",
    "duration_minutes": 30,
    "patient": {"name": "Ada Lovelace", "email": "ada@example.org"},
    "reason": "check-up",
}

Json = dict[str, Any]
_Used = tuple[type[BaseModel], Literal["validation", "serialization"]]


def document() -> Json:
    """The whole document, as JSON values."""
    requests: list[_Used] = [(CreateAppointment, "validation")]
    answers: list[_Used] = [(model, "serialization") for model in (*_ANSWERS, *_PROBLEMS)]
    _, schemas = models_json_schema([*requests, *answers], ref_template=_PREFIX + "{model}")
    for model in (AppointmentAnswer, ValidatedAppointment, PatientAnswer):
        properties = schemas["$defs"][model.__name__]["properties"]
        for name, field in properties.items():
            properties[name] = _without_null(field)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Appointments",
            "version": VERSION,
            "description": (
                "Book appointments with doctors, list them, and find the next free time. "
                "Overlapping appointments are refused, whatever happens at once."
            ),
        },
        "paths": {
            "/create_appointment": {"post": _create_appointment()},
            "/list_appointments": {"get": _list_appointments()},
            "/first_available": {"get": _first_available()},
        },
        "components": {"schemas": schemas["$defs"]},
    }


def _create_appointment() -> Json:
    refusals = ("unknown_doctor", "slot_taken", "outside_working_hours", "in_the_past")
    return {
        "operationId": "create_appointment",
        "summary": "Book an appointment, unless the doctor is not free then",
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": (
                    "Makes the request safe to send again: the same key and the same request "
                    "book once, and are answered with the same appointment."
                ),
                "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": _reference(CreateAppointment), "example": _BOOKING}
            },
        },
        "responses": {
            "200": _answer("It could be booked now (`validate_only`)", ValidatedAppointment),
            "201": _answer("Booked", AppointmentAnswer, _replayed()),
            **_problems(*_BODY_ALWAYS, *refusals, "idempotency_key_reused"),
        },
    }


def _replayed() -> Json:
    description = "`true` if this very request had booked it before"
    return {"Idempotent-Replayed": {"description": description, "schema": {"const": "true"}}}


def _list_appointments() -> Json:
    return {
        "operationId": "list_appointments",
        "summary": "List a doctor's appointments that overlap a time window",
        "parameters": list(_query_parameters(ListAppointments)),
        "responses": {
            "200": _answer("A page of them, by start", AppointmentPage),
            **_problems(*_ALWAYS, "unknown_doctor"),
        },
    }


def _first_available() -> Json:
    return {
        "operationId": "first_available",
        "summary": "Find the first times that can be booked",
        "parameters": list(_query_parameters(FirstAvailable)),
        "responses": {
            "200": _answer("The openings, by start, or why there is none", Openings),
            **_problems(*_ALWAYS, "unknown_doctor"),
        },
    }


def _query_parameters(model: type[BaseModel]) -> Iterable[Json]:
    schema = model.model_json_schema()
    for name, field in schema["properties"].items():
        described = _without_null(field)
        yield {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", []),
            "description": described.pop("description", ""),
            "schema": described,
            **({"example": _WEEK[name]} if name in schema.get("required", []) else {}),
        }


def _without_null(field: Json) -> Json:
    """The schema of a field that may be absent, but then is not null either."""
    choices = [choice for choice in field.get("anyOf", [field]) if choice.get("type") != "null"]
    described = {**field, **choices[0]}
    described.pop("anyOf", None)
    described.pop("title", None)
    if described.get("default", "") is None:
        del described["default"]
    return described


def _answer(description: str, model: type[BaseModel], headers: Json | None = None) -> Json:
    content = {"application/json": {"schema": _reference(model)}}
    answer: Json = {"description": description, "content": content}
    return {**answer, "headers": headers} if headers else answer


def _problems(*codes: str) -> Json:
    """The answers of these codes; those that share a status share an entry."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(KINDS[code][0], []).append(code)
    return {str(status): _problem(status, by_status[status]) for status in sorted(by_status)}


def _problem(status: int, codes: list[str]) -> Json:
    models = dict.fromkeys(_OWN_PROBLEM.get(code, Problem) for code in codes)
    schemas = [_reference(model) for model in models]
    schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    described = "; ".join(f"`{code}`: {KINDS[code][1]}" for code in codes)
    content = {"application/problem+json": {"schema": schema}}
    answer: Json = {"description": described, "content": content}
    return {**answer, "headers": _HEADERS[status]} if status in _HEADERS else answer


def _reference(model: type[BaseModel]) -> Json:
    return {"$ref": _PREFIX + model.__name__}


if __name__ == "__main__":
    print(json.dumps(document(), indent=2))
