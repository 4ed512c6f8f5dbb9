"""The body of reschedule_appointment."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.http.schemas.fields import Id, Minutes, RequestModel, check_length
from shared.http.times import BodyMinute


class RescheduleAppointment(RequestModel):
    """Where to move an appointment. Without `duration_minutes` and `end` its length stays."""

    appointment_id: Id
    start: BodyMinute
    end: BodyMinute | None = None
    duration_minutes: Minutes | None = None
    doctor_id: Annotated[Id, Field(description="without it, the doctor stays")] | None = None

    @model_validator(mode="after")
    def _one_length_at_most(self) -> Self:
        check_length(self)
        return self
