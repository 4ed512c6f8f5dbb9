"""The parameters and the response of list_appointments."""

from typing import Annotated, Literal, Self

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
    check_exactly_one,
    check_window,
)
from shared.http.times import QueryBound


class ListAppointments(RequestModel):
    """The appointments of a doctor or a patient that overlap the window from `start` to `end`.

    Exactly one of `doctor_id` and `patient_id` is needed.
    """

    doctor_id: Annotated[Id, Field(description="either this or `patient_id`")] | None = None
    patient_id: (
        Annotated[
            AccountId,
            Field(
                description="`me`: the patient who is signed in; for staff, the `sub` of any "
                "patient's account. Patients need it, because they see their own appointments only"
            ),
        ]
        | None
    ) = None
    start: QueryBound
    end: QueryBound
    status: Annotated[
        Literal["booked", "all"], Field(description="`all` lists cancelled ones too")
    ] = "booked"
    page_size: PageSize = 100
    page_token: PageToken = None

    def target(self) -> Target:
        """Return the doctor or the patient whose appointments it asks for."""
        doctors = frozenset(() if self.doctor_id is None else {self.doctor_id})
        return Target(doctors, self.patient_id)

    @model_validator(mode="after")
    def _of_one(self) -> Self:
        check_exactly_one(self, "doctor_id", "patient_id")
        return self

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        check_window(self.start.time, self.end.end_time)
        return self


class AppointmentPage(ResponseModel):
    """Some of the appointments, in order of start, then id."""

    appointments: list[AppointmentResponse]
    next_page_token: str | None = Field(description="null on the last page")
