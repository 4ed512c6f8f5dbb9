"""The span of time in which deliveries may begin."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from shared.notifications.queue import Clock


class Span(Struct, frozen=True):
    """When a run is: `now` is the server's clock, and nothing new begins after `end`.

    Nor does it once the deliverer `is_stopped`. `rules_now` is when it is to reminders, if a test
    says so.
    """

    now: Callable[[], datetime]
    end: datetime
    is_stopped: Callable[[], bool]
    rules_now: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether the end has come."""
        return self.is_stopped() or self.now() >= self.end

    def clock(self) -> Clock:
        """Return what time it is."""
        now = self.now()
        return Clock(now, self.rules_now or now)
