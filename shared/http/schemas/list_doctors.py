"""The parameters and the response of list_doctors."""

from typing import Any, Self

from pydantic import Field

from shared.http.schemas.fields import PageSize, PageToken, RequestModel, ResponseModel
from shared.model.clinic import Clinic
from shared.model.doctor import Doctor
from shared.store.doctor_documents import Weekday, doctor_to_document


class ListDoctors(RequestModel):
    """The doctors that can be booked."""

    page_size: PageSize = 100
    page_token: PageToken = None


class WeeklyHours(ResponseModel):
    """The same stretch of work on several weekdays, on the doctor's clock."""

    days: list[Weekday]
    opens: str
    closes: str = Field(description="`24:00` is the midnight that ends the day")


class DoctorResponse(ResponseModel):
    """A doctor, and the hours worked every week."""

    id: str
    name: str
    time_zone: str
    working_hours: list[WeeklyHours]
    services: list[str] = Field(description="the ids of those that the doctor offers")

    @classmethod
    def of_doctor(cls, doctor: Doctor, clinic: Clinic) -> Self:
        """Return a doctor of a clinic."""
        hours: list[dict[str, Any]] = doctor_to_document(doctor)["working_hours"]
        return cls(
            id=doctor.id,
            name=doctor.name,
            time_zone=doctor.zone.key,
            working_hours=[WeeklyHours(**stretch) for stretch in hours],
            services=[name for name in clinic.services if doctor.offers(name)],
        )


class DoctorPage(ResponseModel):
    """Some of the doctors, in order of their ids."""

    doctors: list[DoctorResponse]
    next_page_token: str | None = Field(description="null on the last page")
