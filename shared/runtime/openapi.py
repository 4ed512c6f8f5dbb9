"""The OpenAPI document, made from the models. `python -m shared.runtime.openapi` prints it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.http.problems import (
    KINDS,
    InvalidRequestProblem,
    OutsideWorkingHoursProblem,
    Problem,
    SlotTakenProblem,
)
from shared.http.schemas import (
    AppointmentPage,
    AppointmentResponse,
    CancelAppointment,
    CreateAppointment,
    FirstAvailable,
    GetAppointment,
    ListAppointments,
    Openings,
    PatientResponse,
    RescheduleAppointment,
    ValidatedAppointment,
)

VERSION = "1.0.0"
_PREFIX = "#/components/schemas/"
_ANSWERS = (AppointmentResponse, AppointmentPage, Openings, ValidatedAppointment)
_PROBLEMS = (Problem, InvalidRequestProblem, SlotTakenProblem, OutsideWorkingHoursProblem)
_ALWAYS = ("invalid_request", "method_not_allowed", "internal_error", "try_again")
_BODY_ALWAYS = (*_ALWAYS, "body_too_large", "unsupported_media_type")
_REFUSALS = (
    "unknown_doctor",
    "slot_taken",
    "outside_working_hours",
    "in_the_past",
    "idempotency_key_reused",
)
_OWN_PROBLEM: Mapping[str, type[Problem]] = {
    "invalid_request": InvalidRequestProblem,
    "slot_taken": SlotTakenProblem,
    "outside_working_hours": OutsideWorkingHoursProblem,
}

_HEADERS = {
    405: {"Allow": {"description": "what is allowed", "schema": {"type": "string"}}},
    503: {"Retry-After": {"description": "in seconds", "schema": {"type": "string"}}},
}
_ID = "strange.20300107.5b0ddbd6b5e27a1cb2b6e3f4"
_EXAMPLES = {
    "doctor_id": "strange",
    "start": "2030-01-07T00:00:00",
    "end": "2030-01-14T00:00:00",
    "appointment_id": _ID,
}
_BOOKING = {
    "doctor_id": "strange",
    "start": "2030-01-07T09:00:00",
    "duration_minutes": 30,
    "patient": {"name": "Ada Lovelace", "email": "ada@example.org"},
    "reason": "check-up",
}
_MOVE = {"appointment_id": _ID, "start": "2030-01-08T14:00:00"}
_CANCELLATION = {"appointment_id": _ID, "reason": "the patient is well again"}

Json = dict[str, Any]
_Used = tuple[type[BaseModel], Literal["validation", "serialization"]]


def document() -> Json:
    """The whole document, as JSON values."""
    bodies = (CreateAppointment, CancelAppointment, RescheduleAppointment)
    requests: list[_Used] = [(model, "validation") for model in bodies]
    answers: list[_Used] = [(model, "serialization") for model in (*_ANSWERS, *_PROBLEMS)]
    _, schemas = models_json_schema([*requests, *answers], ref_template=_PREFIX + "{model}")
    for model in (AppointmentResponse, ValidatedAppointment, PatientResponse):
        properties = schemas["$defs"][model.__name__]["properties"]
        for name, field in properties.items():
            properties[name] = _without_null(field)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Appointments",
            "version": VERSION,
            "description": (
                "Book appointments with doctors, move and cancel them, list them, and find the "
                "next free time. "
                "Overlapping appointments are refused, whatever happens at once."
            ),
        },
        "paths": {
            "/create_appointment": {"post": _create_appointment()},
            "/list_appointments": {"get": _list_appointments()},
            "/first_available": {"get": _first_available()},
            "/get_appointment": {"get": _get_appointment()},
            "/cancel_appointment": {"post": _cancel_appointment()},
            "/reschedule_appointment": {"post": _reschedule_appointment()},
        },
        "components": {"schemas": schemas["$defs"]},
    }


def _create_appointment() -> Json:
    return {
        "operationId": "create_appointment",
        "summary": "Book an appointment, unless the doctor is not free then",
        "parameters": [_idempotency_key()],
        "requestBody": _body(CreateAppointment, _BOOKING),
        "responses": {
            "200": _answer("It could be booked now (`validate_only`)", ValidatedAppointment),
            "201": _answer("Booked", AppointmentResponse, _replayed()),
            **_problems(*_BODY_ALWAYS, *_REFUSALS),
        },
    }


def _get_appointment() -> Json:
    return {
        "operationId": "get_appointment",
        "summary": "Look an appointment up",
        "parameters": list(_query_parameters(GetAppointment)),
        "responses": {
            "200": _answer("The appointment, wherever it was moved to", AppointmentResponse),
            **_problems(*_ALWAYS, "unknown_appointment"),
        },
    }


def _cancel_appointment() -> Json:
    return {
        "operationId": "cancel_appointment",
        "summary": "Give an appointment up; its time is free at once",
        "requestBody": _body(CancelAppointment, _CANCELLATION),
        "responses": {
            "200": _answer("Cancelled, now or before", AppointmentResponse),
            **_problems(*_BODY_ALWAYS, "unknown_appointment", "already_started"),
        },
    }


def _reschedule_appointment() -> Json:
    refusals = ("unknown_appointment", "already_started", "already_cancelled")
    return {
        "operationId": "reschedule_appointment",
        "summary": "Move an appointment to another time, day or doctor; its id stays",
        "parameters": [_idempotency_key()],
        "requestBody": _body(RescheduleAppointment, _MOVE),
        "responses": {
            "200": _answer("Moved", AppointmentResponse, _replayed()),
            **_problems(*_BODY_ALWAYS, *_REFUSALS, *refusals),
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


def _body(model: type[BaseModel], example: Json) -> Json:
    content = {"application/json": {"schema": _reference(model), "example": example}}
    return {"required": True, "content": content}


def _replayed() -> Json:
    description = "`true` if this very request had been granted before"
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
            **({"example": _EXAMPLES[name]} if name in schema.get("required", []) else {}),
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
