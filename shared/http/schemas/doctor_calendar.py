"""The parameter of doctor_calendar."""

from typing import Annotated

from pydantic import Field

from shared.http.schemas.fields import RequestModel


class DoctorCalendar(RequestModel):
    """The calendar to read."""

    token: Annotated[str, Field(description="of the link, as `create_calendar_link` answered it")]
