"""What can go wrong, as clients see it: problem documents of RFC 9457.

`code` is stable and the last part of `type`; `detail` is for people and may change.
"""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from shared.http.schemas import OpeningResponse, TimeRange

KINDS: dict[str, tuple[int, str]] = {
    "invalid_request": (400, "The request is not valid"),
    "unknown_doctor": (404, "There is no such doctor"),
    "unknown_appointment": (404, "There is no such appointment"),
    "not_found": (404, "There is no such page"),
    "method_not_allowed": (405, "The method is not allowed"),
    "slot_taken": (409, "The time is taken"),
    "body_too_large": (413, "The body is too large"),
    "unsupported_media_type": (415, "The body is not JSON"),
    "outside_working_hours": (422, "The doctor does not work then"),
    "in_the_past": (422, "The time is in the past"),
    "already_started": (422, "The appointment has started"),
    "already_cancelled": (422, "The appointment is cancelled"),
    "idempotency_key_reused": (422, "The idempotency key was used for another request"),
    "internal_error": (500, "Something is wrong on our side"),
    "try_again": (503, "No certain answer in time"),
}
"""The status and the title of every code."""


class Problem(BaseModel):
    """Any error."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str


class FieldError(BaseModel):
    """What is wrong with one field, parameter or header."""

    model_config = ConfigDict(frozen=True)

    field: str
    message: str
    type: str


class InvalidRequestProblem(Problem):
    """400: what is wrong, field by field."""

    code: Literal["invalid_request"]
    errors: list[FieldError]


class SlotTakenProblem(Problem):
    """409: the busy parts of the asked time, and what is free instead."""

    code: Literal["slot_taken"]
    conflicts: list[TimeRange]
    openings: list[OpeningResponse]


class OutsideWorkingHoursProblem(Problem):
    """422: when the doctor works on that date, and what is free instead."""

    code: Literal["outside_working_hours"]
    working_hours: list[TimeRange]
    openings: list[OpeningResponse]


def problem(code: str, detail: str, **members: Any) -> Problem:  # noqa: ANN401 - JSON values
    """The problem document of a code, with the members that belong to it."""
    status, title = KINDS[code]
    return Problem(
        type=f"urn:appointments:problem:{code}",
        title=title,
        status=status,
        detail=detail,
        code=code,
        **members,
    )


def unknown_appointment() -> Problem:
    """The problem document for an id that no appointment has."""
    detail = (
        "there is no appointment of this id; take the `id` of an appointment as it was answered"
    )
    return problem("unknown_appointment", detail)


class RequestError(Exception):
    """A request that a problem document answers."""

    def __init__(self, document: Problem) -> None:
        super().__init__(document.code)
        self.document = document


def invalid(errors: Iterable[FieldError]) -> RequestError:
    """The refusal of a request in which these fields are wrong."""
    listed = list(errors)
    detail = "; ".join(f"{error.field}: {error.message}" for error in listed[:3])
    return RequestError(problem("invalid_request", detail, errors=listed))
