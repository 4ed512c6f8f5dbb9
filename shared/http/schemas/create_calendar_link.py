"""The body and the response of create_calendar_link."""

from typing import Annotated, Self

from pydantic import Field

from shared.access.permissions import Target
from shared.http.schemas.fields import Id, RequestModel, ResponseModel


class NewCalendarLink(RequestModel):
    """The doctor whose calendar somebody wants to subscribe to."""

    doctor_id: Id
    renew: Annotated[
        bool, Field(description="make another link; the one that there was ends at once")
    ] = False

    def target(self) -> Target:
        """Return the doctor that it names."""
        return Target(frozenset({self.doctor_id}))


class CalendarLink(ResponseModel):
    """The link to a doctor's calendar. Whoever has it can read the calendar."""

    doctor_id: str
    token: str = Field(description="the secret of the link")
    path: str = Field(
        description="where the calendar is, below the address of the functions: to be put behind "
        "`https://PROJECT.web.app/` or the address of the server"
    )

    @classmethod
    def of_token(cls, doctor_id: str, token: str) -> Self:
        """Return the link with a token."""
        return cls(doctor_id=doctor_id, token=token, path=f"doctor_calendar?token={token}")
