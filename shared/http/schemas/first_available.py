"""The parameters and the response of first_available."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from shared.http.schemas.fields import (
    LONGEST_MINUTES,
    Id,
    QueryMinutes,
    RequestModel,
    ResponseModel,
    check_order,
    field_error,
    number,
)
from shared.http.schemas.opening import OpeningResponse
from shared.http.times import QueryBound
from shared.queries.openings import NoOpeningReason


class FirstAvailable(RequestModel):
    """The first times that can be booked from `after` on."""

    after: QueryBound | None = None
    until: QueryBound | None = None
    duration_minutes: QueryMinutes = 30
    doctor_id: (
        Annotated[
            list[Id], Field(min_length=1, description="may be repeated; without it, every doctor")
        ]
        | None
    ) = None
    count: Annotated[int, Field(ge=1, le=50), BeforeValidator(number)] = 1
    step_minutes: QueryMinutes | None = None

    @model_validator(mode="after")
    def _step_divides_a_day(self) -> Self:
        if self.step_minutes and LONGEST_MINUTES % self.step_minutes:
            message = f"must divide {LONGEST_MINUTES} without a remainder, as 15 and 60 do"
            raise field_error("step_minutes", "not_a_divisor", message)
        return self

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.after and self.until:
            check_order(self.after.time, self.until.end_time, "until", "after")
        return self


class Openings(ResponseModel):
    """The openings found, in order of start, then doctor."""

    openings: list[OpeningResponse]
    searched_from: datetime
    searched_until: datetime
    reason: NoOpeningReason | None = Field(description="why there is no opening, or null")
