"""Refusals and errors to problem documents (RFC 9457)."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from shared.http.errors import RequestError, TryAgain
from shared.http.schemas.opening import ConflictResponse, OpeningResponse, TimeRange
from shared.http.schemas.problem import (
    FieldError,
    InvalidRequestProblem,
    OutsideWorkingHoursProblem,
    PatientBusyProblem,
    Problem,
    SlotTakenProblem,
)
from shared.http.times import time_message, written
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.rules.conflicts import Conflict
from shared.rules.outcomes import (
    OutsideWorkingHours,
    PatientBusy,
    Refusal,
    SlotTaken,
    TimeUnavailable,
    UnclearTime,
)

PROBLEM_MODELS: Mapping[str, type[Problem]] = {
    UnclearTime.code: InvalidRequestProblem,
    SlotTaken.code: SlotTakenProblem,
    PatientBusy.code: PatientBusyProblem,
    OutsideWorkingHours.code: OutsideWorkingHoursProblem,
}
"""The models of those codes that have members of their own; `Problem` of all others."""


ProblemKind = type[RequestError] | type[Refusal]
"""A class that says how clients see it: by code, title and status."""


def header_meanings(kind: ProblemKind) -> Mapping[str, str]:
    """Return the headers of a problem beside those of every answer, and what they mean."""
    if issubclass(kind, RequestError):
        return kind.header_meanings
    tells_when = kind.retry_after is not Refusal.retry_after
    return TryAgain.header_meanings if tells_when else {}


class ProblemResponse(Response):
    """A problem document, and its `code`."""

    media_type = "application/problem+json"

    def __init__(self, document: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(json_line(document), document.status, headers)
        self.code = document.code
        self._document = document

    def name(self, request_id: str) -> None:
        """Say in the document which request the problem occurred in."""
        self.body = json_line(self._document.model_copy(update={"instance": request_id})).encode()
        self.headers["Content-Length"] = str(len(self.body))


def json_line(document: BaseModel) -> str:
    """Return a document as JSON that ends with a line feed, as terminals like it."""
    return document.model_dump_json() + "\n"


def error_response(error: RequestError) -> ProblemResponse:
    """Return the response that an error is."""
    return ProblemResponse(_problem(error, error.detail, **error.members), error.headers)


def refusal_response(refusal: Refusal) -> ProblemResponse:
    """Return why the rules refused a request."""
    seconds = refusal.retry_after
    headers = None if seconds is None else {"Retry-After": str(seconds)}
    return ProblemResponse(_refusal_problem(refusal), headers)


def _problem(kind: RequestError | Refusal, detail: str, **members: Any) -> Problem:  # noqa: ANN401 - JSON values
    return Problem(
        type=f"urn:appointments:problem:{kind.code}",
        title=kind.title,
        status=kind.status,
        detail=detail,
        code=kind.code,
        instance="",
        **members,
    )


def _refusal_problem(refusal: Refusal) -> Problem:
    match refusal:
        case SlotTaken(doctor=doctor, asked=asked, conflicts=conflicts):
            detail = f"{doctor.name} is not free from {_spoken(asked, doctor)}{_hint(refusal)}"
            parts = _conflicts(conflicts, doctor)
            return _problem(refusal, detail, conflicts=parts, openings=_openings(refusal))
        case PatientBusy(doctor=doctor, asked=asked, conflicts=conflicts):
            detail = f"the patient has another appointment from {_spoken(asked, doctor)}"
            return _problem(refusal, detail, conflicts=_conflicts(conflicts, doctor))
        case OutsideWorkingHours(doctor=doctor, asked=asked, working_windows=windows):
            detail = f"{doctor.name} does not work from {_spoken(asked, doctor)}{_hint(refusal)}"
            ranges = [TimeRange.of(window, doctor) for window in windows]
            return _problem(refusal, detail, working_hours=ranges, openings=_openings(refusal))
        case UnclearTime(field=field, problem=problem):
            message = time_message(refusal)
            errors = [FieldError(field=field, message=message, type=problem)]
            return _problem(refusal, f"{field}: {message}", errors=errors)
    return _problem(refusal, refusal.detail)


def _conflicts(conflicts: Iterable[Conflict], doctor: Doctor) -> list[ConflictResponse]:
    return [ConflictResponse.of_conflict(conflict, doctor) for conflict in conflicts]


def _openings(refusal: TimeUnavailable) -> list[OpeningResponse]:
    return [OpeningResponse.of_opening(opening) for opening in refusal.openings]


def _hint(refusal: TimeUnavailable) -> str:
    if not refusal.openings:
        return ", and has no opening of that length soon"
    start = written(refusal.openings[0].interval.start, refusal.doctor.zone)
    return f"; the next opening of that length starts at {start}"


def _spoken(interval: Interval, doctor: Doctor) -> str:
    return f"{written(interval.start, doctor.zone)} to {written(interval.end, doctor.zone)}"
