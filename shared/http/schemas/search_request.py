"""What all searches for openings ask for: with whom, how long, and on which grid."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from shared.access.permissions import EVERY_DOCTOR
from shared.directory.doctor_cache import MOST_TOGETHER
from shared.http.schemas.fields import Id, QueryMinutes, RequestModel, field_error
from shared.model.doctor_days import DAY
from shared.model.time_zones import MINUTE

MINUTES_A_DAY = DAY // MINUTE


def _no_asterisk(value: object) -> object:
    if value == EVERY_DOCTOR:
        message = "must be an id; leave doctor_id out for every doctor"
        raise PydanticCustomError("string_pattern_mismatch", message)
    return value


DoctorIds = Annotated[
    list[Annotated[Id, BeforeValidator(_no_asterisk)]],
    Field(
        min_length=1,
        max_length=MOST_TOGETHER,
        description="may be repeated; without it, every doctor who offers the service, at most "
        f"{MOST_TOGETHER}",
    ),
]


class SearchRequest(RequestModel):
    """A search for openings."""

    doctor_id: DoctorIds | None = None
    service_id: (
        Annotated[Id, Field(description="one that has a length stands without `duration_minutes`")]
        | None
    ) = None
    duration_minutes: QueryMinutes | None = None
    step_minutes: QueryMinutes | None = None

    @model_validator(mode="after")
    def _step_divides_a_day(self) -> Self:
        if self.step_minutes and MINUTES_A_DAY % self.step_minutes:
            message = f"must divide {MINUTES_A_DAY} without a remainder, as 15 and 60 do"
            raise field_error("step_minutes", "not_a_divisor", message)
        return self
