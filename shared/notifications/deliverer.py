"""The deliverer: runs through all that is due, whenever somebody asks it to."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random

from shared.notifications.delivery_run import DeliveryRun
from shared.notifications.messages import Messages
from shared.notifications.sending import Report, Sending
from shared.notifications.sink import Sink
from shared.notifications.span import Span
from shared.store.port import Store


class Deliverer:
    """Delivers events to sinks. Any number may run at once, here and elsewhere.

    `open_sinks` makes the sinks, once: before the first run, or when `open` is called.
    """

    def __init__(
        self,
        store: Store,
        messages: Messages,
        open_sinks: Callable[[], Sequence[Sink]],
        now: Callable[[], datetime],
        random: Random,
    ) -> None:
        self._store = store
        self._messages = messages
        self._open_sinks = open_sinks
        self._sinks: dict[str, Sink] | None = None
        self._now = now
        self._random = random
        self._running = False
        self._again = False
        self._stopped = False

    def open(self) -> dict[str, Sink]:
        """Open all sinks, unless that was done; return them by name. Raises what that raises."""
        if self._sinks is None:
            self._sinks = {sink.name: sink for sink in self._open_sinks()}
        return self._sinks

    async def run(self, seconds: float, rules_now: datetime | None = None) -> Report:
        """Deliver all that is due, and nothing new once so many seconds are over.

        `rules_now` is when it is to reminders, if a test says so. While a run goes on here, another
        one only lets it look again: a burst of events triggers as many. Raises StoreError, but only
        once all that is being sent is recorded.
        """
        if self._running and rules_now is None:
            self._again = True
            return Report()
        self._running = True
        try:
            end = self._now() + timedelta(seconds=seconds)
            return await self._run(Span(self._now, end, lambda: self._stopped, rules_now))
        finally:
            self._running = False

    async def _run(self, span: Span) -> Report:
        sinks = self.open()
        sending = Sending(self._messages, sinks, span)
        run = DeliveryRun(self._store, sending, sinks, span, self._random)
        self._again = True
        while self._again and not span.is_over:
            self._again = False
            more = await run.once()
            self._again |= more  # Which others may have asked for meanwhile.
        return run.report

    def stop(self) -> None:
        """Begin nothing new. A run that goes on ends once what it sends is sent and recorded."""
        self._stopped = True

    async def close(self) -> None:
        """Close all sinks."""
        for sink in (self._sinks or {}).values():
            await sink.close()
