"""Answers out: models, outcomes and problems to responses."""

from collections.abc import Mapping

from pydantic import BaseModel
from starlette.responses import Response

from shared.models import Doctor, Interval
from shared.outcomes import (
    InThePast,
    KeyReused,
    OutsideWorkingHours,
    Refusal,
    SlotTaken,
    Unbookable,
)
from shared.wire.problems import Problem, problem
from shared.wire.schemas import OpeningAnswer, TimeRange

RETRY_AFTER_SECONDS = 1


def answer(
    model: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A model as JSON."""
    return Response(model.model_dump_json(), status, headers, media_type="application/json")


def problem_answer(document: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """A problem document."""
    body = document.model_dump_json()
    return Response(body, document.status, headers, media_type="application/problem+json")


def try_again() -> Response:
    """503: whether it happened is not known, and trying again does no harm."""
    detail = (
        "the store gave no certain answer in time; send it again, with the same idempotency key"
    )
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return problem_answer(problem("try_again", detail), headers)


def refusal_answer(refusal: Refusal) -> Response:
    """Why the rules refused a request."""
    return problem_answer(_refusal_problem(refusal))


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
        case InThePast():
            return problem("in_the_past", "start must not be before now")
        case KeyReused():
            detail = "this idempotency key was used for another request; take a new one"
            return problem("idempotency_key_reused", detail)
    raise TypeError(type(refusal))


def _openings(refusal: Unbookable) -> list[OpeningAnswer]:
    return [OpeningAnswer.of_opening(opening) for opening in refusal.openings]


def _hint(refusal: Unbookable) -> str:
    if not refusal.openings:
        return ", and has no opening of that length soon"
    start = refusal.openings[0].interval.start.astimezone(refusal.doctor.zone)
    return f"; the next opening of that length starts at {start.isoformat()}"


def _spoken(interval: Interval, doctor: Doctor) -> str:
    start, end = (i.astimezone(doctor.zone).isoformat() for i in (interval.start, interval.end))
    return f"{start} to {end}"
