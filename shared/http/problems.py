"""Refusals and errors to problem documents (RFC 9457)."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from shared.http.request_errors import RequestError, TryAgain
from shared.http.schemas.problem import FieldError, Problem
from shared.http.schemas.time_ranges import (
    ConflictResponse,
    OpeningResponse,
    TimeRange,
    UnavailableOccurrence,
)
from shared.http.times import time_message
from shared.model.appointment import AppointmentStatus
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.rules.conflicts import Conflict
from shared.rules.refusals import (
    InThePast,
    InvalidField,
    OutsideHours,
    OutsideWorkingHours,
    PatientBusy,
    Refusal,
    SeriesUnavailable,
    SlotTaken,
    TimeOff,
    TimeUnavailable,
    TooLate,
    TooSoon,
    UnclearTime,
    WrongStatus,
)
from shared.time_texts import on_clock, written

_STAYS = "the appointment is marked `{}`, and can no longer be moved, cancelled or marked otherwise"
_WRONG_STATUS: Mapping[AppointmentStatus, str] = {
    "arrived": "the patient has arrived; the appointment can only be marked `fulfilled` now",
    "fulfilled": _STAYS.format("fulfilled"),
    "no_show": _STAYS.format("no_show"),
    "cancelled": "the appointment is cancelled; book a new one",
}
"""What can still happen in the states that do not allow everything."""

LONGEST_WAIT_SECONDS = 24 * 60 * 60
"""What `Retry-After` says at most: a client's timer may overflow after 24 days, and end at once."""

ProblemKind = type[RequestError] | type[Refusal]
"""A class that says how clients see it: by code, title and status."""


def header_meanings(kind: ProblemKind) -> Mapping[str, str]:
    """Return the headers of a problem beside those of every answer, and what they mean."""
    if issubclass(kind, RequestError):
        return kind.header_meanings
    tells_when = kind.retry_after is not Refusal.retry_after
    return TryAgain.header_meanings if tells_when else {}


class ProblemResponse(Response):
    """A problem document, and its `code`. It has no body before it has the name of its request."""

    media_type = "application/problem+json"

    def __init__(self, document: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(None, document.status, headers)
        self.code = document.code
        self._document = document

    def name(self, request_id: str) -> None:
        """Say in the document which request the problem occurred in."""
        self._document.instance = request_id
        self.body = json_line(self._document).encode()
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
    wait = None if seconds is None else str(min(seconds, LONGEST_WAIT_SECONDS))
    headers = None if wait is None else {"Retry-After": wait}
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
        case TimeUnavailable():
            return _unavailable_problem(refusal)
        case PatientBusy(doctor=doctor, asked=asked, conflicts=conflicts):
            start, end = (written(instant, doctor.zone) for instant in asked)
            detail = f"the patient has another appointment between {start} and {end}"
            detail += "; choose another time"
            return _problem(refusal, detail, conflicts=_conflicts(conflicts, doctor))
        case UnclearTime() | InvalidField():
            return _field_problem(refusal)
        case SeriesUnavailable():
            return _series_problem(refusal)
        case WrongStatus(appointment_status=status):
            return _problem(refusal, _WRONG_STATUS[status], appointment_status=status)
    return _problem(refusal, _detail(refusal))


def _detail(refusal: Refusal) -> str:
    if isinstance(refusal, InThePast):
        return f"{refusal.detail}, {written(refusal.now, refusal.doctor.zone)}"
    return refusal.detail


def _field_problem(refusal: UnclearTime | InvalidField) -> Problem:
    field = refusal.field
    message = time_message(refusal) if isinstance(refusal, UnclearTime) else refusal.message
    errors = [FieldError(field=field, message=message, type=refusal.problem)]
    return _problem(refusal, f"{field}: {message}", errors=errors)


def _unavailable_problem(refusal: TimeUnavailable) -> Problem:
    """Return why it cannot be then, and when it can."""
    doctor, asked = refusal.doctor, _spoken(refusal.asked, refusal.doctor)
    start, zone = written(refusal.asked.start, doctor.zone), doctor.zone
    members: dict[str, Any] = {"openings": _openings(refusal)}
    match refusal:
        case SlotTaken(conflicts=conflicts):
            why = f"{doctor.name} is not free from {asked}"
            members["conflicts"] = _conflicts(conflicts, doctor)
            if refusal.retry_after is not None:
                members["retry_after"] = refusal.retry_after
        case TimeOff():
            why = f"{doctor.name} is away for at least a part of the time from {asked}"
        case OutsideWorkingHours():
            why = f"{doctor.name} does not work all of the time from {asked}"
        case TooSoon(earliest=earliest):
            why = f"{start} is too soon; start at {written(earliest, zone)} or later"
            members["earliest"] = on_clock(earliest, zone)
        case TooLate(latest=latest):
            why = f"{start} is too far ahead; start at {written(latest, zone)} or earlier"
            members["latest"] = on_clock(latest, zone)
        case _:
            raise TypeError(type(refusal))
    if isinstance(refusal, OutsideHours):
        members["working_hours"] = [TimeRange.of(w, doctor) for w in refusal.working_windows]
    return _problem(refusal, f"{why}{_hint(refusal)}", **members)


def _series_problem(refusal: SeriesUnavailable) -> Problem:
    zone, count = refusal.doctor.zone, len(refusal.unavailable)
    shown = [
        UnavailableOccurrence.of(each, openings, zone)
        for each, openings in zip(refusal.unavailable, refusal.openings, strict=True)
    ]
    detail = f"{count} of {refusal.asked} occurrences cannot be booked, so nothing is booked"
    return _problem(refusal, detail, unavailable=shown)


def _conflicts(conflicts: Iterable[Conflict], doctor: Doctor) -> list[ConflictResponse]:
    return [ConflictResponse.of_conflict(conflict, doctor) for conflict in conflicts]


def _openings(refusal: TimeUnavailable) -> list[OpeningResponse]:
    return [OpeningResponse.of_opening(opening) for opening in refusal.openings]


def _hint(refusal: TimeUnavailable) -> str:
    if not refusal.openings:
        return f"; {refusal.doctor.name} has no opening of that length soon"
    start = written(refusal.openings[0].interval.start, refusal.doctor.zone)
    return f"; the next opening of that length starts at {start}"


def _spoken(interval: Interval, doctor: Doctor) -> str:
    return f"{written(interval.start, doctor.zone)} to {written(interval.end, doctor.zone)}"
