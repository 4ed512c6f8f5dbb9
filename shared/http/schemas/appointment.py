"""An appointment as clients send it and as they receive it."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from shared.access.permissions import Target
from shared.http.schemas.fields import (
    AccountId,
    Allow,
    Id,
    RequestModel,
    ResponseModel,
    ServiceId,
    TimedRequest,
    absent,
    check_length_or_service,
)
from shared.http.schemas.time_ranges import OpeningResponse, when_and_with_whom
from shared.model.appointment import Appointment, AppointmentStatus, Patient
from shared.model.doctor import Doctor
from shared.model.interval import Interval
from shared.rules.wall_clock import local_time
from shared.texts import Email, Name, Phone, Reason
from shared.time_texts import on_clock

_HOLD_MEANS = "a hold of the caller, of this doctor, that covers the whole time; it is used up"
_ID_MEANS = (
    "the `sub` of the patient's account. Who is signed in as a patient may leave it out, because "
    "it is their own. Doctors and staff leave it out for people without an account."
)


class NewPatient(RequestModel):
    """The person an appointment is for."""

    name: Name
    email: Email = None
    phone: Phone = None
    id: Annotated[AccountId, Field(description=_ID_MEANS)] | None = None


class WantedAppointment(TimedRequest):
    """A time with a doctor, and whom it is for.

    Exactly one of `duration_minutes`, `end` and a `service_id` that has a length is needed.
    """

    doctor_id: Id
    service_id: ServiceId | None = None
    patient: NewPatient
    reason: Reason = None
    allow: Allow | None = None

    @model_validator(mode="after")
    def _one_length_at_least(self) -> Self:
        check_length_or_service(self, self.service_id)
        return self

    def target(self) -> Target:
        """Return the doctor and the patient that it names, and whether it may break rules."""
        names = frozenset({self.doctor_id}), self.patient.id
        return Target(*names, breaks_rules=self.allow is not None)

    def appointment(
        self, appointment_id: str, doctor: Doctor, interval: Interval, now: datetime
    ) -> Appointment:
        """Return the appointment as it would be booked, but for what its service adds."""
        return Appointment(
            id=appointment_id,
            service_id=self.service_id,
            doctor_id=doctor.id,
            interval=interval,
            patient=Patient(**dict(self.patient)),
            reason=self.reason,
            created_at=now,
            updated_at=now,
            told_start=local_time(interval.start, doctor.zone),
        )


class NewAppointment(WantedAppointment):
    """A time to book with a doctor.

    Exactly one of `duration_minutes`, `end` and a `service_id` that has a length is needed.
    """

    hold_id: Annotated[Id, Field(description=_HOLD_MEANS)] | None = None


class PatientResponse(ResponseModel):
    """The person an appointment is for."""

    id: str | None = absent()
    name: str
    email: str | None = absent()
    phone: str | None = absent()


class ValidatedAppointment(OpeningResponse):
    """An appointment as it would be booked."""

    patient: PatientResponse
    reason: str | None = absent()
    service_id: str | None = absent()
    series_id: str | None = absent()
    status: AppointmentStatus

    @classmethod
    def of_validated(cls, appointment: Appointment, doctor: Doctor) -> Self:
        """Return what an appointment would be, on its doctor's clock."""
        return cls(**when_and_with_whom(appointment.interval, doctor), **_content(appointment))


class AppointmentResponse(ValidatedAppointment):
    """An appointment."""

    id: str
    version: int = Field(description="1 at first, and one more with every change")
    created_at: datetime
    updated_at: datetime
    freed_from: datetime | None = absent(
        "from when on the rest of the time is free, once it is marked `fulfilled` or `no_show` "
        "before its end"
    )
    cancelled_at: datetime | None = absent()
    cancellation_reason: str | None = absent()

    @classmethod
    def of_appointment(cls, appointment: Appointment, doctor: Doctor) -> Self:
        """Return an appointment on its doctor's clock."""
        zone, cancelled_at = doctor.zone, appointment.cancelled_at
        freed_from = appointment.freed_from
        return cls(
            id=appointment.id,
            **when_and_with_whom(appointment.interval, doctor),
            **_content(appointment),
            version=appointment.version,
            created_at=on_clock(appointment.created_at, zone),
            updated_at=on_clock(appointment.updated_at, zone),
            freed_from=freed_from and on_clock(freed_from, zone),
            cancelled_at=cancelled_at and on_clock(cancelled_at, zone),
            cancellation_reason=appointment.cancellation_reason,
        )


def _content(appointment: Appointment) -> dict[str, Any]:
    return {
        "patient": PatientResponse(**appointment.patient._asdict()),
        "reason": appointment.reason,
        "service_id": appointment.service_id,
        "series_id": appointment.series_id,
        "status": appointment.status,
    }
