"""Fields that several requests share, and the checks between two of them."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError

from shared.access.permissions import Target
from shared.http.times import BodyMinute
from shared.model.policy import LONGEST_MINUTES
from shared.rules.allowed_starts import Rule
from shared.rules.requested_time import RequestedTime
from shared.validation import TextForm

LONGEST_DAYS = 366


def without_fraction(value: Any) -> Any:  # noqa: ANN401 - what a client sent
    """Return 30 for 30.0: to JSON they are one number, and some clients write the latter."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def number(text: Any) -> Any:  # noqa: ANN401 - what a client sent
    """Return digits of a query string as the number they write; anything else unchanged."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,4000}", text) else text


Id = Annotated[
    str,
    TextForm(r"^[A-Za-z0-9._-]{1,128}$", "1 to 128 letters, digits, dots, hyphens and underscores"),
]
AccountId = Annotated[
    str, TextForm(r"^[!-~]{1,255}$", "1 to 255 visible ASCII characters, as a token's `sub`")
]
Minutes = Annotated[int, Field(ge=1, le=LONGEST_MINUTES), BeforeValidator(without_fraction)]
QueryMinutes = Annotated[int, Field(ge=1, le=LONGEST_MINUTES), BeforeValidator(number)]

ServiceId = Annotated[
    Id,
    Field(
        description="which kind of appointment; one that has a length is sent without `end` and "
        "`duration_minutes`"
    ),
]
Allow = Annotated[
    list[Rule],
    Field(description="for doctors and staff: the rules that this booking may break"),
]

PageSize = Annotated[int, Field(ge=1, le=1000), BeforeValidator(number)]
PageToken = (
    Annotated[str, Field(max_length=500, description="`next_page_token` of the previous page")]
    | None
)


class RequestModel(BaseModel):
    """A request. A field of another name or type is a mistake that must not pass silently."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    def target(self) -> Target:
        """Return whom it names, to tell whether its caller may ask that."""
        return Target()


class ResponseModel(BaseModel):
    """A response."""

    model_config = ConfigDict(frozen=True)


def absent(description: str | None = None) -> Any:  # noqa: ANN401 - of fields of several types
    """Return the default of a field that is left out of the JSON if there is nothing to say."""
    return Field(default=None, description=description, exclude_if=lambda value: value is None)


def field_error(field: str, kind: str, message: str) -> PydanticCustomError:
    """Return an error of a check between fields, which blames one of them."""
    return PydanticCustomError(kind, message, {"field": field})


class TimedRequest(RequestModel):
    """A request for a time: a start, with an end, a length or neither."""

    start: BodyMinute
    end: BodyMinute | None = None
    duration_minutes: Minutes | None = None

    @model_validator(mode="after")
    def _one_length_at_most(self) -> Self:
        if self.end is not None and self.duration_minutes is not None:
            raise field_error("end", "too_many", "must not be sent together with duration_minutes")
        if self.end is not None:
            check_order(self.start, self.end)
        return self

    def time(self) -> RequestedTime:
        """Return the time that it asks for."""
        minutes = self.duration_minutes
        length = None if minutes is None else timedelta(minutes=minutes)
        return RequestedTime(self.start, self.end, length)


def check_length_or_service(request: TimedRequest, service_id: str | None) -> None:
    """Refuse a request that says nothing about how long it takes."""
    if request.end is None and request.duration_minutes is None and service_id is None:
        message = "is required unless end, or a service_id that has a length, is sent"
        raise field_error("duration_minutes", "missing", message)


def check_exactly_one(request: BaseModel, one: str, other: str) -> None:
    """Refuse a request that sends both of two fields, or neither."""
    sent = [name for name in (one, other) if getattr(request, name) is not None]
    if not sent:
        raise field_error(one, "missing", f"is required unless {other} is sent")
    if len(sent) > 1:
        raise field_error(other, "too_many", f"must not be sent together with {one}")


def check_order(start: datetime, end: datetime, field: str = "end", after: str = "start") -> None:
    """Refuse an end that is not after the start, if the two can be compared."""
    if comparable(start, end) and end <= start:
        raise field_error(field, "not_after_start", f"must be after {after}")


def check_window(
    start: datetime,
    end: datetime,
    field: str = "end",
    after: str = "start",
    longest: int = LONGEST_DAYS,
) -> None:
    """Refuse a window that is empty, or has too many days to search in one request.

    Whether bounds on a wall clock are in order is known only with its zone: an hour may come twice.
    """
    if start.tzinfo is not None:
        check_order(start, end, field, after)
    if comparable(start, end) and end - start > timedelta(days=longest):
        message = f"must be at most {longest} days after {after} (a date counts as a whole day)"
        raise field_error(field, "window_too_long", message)


def comparable(start: datetime, end: datetime) -> bool:
    """Whether both are instants, or both are on one wall clock."""
    return (start.tzinfo is None) == (end.tzinfo is None)
