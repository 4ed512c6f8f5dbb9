"""The body of mark_appointment."""

from typing import Annotated

from pydantic import Field

from shared.http.schemas.fields import Id, RequestModel
from shared.model.appointment import Mark


class MarkAppointment(RequestModel):
    """What happened at the clinic."""

    appointment_id: Id
    status: Annotated[
        Mark,
        Field(
            description="`arrived` follows `booked`, `fulfilled` either of them, and `no_show` "
            "`booked` only"
        ),
    ]
