"""The shape of every request and answer; the OpenAPI document is made from these models."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from shared.http.times import BodyMinute, QueryTime
from shared.model.appointment import Appointment, AppointmentStatus, Patient
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.model.opening import Opening
from shared.queries.openings import NoOpeningReason
from shared.validation import Like

LONGEST_MINUTES = 1440
LONGEST_DAYS = 366


def _without_fraction(value: Any) -> Any:  # noqa: ANN401 - what a client sent
    """30 for 30.0: to JSON they are one number, and some clients write the latter."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _number(text: Any) -> Any:  # noqa: ANN401 - what a client sent
    """Digits of a query string as the number they write; all else stays, to be refused."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,4000}", text) else text


Id = Annotated[
    str,
    Like(r"^[A-Za-z0-9._-]{1,128}$", "1 to 128 letters, digits, dots, hyphens and underscores"),
]
Minutes = Annotated[int, Field(ge=1, le=LONGEST_MINUTES), BeforeValidator(_without_fraction)]
Reason = Annotated[str, Field(max_length=1000)]
# Something to see: more than white space, control characters, and marks of no width.
_VISIBLE = r"[^\s\x00-\x1f\x7f-\xa0\u200b-\u200f\u2028-\u202f\u2060-\u2064\ufeff]"
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    Like(_VISIBLE, "a name"),
]
Email = Annotated[str, Field(max_length=254), Like(r"^[^@\s]+@[^@\s]+$", "an e-mail address")]
Phone = Annotated[str, Field(max_length=50), Like(r"[0-9]", "a telephone number")]


QueryMinutes = Annotated[int, Field(ge=1, le=LONGEST_MINUTES), BeforeValidator(_number)]


# Requests


class _Request(BaseModel):
    # A field of another name or type is a mistake of the caller's that should not pass silently.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PatientFields(_Request):
    """Whom an appointment is for."""

    name: Name
    email: Email | None = None
    phone: Phone | None = None

    def patient(self) -> Patient:
        """The same as a value of the rules."""
        return Patient(self.name, self.email, self.phone)


class CreateAppointment(_Request):
    """Book a time with a doctor. Exactly one of `duration_minutes` and `end` is needed."""

    doctor_id: Id
    start: BodyMinute
    end: BodyMinute | None = None
    duration_minutes: Minutes | None = None
    patient: PatientFields
    reason: Reason | None = None
    validate_only: bool | None = False

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if self.end is None and self.duration_minutes is None:
            raise _error("duration_minutes", "missing", "is required, unless there is an end")
        _check_length(self)
        return self


class RescheduleAppointment(_Request):
    """Move an appointment. Without `duration_minutes` and `end` its length stays."""

    appointment_id: Id
    start: BodyMinute
    end: BodyMinute | None = None
    duration_minutes: Minutes | None = None
    doctor_id: Annotated[Id, Field(description="without it, the doctor stays")] | None = None

    @model_validator(mode="after")
    def _one_length_at_most(self) -> Self:
        _check_length(self)
        return self


class CancelAppointment(_Request):
    """Give an appointment up."""

    appointment_id: Id
    reason: Reason | None = None


class GetAppointment(_Request):
    """Look an appointment up."""

    appointment_id: Id


class ListAppointments(_Request):
    """The appointments of a doctor that overlap the window from `start` to `end`."""

    doctor_id: Id
    start: QueryTime
    end: QueryTime
    status: Annotated[
        Literal["booked", "all"], Field(description="`all` lists cancelled ones too")
    ] = "booked"
    page_size: Annotated[int, Field(ge=1, le=1000), BeforeValidator(_number)] = 100
    page_token: (
        Annotated[str, Field(max_length=500, description="`next_page_token` of the page before")]
        | None
    ) = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        check_window(self.start, self.end)
        return self


class FirstAvailable(_Request):
    """The first times that can be booked from `after` on."""

    after: QueryTime | None = None
    until: QueryTime | None = None
    duration_minutes: QueryMinutes = 30
    doctor_id: (
        Annotated[
            list[Id], Field(min_length=1, description="may be repeated; without it, every doctor")
        ]
        | None
    ) = None
    count: Annotated[int, Field(ge=1, le=50), BeforeValidator(_number)] = 1
    step_minutes: QueryMinutes | None = None

    @model_validator(mode="after")
    def _step_divides_a_day(self) -> Self:
        if self.step_minutes and LONGEST_MINUTES % self.step_minutes:
            message = f"must divide {LONGEST_MINUTES}, such as 15 or 60"
            raise _error("step_minutes", "not_a_divisor", message)
        return self

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.after and self.until:
            check_order(self.after, self.until, "until", "after")
        return self


def _check_length(asked: CreateAppointment | RescheduleAppointment) -> None:
    if asked.end is not None and asked.duration_minutes is not None:
        raise _error("end", "too_many", "must not be there beside duration_minutes")
    if asked.end is not None:
        check_order(asked.start, asked.end)


def check_order(start: datetime, end: datetime, field: str = "end", after: str = "start") -> None:
    """Refuse an end that is not after the start, where the two can be compared."""
    if _comparable(start, end) and end <= start:
        raise _error(field, "not_after_start", f"must be after {after}")


def check_window(start: datetime, end: datetime, field: str = "end", after: str = "start") -> None:
    """Refuse a window that is empty, or too long to search in one request."""
    check_order(start, end, field, after)
    if _comparable(start, end) and end - start > timedelta(days=LONGEST_DAYS):
        message = f"must be at most {LONGEST_DAYS} days after {after}"
        raise _error(field, "window_too_long", message)


def _comparable(start: datetime, end: datetime) -> bool:
    """Whether both are instants, or both on one wall clock."""
    return (start.tzinfo is None) == (end.tzinfo is None)


def _error(field: str, kind: str, message: str) -> PydanticCustomError:
    return PydanticCustomError(kind, message, {"field": field})


# Answers


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


def _absent() -> Any:  # noqa: ANN401 - the default of fields of several types
    """A field that is left out of the JSON where there is nothing to say."""
    return Field(default=None, exclude_if=lambda value: value is None)


class TimeRange(_Answer):
    """The half-open time `[start, end)`, with the doctor's UTC offset."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, interval: Interval, doctor: Doctor) -> Self:
        """The interval on the doctor's clock."""
        zone = doctor.zone
        return cls(start=interval.start.astimezone(zone), end=interval.end.astimezone(zone))


