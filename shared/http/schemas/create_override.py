"""The body and the response of create_override."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.access.permissions import Target
from shared.http.schemas.appointment import AppointmentResponse
from shared.http.schemas.fields import Id, RequestModel, check_window
from shared.http.schemas.override import OverrideResponse, override_fields
from shared.http.times import BodyBound
from shared.model.doctor import Doctor
from shared.model.override import OverrideKind
from shared.rules.overriding import MOST_LISTED
from shared.texts import Reason
from shared.transactions.overrides import Made


class NewOverride(RequestModel):
    """A time at which a doctor's calendar is to differ from the week.

    `end` is at most 366 days after `start`; extra hours lie within one local day.
    """

    doctor_id: Id
    kind: Annotated[
        OverrideKind,
        Field(description="time off wins over extra hours, and both over the week"),
    ]
    start: BodyBound
    end: BodyBound
    note: Reason = None

    def target(self) -> Target:
        """Return the doctor that it names."""
        return Target(frozenset({self.doctor_id}))

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        check_window(self.start.time, self.end.end_time)
        return self


class CreatedOverride(OverrideResponse):
    """An override that was made, and the appointments that now lie in time off.

    They stay booked until somebody moves or cancels them.
    """

    affected: Annotated[
        list[AppointmentResponse],
        Field(description=f"the first {MOST_LISTED:,} of them, by start, then id"),
    ]
    affected_count: int = Field(description="how many there are")

    @classmethod
    def of_made(cls, made: Made, doctor: Doctor) -> Self:
        """Return an override, and whom it affects, on its doctor's clock."""
        affected = [AppointmentResponse.of_appointment(a, doctor) for a in made.affected.first]
        return cls(
            **override_fields(made.override, doctor),
            affected=affected,
            affected_count=made.affected.count,
        )
