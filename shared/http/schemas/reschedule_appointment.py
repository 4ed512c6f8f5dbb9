"""The body of reschedule_appointment."""

from typing import Annotated

from pydantic import Field

from shared.access.permissions import Target
from shared.http.schemas.fields import Allow, Id, TimedRequest


class RescheduleAppointment(TimedRequest):
    """Where to move an appointment. Without `duration_minutes` and `end` its length stays."""

    appointment_id: Id
    doctor_id: Annotated[Id, Field(description="without it, the doctor stays")] | None = None
    allow: Allow | None = None

    def target(self) -> Target:
        """Return the doctor to move it to, if it names one, and whether it may break rules."""
        doctors = frozenset(() if self.doctor_id is None else {self.doctor_id})
        return Target(doctors, breaks_rules=self.allow is not None)
