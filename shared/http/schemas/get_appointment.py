"""The parameter of get_appointment."""

from shared.http.schemas.fields import Id, RequestModel


class GetAppointment(RequestModel):
    """The appointment to look up."""

    appointment_id: Id
