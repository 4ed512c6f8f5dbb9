"""The parameters and the response of list_overrides."""

from typing import Self

from pydantic import Field, model_validator

from shared.access.permissions import Target
from shared.http.schemas.fields import (
    Id,
    PageSize,
    PageToken,
    RequestModel,
    ResponseModel,
    check_window,
)
from shared.http.schemas.override import OverrideResponse
from shared.http.times import QueryBound


class ListOverrides(RequestModel):
    """The overrides of a doctor that overlap the window from `start` to `end`."""

    doctor_id: Id
    start: QueryBound
    end: QueryBound
    page_size: PageSize = 100
    page_token: PageToken = None

    def target(self) -> Target:
        """Return the doctor that it names."""
        return Target(frozenset({self.doctor_id}))

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        check_window(self.start.time, self.end.end_time)
        return self


class OverridePageResponse(ResponseModel):
    """Some of the overrides, in order of start, then id; without those that were deleted."""

    overrides: list[OverrideResponse]
    next_page_token: str | None = Field(description="null on the last page")
