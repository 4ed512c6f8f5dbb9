"""The parameters and the response of list_doctors."""

from typing import Self

from pydantic import Field

from shared.http.schemas.fields import PageSize, PageToken, RequestModel, ResponseModel
from shared.model.clinic import Clinic
from shared.model.doctor import Doctor, Weekday, WorkingHours
from shared.time_texts import clock_time


class ListDoctors(RequestModel):
    """The doctors that can be booked."""

    page_size: PageSize = 100
    page_token: PageToken = None


class WeeklyHours(ResponseModel):
    """The same stretch of work on several weekdays, on the doctor's clock."""

    days: list[Weekday]
    opens: str
    closes: str = Field(description="`24:00` is the midnight that ends the day")

    @classmethod
    def of_hours(cls, hours: WorkingHours, days: list[Weekday]) -> Self:
        """Return a stretch of work on some weekdays."""
        return cls(days=days, opens=clock_time(hours.opens), closes=clock_time(hours.closes))


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
        return cls(
            id=doctor.id,
            name=doctor.name,
            time_zone=doctor.zone.key,
            working_hours=[WeeklyHours.of_hours(*each) for each in doctor.weekly_hours().items()],
            services=[name for name in clinic.services if doctor.offers(name)],
        )


class DoctorPage(ResponseModel):
    """Some of the doctors, in order of their ids."""

    doctors: list[DoctorResponse]
    next_page_token: str | None = Field(description="null on the last page")
