"""Requests in: bodies, query parameters and headers to models. All raise `Rejected`."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError
from starlette.requests import Request

from shared.http.dependencies import Dependencies
from shared.http.problems import FieldError, RequestError, invalid, problem, unknown_appointment
from shared.http.schemas import CreateAppointment, RescheduleAppointment, check_order
from shared.http.times import to_instant
from shared.model.appointment import Appointment
from shared.model.appointment_id import home_day
from shared.model.day import DayKey
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.store.port import StoreUnavailable
from shared.validation import message, place

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

LARGEST_BODY = 64 * 1024
LARGEST_DRAINED = 32 * 1024 * 1024
LONGEST_NAME = 200
NO_TIME = timedelta()
MOST_ERRORS = 20  # More would help nobody, and a hostile request could ask for thousands.


async def read_body(request: Request, model: type[M]) -> M:
    """The JSON body as a model: 400, 413 or 415 where it is none."""
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        detail = 'send JSON, with the header "Content-Type: application/json"'
        raise RequestError(problem("unsupported_media_type", detail))
    body = await _bounded_body(request)
    if request.scope["query_string"] and request.query_params:
        names = list(request.query_params)[:MOST_ERRORS]
        raise invalid(_belongs_into_body(name) for name in names)
    return _validated(model, lambda: model.model_validate_json(body))


async def _bounded_body(request: Request) -> bytes:
    """The body, if it is not too large.

    One that is too large is still read, up to a point: a client that is sending when the
    connection closes may never see the answer.
    """
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= LARGEST_BODY:
            chunks.append(chunk)
        elif size > LARGEST_DRAINED:
            break
    if size > LARGEST_BODY:
        detail = f"the body must have at most {LARGEST_BODY} bytes"
        raise RequestError(problem("body_too_large", detail))
    return b"".join(chunks)


def read_query(request: Request, model: type[M], repeatable: str | None = None) -> M:
    """The query parameters as a model: 400 where they are wrong.

    Only the `repeatable` one may stand there more than once; its field is a list.
    """
    given: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        given.setdefault(name, []).append(value)
    values: dict[str, Any] = {}
    for name, all_given in given.items():
        if name != repeatable and len(all_given) > 1:
            raise invalid(
                [FieldError(field=name, message="must stand there once", type="repeated")]
            )
        values[name] = all_given if name == repeatable else all_given[0]
    return _validated(model, lambda: model.model_validate(values))


def read_idempotency_key(request: Request) -> str | None:
    """The `Idempotency-Key` header, bare or as a quoted string: 400 where it is no key."""
    given = request.headers.getlist("idempotency-key")
    if not given:
        return None
    key = re.sub(r'^"(.*)"$', r"\1", given[0])
    if len(given) == 1 and re.fullmatch(r"[\x21-\x7e]{1,255}", key):
        return key
    text = "must be one key of 1 to 255 visible ASCII characters, such as a UUID"
    raise invalid([FieldError(field="Idempotency-Key", message=text, type="idempotency_key")])


def checked(field: str, convert: Callable[..., T], *args: object) -> T:
    """The result of a conversion that a model cannot do alone: 400 where it fails."""
    try:
        return convert(*args)
    except PydanticCustomError as error:
        raise invalid([FieldError(field=field, message=error.message(), type=error.type)]) from None


def asked_interval(
    asked: CreateAppointment | RescheduleAppointment, doctor: Doctor, usual: timedelta = NO_TIME
) -> Interval:
    """The time that is asked for, on the doctor's clock; of the `usual` length if none is given.

    400 where the clock does not show it once, or where it ends before it starts.
    """
    start = checked("start", to_instant, asked.start, doctor.zone)
    if asked.end is None:
        minutes = asked.duration_minutes
        return Interval(start, start + (timedelta(minutes=minutes) if minutes else usual))
    end = checked("end", to_instant, asked.end, doctor.zone)
    checked("end", check_order, start, end)
    return Interval(start, end)


async def find_doctor(dependencies: Dependencies, doctor_id: str) -> Doctor:
    """The doctor of this id: 404 where there is none."""
    doctors = await dependencies.doctor_cache.doctors()
    if doctor := doctors.get(doctor_id):
        return doctor
    known = ", ".join(f'"{name}"' for name in list(doctors)[:10])
    detail = f'there is no doctor "{doctor_id}"; there are for example {known}'
    raise RequestError(problem("unknown_doctor", detail))


async def doctor_of(dependencies: Dependencies, appointment: Appointment) -> Doctor:
    """The doctor of an appointment. Raises Unavailable while this instance does not know them."""
    doctors = await dependencies.doctor_cache.doctors()
    if doctor := doctors.get(appointment.doctor_id):
        return doctor
    raise StoreUnavailable(f"the doctor {appointment.doctor_id} is new, or was taken away by hand")


def find_home(appointment_id: str) -> DayKey:
    """The day that knows an appointment: 404 where the id is none of ours."""
    if home := home_day(appointment_id):
        return home
    raise RequestError(unknown_appointment())


def _validated(model: type[M], validate: Callable[[], M]) -> M:
    try:
        return validate()
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)[:MOST_ERRORS]
        raise invalid(_field_error(detail, model) for detail in details) from None


def _belongs_into_body(name: str) -> FieldError:
    text = "is not known here; send fields in the JSON body"
    return FieldError(field=name[:LONGEST_NAME], message=text, type="extra_forbidden")


def _field_error(detail: ErrorDetails, model: type[BaseModel]) -> FieldError:
    field = place(detail["loc"]) if detail["loc"] else detail.get("ctx", {}).get("field", "body")
    return FieldError(
        field=field[:LONGEST_NAME], message=message(detail, model), type=detail["type"]
    )
