"""The parameters and the response of list_appointments."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.access.permissions import EVERY_DOCTOR, Target
from shared.directory.doctor_cache import MOST_TOGETHER
from shared.http.schemas.appointment import AppointmentResponse
from shared.http.schemas.fields import (
    AccountId,
    PageSize,
    PageToken,
    RequestModel,
    ResponseModel,
    check_exactly_one,
    check_window,
    field_error,
)
from shared.http.times import QueryBound
from shared.validation import TextForm

DoctorOrEvery = Annotated[
    str,
    TextForm(
        r"^([A-Za-z0-9._-]{1,128}|\*)$",
        "`*`, or 1 to 128 letters, digits, dots, hyphens and underscores",
    ),
]


class ListAppointments(RequestModel):
    """The appointments of doctors or a patient that overlap the window from `start` to `end`.

    Exactly one of `doctor_id` and `patient_id` is needed.
    """

    doctor_id: (
        Annotated[
            list[DoctorOrEvery],
            Field(
                min_length=1,
                max_length=MOST_TOGETHER,
                description="either this or `patient_id`; may be repeated; `*`: every doctor, "
                f"those who are retired too, if there are at most {MOST_TOGETHER}",
            ),
        ]
        | None
    ) = None
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
        Literal["booked", "all"],
        Field(
            description="`booked`, the default, lists all but cancelled ones; `all` lists these too"
        ),
    ] = "booked"
    page_size: PageSize = 100
    page_token: PageToken = None

    def target(self) -> Target:
        """Return the doctors or the patient whose appointments it asks for."""
        return Target(frozenset(self.doctor_id or ()), self.patient_id)

    @model_validator(mode="after")
    def _of_one(self) -> Self:
        check_exactly_one(self, "doctor_id", "patient_id")
        if self.doctor_id and EVERY_DOCTOR in self.doctor_id and len(set(self.doctor_id)) > 1:
            raise field_error("doctor_id", "too_many", "must be `*` alone, or name doctors")
        return self

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        check_window(self.start.time, self.end.end_time)
        return self


class AppointmentPage(ResponseModel):
    """Some of the appointments, in order of start, then id."""

    appointments: list[AppointmentResponse]
    next_page_token: str | None = Field(description="null on the last page")