class OpeningResponse(TimeRange):
    """A time that can be booked."""

    doctor_id: str
    doctor_name: str
    duration_minutes: int
    time_zone: str

    @classmethod
    def of_opening(cls, opening: Opening) -> Self:
        """The opening on its doctor's clock."""
        return cls(**_place(opening.interval, opening.doctor))


class PatientResponse(_Answer):
    """Whom an appointment is for."""

    name: str
    email: str | None = _absent()
    phone: str | None = _absent()


class ValidatedAppointment(OpeningResponse):
    """An appointment as it would be."""

    patient: PatientResponse
    reason: str | None = _absent()
    status: AppointmentStatus

    @classmethod
    def of_validated(cls, appointment: Appointment, doctor: Doctor) -> Self:
        """What an appointment would be, on its doctor's clock."""
        return cls(**_place(appointment.interval, doctor), **_content(appointment))


class AppointmentResponse(ValidatedAppointment):
    """An appointment."""

    id: str
    created_at: datetime
    updated_at: datetime
    cancelled_at: datetime | None = _absent()
    cancellation_reason: str | None = _absent()

    @classmethod
    def of_appointment(cls, appointment: Appointment, doctor: Doctor) -> Self:
        """The appointment on its doctor's clock."""
        zone, cancelled_at = doctor.zone, appointment.cancelled_at
        return cls(
            id=appointment.id,
            **_place(appointment.interval, doctor),
            **_content(appointment),
            created_at=appointment.created_at.astimezone(zone),
            updated_at=appointment.updated_at.astimezone(zone),
            cancelled_at=cancelled_at and cancelled_at.astimezone(zone),
            cancellation_reason=appointment.cancellation_reason,
        )


class AppointmentPage(_Answer):
    """Some of the appointments, in order of start, then id."""

    appointments: list[AppointmentResponse]
    next_page_token: str | None = Field(description="null on the last page")


class Openings(_Answer):
    """The openings found, in order of start, then doctor."""

    openings: list[OpeningResponse]
    searched_from: datetime
    searched_until: datetime
    reason: NoOpeningReason | None = Field(description="why there is no opening, or null")


def _content(appointment: Appointment) -> dict[str, Any]:
    patient = appointment.patient
    return {
        "patient": PatientResponse(name=patient.name, email=patient.email, phone=patient.phone),
        "reason": appointment.reason,
        "status": appointment.status,
    }


def _place(interval: Interval, doctor: Doctor) -> dict[str, Any]:
    return {
        "doctor_id": doctor.id,
        "doctor_name": doctor.name,
        "start": interval.start.astimezone(doctor.zone),
        "end": interval.end.astimezone(doctor.zone),
        "duration_minutes": int(interval.length.total_seconds() // 60),
        "time_zone": doctor.zone.key,
    }
