"""The parameter of appointment_calendar."""

from shared.http.schemas.fields import Id, RequestModel


class AppointmentCalendar(RequestModel):
    """The appointment to write a calendar file of."""

    appointment_id: Id
