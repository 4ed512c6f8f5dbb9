"""The parameters and the response of list_openings."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.http.schemas.fields import QueryMinutes, ResponseModel, check_window, field_error
from shared.http.schemas.search_request import SearchRequest
from shared.http.times import QueryBound

LONGEST_CALENDAR = 42
"""In days: six weeks, as a calendar shows a month."""
MOST_DOCTOR_DAYS = 1000
"""How many days, times doctors, one request goes through; fewer on a grid finer than usual."""
USUAL_STEP = 15


class ListOpenings(SearchRequest):
    """All times that can be booked between `start` and `end`, at most 42 days later.

    Dates are those of each doctor, on the doctor's own clock.
    """

    start: QueryBound
    end: QueryBound
    duration_minutes: (
        Annotated[
            QueryMinutes,
            Field(description="needed unless a `service_id` that has a length is sent"),
        ]
        | None
    ) = None
    step_minutes: Annotated[
        QueryMinutes,
        Field(
            description="how far apart the starts are, counted from local midnight. Days times "
            f"doctors are at most {MOST_DOCTOR_DAYS:,}; on a grid finer than {USUAL_STEP} minutes "
            f"fewer in proportion, as {MOST_DOCTOR_DAYS * 5 // USUAL_STEP} with 5"
        ),
    ] = USUAL_STEP

    @model_validator(mode="after")
    def _has_a_length(self) -> Self:
        if self.duration_minutes is None and self.service_id is None:
            message = "is required unless a service_id that has a length is sent"
            raise field_error("duration_minutes", "missing", message)
        return self

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        check_window(self.start.time, self.end.end_time, longest=LONGEST_CALENDAR)
        return self


class OpeningsOfDay(ResponseModel):
    """When a doctor can be booked on a date, on the doctor's clock."""

    date: date
    doctor_id: str
    time_zone: str
    starts: list[datetime]


class DaysWithOpenings(ResponseModel):
    """The days that have openings, by date, then doctor."""

    days: list[OpeningsOfDay]
