"""The body and the response of hold_time."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from shared.access.permissions import Target
from shared.http.schemas.fields import (
    Id,
    ResponseModel,
    ServiceId,
    TimedRequest,
    check_length_or_service,
    without_fraction,
)
from shared.model.doctor import Doctor
from shared.model.hold import Hold
from shared.time_texts import on_clock

USUAL_SECONDS = 300

Seconds = Annotated[
    int,
    Field(ge=30, le=900, description=f"how long it is kept; {USUAL_SECONDS} if it is left out"),
    BeforeValidator(without_fraction),
]


class NewHold(TimedRequest):
    """A time to keep while somebody fills in a form.

    Exactly one of `duration_minutes`, `end` and a `service_id` that has a length is needed.
    """

    doctor_id: Id
    service_id: ServiceId | None = None
    seconds: Seconds = USUAL_SECONDS

    @model_validator(mode="after")
    def _one_length_at_least(self) -> Self:
        check_length_or_service(self, self.service_id)
        return self

    def target(self) -> Target:
        """Return the doctor that it names."""
        return Target(frozenset({self.doctor_id}))


class HoldResponse(ResponseModel):
    """A time that is kept for the caller until `expires_at`, and from then on is not."""

    hold_id: str
    doctor_id: str
    start: datetime
    end: datetime
    time_zone: str
    expires_at: datetime = Field(description="a whole second")

    @classmethod
    def of_hold(cls, hold: Hold, doctor: Doctor) -> Self:
        """Return a hold on its doctor's clock."""
        zone = doctor.zone
        return cls(
            hold_id=hold.id,
            doctor_id=hold.doctor_id,
            start=on_clock(hold.interval.start, zone),
            end=on_clock(hold.interval.end, zone),
            time_zone=zone.key,
            expires_at=on_clock(hold.ends_at, zone),
        )
