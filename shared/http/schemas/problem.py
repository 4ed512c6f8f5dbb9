"""Problem documents: what can go wrong, as clients see it (RFC 9457).

`code` is stable and the last part of `type`; `detail` is for people and may change.
"""

from datetime import datetime

from pydantic import ConfigDict, Field

from shared.http.schemas.fields import ResponseModel, absent
from shared.http.schemas.time_ranges import (
    ConflictResponse,
    OpeningResponse,
    TimeRange,
    UnavailableOccurrence,
)
from shared.model.appointment import AppointmentStatus


class FieldError(ResponseModel):
    """What is wrong with one field, parameter or header."""

    field: str
    message: str
    type: str


class Problem(ResponseModel):
    """Any error. The members after `instance` are there with the codes that they name."""

    model_config = ConfigDict(frozen=False)  # It gets its `instance` last, and a copy costs more.

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str = Field(description="the `Request-Id`, by which the log names the request too")
    errors: list[FieldError] | None = absent("with `invalid_request`: what is wrong, by field")
    conflicts: list[ConflictResponse] | None = absent(
        "with `slot_taken`: the parts of the requested time that are taken; with `patient_busy`: "
        "the other appointments of the patient"
    )
    openings: list[OpeningResponse] | None = absent(
        "with `slot_taken`, `outside_working_hours`, `time_off`, `too_soon` and `too_late`: the "
        "next times that can be booked, at most three"
    )
    retry_after: int | None = absent(
        "with `slot_taken`, if only holds are in the way: the seconds until the first of them ends"
    )
    working_hours: list[TimeRange] | None = absent(
        "with `outside_working_hours` and `time_off`: when the doctor works on that date"
    )
    earliest: datetime | None = absent("with `too_soon`: the first start that can be booked now")
    latest: datetime | None = absent("with `too_late`: the last start that can be booked now")
    appointment_status: AppointmentStatus | None = absent(
        "with `wrong_status`: the state of the appointment, which does not allow this"
    )
    unavailable: list[UnavailableOccurrence] | None = absent(
        "with `series_unavailable`: the occurrences that cannot be booked, and why"
    )
