"""Answers out: models, outcomes and problems to responses."""

from collections.abc import Mapping

from pydantic import BaseModel
from starlette.responses import Response

from shared.http.dependencies import Dependencies
from shared.http.problems import Problem, problem, unknown_appointment
from shared.http.requests import doctor_of
from shared.http.schemas import AppointmentResponse, OpeningResponse, TimeRange
from shared.model.appointment import Appointment
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.rules.outcomes import (
    Accepted,
    AlreadyCancelled,
    AlreadyStarted,
    InThePast,
    KeyReused,
    OutsideWorkingHours,
    Refusal,
    Replayed,
    SlotTaken,
    TimeUnavailable,
    UnknownAppointment,
)

RETRY_AFTER_SECONDS = 1
REPLAYED = {"Idempotent-Replayed": "true"}
_REPLAYED = (b"idempotent-replayed", b"true")

_PLAIN: Mapping[type[Refusal], tuple[str, str]] = {
    InThePast: ("in_the_past", "start must not be before now"),
    AlreadyStarted: (
        "already_started",
        "the appointment has started, so it cannot be moved or cancelled any more",
    ),
    AlreadyCancelled: (
        "already_cancelled",
        "the appointment was cancelled, so it cannot be moved; book a new one",
    ),
    KeyReused: (
        "idempotency_key_reused",
        "this idempotency key was used for another request; take a new one",
    ),
}
"""The code and the detail of what needs no more words."""


def answer(
    model: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A model as JSON."""
    return Response(model.model_dump_json(), status, headers, media_type="application/json")


async def appointment_response(
    dependencies: Dependencies,
    appointment: Appointment,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An appointment, on the clock of its doctor."""
    doctor = await doctor_of(dependencies, appointment)
    return answer(AppointmentResponse.of_appointment(appointment, doctor), status, headers)


async def granted_response(
    dependencies: Dependencies, granted: Accepted | Replayed, status: int = 200
) -> Response:
    """The appointment that was booked or changed, now or when the same was asked before."""
    headers = REPLAYED if isinstance(granted, Replayed) else None
    return await appointment_response(dependencies, granted.appointment, status, headers)


class ProblemResponse(Response):
    """A problem document, of a `code`."""

    media_type = "application/problem+json"

    def __init__(self, document: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(document.model_dump_json(), document.status, headers)
        self.code = document.code


def code_of(response: Response) -> str:
    """What a request came to, in one word: that of a problem, "replayed" or "ok"."""
    if isinstance(response, ProblemResponse):
        return response.code
    return "replayed" if _REPLAYED in response.raw_headers else "ok"


def try_again() -> Response:
    """503: whether it happened is not known, and trying again does no harm."""
    detail = (
        "the store gave no certain answer in time; send it again, with the same idempotency key"
    )
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return ProblemResponse(problem("try_again", detail), headers)


def refusal_response(refusal: Refusal) -> Response:
    """Why the rules refused a request."""
    return ProblemResponse(_refusal_problem(refusal))


def _refusal_problem(refusal: Refusal) -> Problem:
    match refusal:
        case SlotTaken(doctor=doctor, asked=asked, conflicts=conflicts):
            detail = f"{doctor.name} is not free from {_spoken(asked, doctor)}{_hint(refusal)}"
            ranges = [TimeRange.of(conflict, doctor) for conflict in conflicts]
            return problem("slot_taken", detail, conflicts=ranges, openings=_openings(refusal))
        case OutsideWorkingHours(doctor=doctor, asked=asked, working_windows=windows):
            detail = f"{doctor.name} does not work from {_spoken(asked, doctor)}{_hint(refusal)}"
            ranges = [TimeRange.of(window, doctor) for window in windows]
            openings = _openings(refusal)
            return problem("outside_working_hours", detail, working_hours=ranges, openings=openings)
        case UnknownAppointment():
            return unknown_appointment()
    return problem(*_PLAIN[type(refusal)])


def _openings(refusal: TimeUnavailable) -> list[OpeningResponse]:
    return [OpeningResponse.of_opening(opening) for opening in refusal.openings]


def _hint(refusal: TimeUnavailable) -> str:
    if not refusal.openings:
        return ", and has no opening of that length soon"
    start = refusal.openings[0].interval.start.astimezone(refusal.doctor.zone)
    return f"; the next opening of that length starts at {start.isoformat()}"


def _spoken(interval: Interval, doctor: Doctor) -> str:
    start, end = (i.astimezone(doctor.zone).isoformat() for i in (interval.start, interval.end))
    return f"{start} to {end}"
