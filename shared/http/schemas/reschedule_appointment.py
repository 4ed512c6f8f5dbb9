"""The body of reschedule_appointment."""

from typing import Annotated

from pydantic import Field

from shared.http.schemas.fields import Id, TimedRequest


class RescheduleAppointment(TimedRequest):
    """Where to move an appointment. Without `duration_minutes` and `end` its length stays."""

    appointment_id: Id
    doctor_id: Annotated[Id, Field(description="without it, the doctor stays")] | None = None
