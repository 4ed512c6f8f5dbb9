"""The response of deliver_events."""

from pydantic import Field

from shared.http.schemas.fields import ResponseModel


class DeliveredEvents(ResponseModel):
    """What was done; an event counts once for each sink."""

    delivered: int = Field(description="how many deliveries arrived")
    failed: int = Field(description="how many did not, and are tried again")
