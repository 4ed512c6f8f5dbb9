"""Problem documents: what can go wrong, as clients see it (RFC 9457).

`code` is stable and the last part of `type`; `detail` is for people and may change.
"""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.http.schemas.fields import ResponseModel, absent
from shared.http.schemas.opening import (
    ConflictResponse,
    OpeningResponse,
    TimeRange,
    UnavailableOccurrence,
)
from shared.model.appointment import AppointmentStatus


class Problem(BaseModel):
    """Any error."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str = Field(description="the `Request-Id`, by which the log names the request too")


class FieldError(ResponseModel):
    """What is wrong with one field, parameter or header."""

    field: str
    message: str
    type: str


class InvalidRequestProblem(Problem):
    """400: what is wrong, field by field."""

    code: Literal["invalid_request"]
    errors: list[FieldError]


class SlotTakenProblem(Problem):
    """409: the busy parts of the requested time, and what is free instead."""

    code: Literal["slot_taken"]
    conflicts: list[ConflictResponse]
    openings: list[OpeningResponse]
    retry_after: int | None = absent(
        "if only holds are in the way: the seconds until the first of them ends"
    )


class PatientBusyProblem(Problem):
    """409: when the patient has other appointments in the requested time."""

    code: Literal["patient_busy"]
    conflicts: list[ConflictResponse]


class OutsideWorkingHoursProblem(Problem):
    """422: when the doctor works on that date, and what is free instead."""

    code: Literal["outside_working_hours"]
    working_hours: list[TimeRange]
    openings: list[OpeningResponse]


class TimeOffProblem(Problem):
    """422: when the doctor, who is away, works on that date, and what is free instead."""

    code: Literal["time_off"]
    working_hours: list[TimeRange]
    openings: list[OpeningResponse]


class TooSoonProblem(Problem):
    """422: the first start that can be booked now, and what is free."""

    code: Literal["too_soon"]
    earliest: datetime
    openings: list[OpeningResponse]


class TooLateProblem(Problem):
    """422: the last start that can be booked now, and what is free."""

    code: Literal["too_late"]
    latest: datetime
    openings: list[OpeningResponse]


class SeriesUnavailableProblem(Problem):
    """409: the occurrences that cannot be booked, why, and what is free instead."""

    code: Literal["series_unavailable"]
    unavailable: list[UnavailableOccurrence]


class WrongStatusProblem(Problem):
    """422: the state of the appointment, which does not allow this."""

    code: Literal["wrong_status"]
    appointment_status: AppointmentStatus
