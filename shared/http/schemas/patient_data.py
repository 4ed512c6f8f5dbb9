"""Whose data is exported or erased, and the answers."""

from datetime import datetime
from typing import Annotated, Any, Self

import msgspec
from pydantic import Field, model_validator

from shared.access.permissions import Target
from shared.http.schemas.appointment import AppointmentResponse
from shared.http.schemas.fields import (
    AccountId,
    Id,
    PageSize,
    PageToken,
    RequestModel,
    ResponseModel,
    absent,
    check_exactly_one,
    field_error,
)
from shared.model.appointment import Appointment
from shared.model.doctor import Doctor

MOST_IDS = 100


class _Whose(RequestModel):
    patient_id: (
        Annotated[
            AccountId,
            Field(
                description="`me`: the patient who is signed in; for staff, the `sub` of any "
                "patient's account"
            ),
        ]
        | None
    ) = None
    appointment_ids: (
        Annotated[
            list[Id],
            Field(
                min_length=1,
                max_length=MOST_IDS,
                description="for staff: appointments of people without an account. If one is not "
                "there (404), or belongs to an account (400), nothing is done",
            ),
        ]
        | None
    ) = None

    def target(self) -> Target:
        """Return the patient whose data it asks for."""
        return Target(patient_id=self.patient_id)

    @model_validator(mode="after")
    def _of_one(self) -> Self:
        check_exactly_one(self, "patient_id", "appointment_ids")
        return self


class ErasePatient(_Whose):
    """Whose data to erase. Exactly one of `patient_id` and `appointment_ids` is needed."""


class ExportPatient(_Whose):
    """Whose data to export. Exactly one of `patient_id` and `appointment_ids` is needed."""

    page_size: PageSize = 100
    page_token: PageToken = None

    @model_validator(mode="after")
    def _one_page_of_ids(self) -> Self:
        if self.appointment_ids is not None and self.page_token is not None:
            message = "must not be sent together with appointment_ids, which take one page only"
            raise field_error("page_token", "too_many", message)
        return self


class ErasedPatient(ResponseModel):
    """How many appointments this request has erased; not those that were erased before."""

    appointments: int


class ExportedAppointment(AppointmentResponse):
    """An appointment, with everything that is kept of it."""

    told_start: str | None = absent("the start on the doctor's clock, as the patient was told it")
    other_fields: dict[str, Any] | None = absent("what a newer version of the service has added")

    @classmethod
    def of_kept(cls, appointment: Appointment, doctor: Doctor) -> Self:
        """Return all that is kept of an appointment, on its doctor's clock."""
        unknown = appointment.unknown_fields
        return cls(
            **dict(AppointmentResponse.of_appointment(appointment, doctor)),
            told_start=told.isoformat() if (told := appointment.told_start) else None,
            other_fields=msgspec.json.decode(unknown) if unknown else None,
        )


class AccountResponse(ResponseModel):
    """What is kept of an account beside its appointments."""

    id: str
    changed_at: list[datetime] = Field(
        description="when the patient booked, moved, cancelled or erased within the last day"
    )
    erasing: bool = Field(description="whether it is being erased")
    erased_at: list[datetime] = Field(
        description="when the patient has erased it within the last day"
    )


class ExportPage(ResponseModel):
    """All that is kept of a patient, page by page, by the days first booked."""

    account: AccountResponse | None = absent("absent for people without an account")
    appointments: list[ExportedAppointment]
    next_page_token: str | None = Field(description="null on the last page")
