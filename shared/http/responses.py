"""Responses out: models and outcomes to HTTP."""

import hashlib
from collections.abc import Mapping

from pydantic import BaseModel
from starlette.responses import Response

from shared.http.dependencies import Dependencies
from shared.http.entity_tags import version_tag
from shared.http.lookups import doctor_of
from shared.http.problems import ProblemResponse, json_line, refusal_response
from shared.http.schemas.appointment import AppointmentResponse
from shared.model.appointment import Appointment
from shared.rules.outcomes import Accepted, Outcome, Replayed, Unchanged
from shared.rules.refusals import Refusal

REPLAYED = {"Idempotent-Replayed": "true"}
_REPLAYED = (b"idempotent-replayed", b"true")


def json_response(
    model: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a model as JSON."""
    return Response(json_line(model), status, headers, media_type="application/json")


def calendar_response(content: bytes, tag: str, name: str) -> Response:
    """Return a calendar file, with its entity tag, under a name of visible ASCII."""
    headers = {"ETag": tag, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, headers=headers, media_type="text/calendar")


def content_tag(model: BaseModel) -> str:
    """Return the entity tag of an answer with this content, whatever else may be in it: weak."""
    return f"W/{digest_tag(model.model_dump_json().encode())}"


def digest_tag(content: bytes) -> str:
    """Return the entity tag of whatever has this content, or depends on nothing else: strong."""
    return f'"{hashlib.blake2b(content, digest_size=16).hexdigest()}"'


async def appointment_response(
    dependencies: Dependencies,
    appointment: Appointment,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an appointment on the clock of its doctor, with its version as the entity tag."""
    doctor = await doctor_of(dependencies, appointment)
    shown = AppointmentResponse.of_appointment(appointment, doctor)
    tag = {"ETag": version_tag(appointment.version)}
    return json_response(shown, status, {**tag, **(headers or {})})


async def outcome_response(
    dependencies: Dependencies, outcome: Outcome, status: int = 200
) -> Response:
    """Return what a command came to: the appointment, or why not."""
    match outcome:
        case Accepted(appointment) | Unchanged(appointment):
            return await appointment_response(dependencies, appointment, status)
        case Replayed(appointment):
            return await appointment_response(dependencies, appointment, status, REPLAYED)
        case Refusal():
            return refusal_response(outcome)
    raise TypeError(type(outcome))


def code_of(response: Response) -> str:
    """Return what a request came to in one word: the code of a problem, "replayed" or "ok"."""
    if isinstance(response, ProblemResponse):
        return response.code
    return "replayed" if _REPLAYED in response.raw_headers else "ok"
