"""The body and the response of cancel_series."""

from typing import Annotated

from pydantic import Field

from shared.http.schemas.appointment import AppointmentResponse
from shared.http.schemas.fields import Id, RequestModel, ResponseModel
from shared.http.times import BOUND_MEANING, BodyInstant
from shared.texts import Reason


class CancelSeriesRequest(RequestModel):
    """A series of which to cancel what starts at or after an instant."""

    series_id: Id
    after: Annotated[
        BodyInstant | None,
        Field(
            description="The earliest start of what is cancelled; now if it is left out. "
            f"{BOUND_MEANING}"
        ),
    ] = None
    reason: Reason = None


class KeptAppointment(ResponseModel):
    """An appointment that stays booked, and the code of the reason."""

    appointment_id: str
    code: str


class CancelledSeriesResponse(ResponseModel):
    """What is cancelled of a series from an instant on, whoever cancelled it, and what is not."""

    cancelled: list[AppointmentResponse]
    kept: list[KeptAppointment]
