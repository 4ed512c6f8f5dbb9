"""The body of update_appointment."""

from typing import Annotated, Self

from msgspec import UNSET
from pydantic import Field, model_validator

from shared.access.permissions import Target
from shared.http.schemas.appointment import NewPatient
from shared.http.schemas.fields import Id, RequestModel, field_error
from shared.model.appointment import Patient
from shared.rules.existing_appointment import Sought
from shared.rules.updating import Update
from shared.texts import Reason


class UpdateAppointment(RequestModel):
    """What to correct of an appointment; at least one of `patient` and `reason` is needed."""

    appointment_id: Id
    patient: (
        Annotated[
            NewPatient,
            Field(description="replaces the one that it has, but for the `id`, which stays"),
        ]
        | None
    ) = None
    reason: Annotated[Reason, Field(description="null, or an empty text, takes it away")] = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.patient is None and "patient" in self.model_fields_set:
            raise field_error("patient", "missing", "must be a person; leave it out to keep it")
        if not {"patient", "reason"} & self.model_fields_set:
            raise field_error("patient", "missing", "is required unless reason is sent")
        return self

    def target(self) -> Target:
        """Return the patient that it names."""
        return Target(patient_id=self.patient.id if self.patient else None)

    def update(self, sought: Sought) -> Update:
        """Return the request to correct what is sought."""
        return Update(
            sought,
            UNSET if self.patient is None else Patient(**dict(self.patient)),
            self.reason if "reason" in self.model_fields_set else UNSET,
        )
