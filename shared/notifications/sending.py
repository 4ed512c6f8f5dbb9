"""Sending: to all sinks at once, not too much to any, and not again and again to one that fails."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from shared.model.outbox import OutboxRecord
from shared.notifications.messages import Messages
from shared.notifications.queue import Outcome, Try
from shared.notifications.sink import SECONDS, DeliveryFailed, Message, Sink
from shared.notifications.span import Span
from shared.observability.delivery_log import log_failed
from shared.observability.request_log import log_bug

SENDS_AT_ONCE = 16
"""To one sink."""
DOWN_AFTER = 5
"""A sink that has failed so often in a row is left alone until the next run."""
LAST_SEND = timedelta(seconds=2 * SECONDS)
"""How long before a claim ends the last send may begin, so that its outcome is still recorded."""


class Report(Struct):
    """What a run has done, counted by deliveries to one sink."""

    delivered: int = 0
    failed: int = 0
    oldest_seconds: float = 0.0
    """How long ago the oldest event happened that was due."""

    @property
    def tried(self) -> int:
        """How many deliveries were tried."""
        return self.delivered + self.failed


class Sending:
    """What one run sends in its span; `report` counts it."""

    def __init__(self, messages: Messages, sinks: Mapping[str, Sink], span: Span) -> None:
        self.report = Report()
        self._messages = messages
        self._sinks = sinks
        self._span = span
        self._failures = dict.fromkeys(sinks, 0)
        self._turns = {name: asyncio.Semaphore(SENDS_AT_ONCE) for name in sinks}

    @property
    def open_to(self) -> list[str]:
        """The names of the sinks that have not failed again and again."""
        return [name for name in self._sinks if not self._is_down(name)]

    async def send_all(self, to_try: Sequence[Try], until: datetime) -> list[Outcome]:
        """Send to all sinks at once what cannot outlast a claim; return what came of it.

        Raises StoreError if an appointment cannot be looked up.
        """
        messages = {each.record.id: await self._message(each.record) for each in to_try}
        sent = await asyncio.gather(
            *(self._send(each, messages[each.record.id], until) for each in to_try)
        )
        return [outcome for outcome in sent if outcome]

    async def _message(self, record: OutboxRecord) -> Message | str | None:
        """Return the message of an event, None for what is obsolete, or why there is none."""
        try:
            return await self._messages.of(record.event, self._span.now())
        except DeliveryFailed as error:
            return str(error)

    async def _send(
        self, each: Try, message: Message | str | None, until: datetime
    ) -> Outcome | None:
        """Send a message to a sink; None if that is left to a later run."""
        if message is None:
            return Outcome(each, obsolete=True)
        if isinstance(message, str):
            return self._noted(Outcome(each, message))
        sink = self._sinks[each.sink]
        if not sink.wants(message):
            return Outcome(each)
        async with self._turns[each.sink]:
            if self._is_down(each.sink) or self._is_late(until):
                return None
            return self._noted(Outcome(each, await _why_not_sent(sink, message)))

    def _noted(self, outcome: Outcome) -> Outcome:
        sink, event = outcome.of.sink, outcome.of.record.event
        if outcome.reason is None:
            self.report.delivered += 1
            self._failures[sink] = 0
        else:
            self.report.failed += 1
            self._failures[sink] += 1
            log_failed(event, sink, outcome.reason)
        return outcome

    def _is_late(self, until: datetime) -> bool:
        return self._span.is_over or self._span.now() >= until - LAST_SEND

    def _is_down(self, sink: str) -> bool:
        return self._failures[sink] >= DOWN_AFTER


async def _why_not_sent(sink: Sink, message: Message) -> str | None:
    """Send a message; return why it did not arrive, None if it did."""
    try:
        async with asyncio.timeout(SECONDS):
            await sink.send(message)
    except DeliveryFailed as error:
        return str(error)
    except TimeoutError:
        return f"no answer within {SECONDS:g} s"
    except Exception as error:  # noqa: BLE001 - a bug of one sink must not stop the others
        log_bug(f"{sink.name} did not take an event", error)
        return type(error).__name__
    return None
