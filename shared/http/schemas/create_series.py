"""The body and the response of create_series."""

from typing import Annotated, Literal

from pydantic import Field

from shared.http.schemas.appointment import AppointmentResponse, WantedAppointment
from shared.http.schemas.fields import ResponseModel
from shared.http.schemas.time_ranges import UnavailableOccurrence
from shared.rules.occurrences import LONGEST_SERIES, LONGEST_UNTIL
from shared.rules.recurrence import LONGEST_RULE, MOST_OCCURRENCES

Rule = Annotated[
    str,
    Field(
        max_length=LONGEST_RULE,
        description="a recurrence rule (RFC 5545) of FREQ (DAILY, WEEKLY or MONTHLY), INTERVAL, "
        f"BYDAY, and either COUNT or UNTIL, of at most {MOST_OCCURRENCES} occurrences; `start` is "
        f"the first. The last is at most {LONGEST_SERIES.days:,} days after it with COUNT, and at "
        f"most {LONGEST_UNTIL.days} with UNTIL",
        examples=["FREQ=WEEKLY;COUNT=10"],
    ),
]
IfUnavailable = Annotated[
    Literal["refuse", "skip"],
    Field(description="book all occurrences or none, or those that are free"),
]


class NewSeries(WantedAppointment):
    """The first of several appointments, and the rule of the others.

    Exactly one of `duration_minutes`, `end` and a `service_id` that has a length is needed.
    """

    rule: Rule
    if_unavailable: IfUnavailable = "refuse"


class SeriesResponse(ResponseModel):
    """Appointments that were booked together, and the occurrences that were not."""

    series_id: str
    appointments: list[AppointmentResponse]
    skipped: list[UnavailableOccurrence]
