"""The parameters and the response of first_available."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from shared.http.schemas.fields import (
    LONGEST_DAYS,
    QueryMinutes,
    ResponseModel,
    check_order,
    number,
)
from shared.http.schemas.search_request import SearchRequest
from shared.http.schemas.time_ranges import OpeningResponse
from shared.http.times import BOUND_MEANING, QueryBound
from shared.queries.openings import NoOpeningReason
from shared.rules.availability import SEARCHED

AFTER = "the time in `after`"
USUAL_MINUTES = 30
MOST_DOCTOR_DAYS = 18_000
"""How many days, times doctors, one search goes through: 90 days of 200 doctors."""


class FirstAvailable(SearchRequest):
    """The first times that can be booked from `after` on."""

    after: Annotated[
        QueryBound | None,
        Field(description=f"The earliest start; now if it is left out. {BOUND_MEANING}"),
    ] = None
    until: Annotated[
        QueryBound | None,
        Field(
            description=f"The latest end, at most {LONGEST_DAYS} days after `after`; if it is left "
            f"out, {SEARCHED.days} days after the earliest start. Days times doctors are at most "
            f"{MOST_DOCTOR_DAYS:,}. {BOUND_MEANING}"
        ),
    ] = None
    duration_minutes: (
        Annotated[
            QueryMinutes,
            Field(
                description="needed for a service that has no length; without a service, "
                f"{USUAL_MINUTES} if left out"
            ),
        ]
        | None
    ) = None
    step_minutes: (
        Annotated[
            QueryMinutes,
            Field(
                description="every start on this grid, counted from local midnight; without it, "
                "the earliest openings that do not overlap each other"
            ),
        ]
        | None
    ) = None
    count: Annotated[int, Field(ge=1, le=50), BeforeValidator(number)] = 1

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.after and self.until and self.after.time.tzinfo:
            check_order(self.after.time, self.until.end_time, "until", AFTER)
        return self


class OpeningList(ResponseModel):
    """The openings found, in order of start, then doctor."""

    openings: list[OpeningResponse]
    searched_from: datetime
    searched_until: datetime
    reason: NoOpeningReason | None = Field(
        description="why there is no opening, or null. `fully_booked`: no start is left, or the "
        "working hours are long enough, but none of their starts is on the grid; "
        "`no_working_hours`: nobody works in the window; `duration_too_long`: longer than any "
        "stretch of working hours in it; `beyond_horizon`: not within the clinic's horizon"
    )
