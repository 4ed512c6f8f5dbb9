"""The body of cancel_appointment."""

from shared.http.schemas.fields import Id, Reason, RequestModel


class CancelAppointment(RequestModel):
    """The appointment to cancel."""

    appointment_id: Id
    reason: Reason | None = None
