"""Records of the outbox: events that wait to be delivered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from shared.model.event import Event

DeliveryState = Literal["waiting", "delivered", "set_aside"]


class Delivery(Struct, frozen=True):
    """What came of delivering an event to one sink so far.

    `tries` have failed, the first one at `failing_since`, and the next one is due at `next_at`.
    `reason` is why the last one failed, in words for an operator. It is set aside when it has
    failed for so long that nobody tries any more.
    """

    state: DeliveryState = "waiting"
    tries: int = 0
    failing_since: datetime | None = None
    next_at: datetime | None = None
    reason: str = ""


class OutboxRecord(Struct, frozen=True):
    """An event, and what came of its delivery to each sink that has been tried.

    `due_at` is when somebody is to look at it next; None if it waits for an earlier event of its
    appointment, or for an operator. The first record of an appointment is claimed by whoever
    delivers any of its events: nobody else may until `claimed_until`. `claim` tells claims apart.
    """

    event: Event
    due_at: datetime | None
    claimed_until: datetime | None = None
    claim: str = ""
    deliveries: Mapping[str, Delivery] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The name of the event."""
        return self.event.id

    @property
    def is_set_aside(self) -> bool:
        """Whether the delivery to any sink was given up."""
        return any(each.state == "set_aside" for each in self.deliveries.values())
