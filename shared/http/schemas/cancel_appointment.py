"""The body of cancel_appointment."""

from shared.http.schemas.fields import Id, RequestModel
from shared.texts import Reason


class CancelAppointment(RequestModel):
    """The appointment to cancel."""

    appointment_id: Id
    reason: Reason = None
