"""The deliverer: claims what is due, sends it, and records what came of it.

    due events     of the outbox, page by page, by one index
    claim          the first record of an appointment, by a conditional commit: nobody else delivers
                   any of its events for a minute, and who dies loses the claim then
    send           to each sink the first event that waits for it, all sinks at once
    settle         what has arrived is deleted, what has failed waits; again, while there is more

Why nothing is lost: a record goes only once every sink has taken it. Why nothing is told twice but
after a crash: only who has the claim sends, and stops sending in good time before it ends. Why the
order is right: a sink is told of an event only once all earlier ones of its appointment have
arrived there, or were set aside.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from random import Random

from msgspec import Struct

from shared.model.outbox import OutboxRecord
from shared.notifications.group_commit import GroupCommit
from shared.notifications.messages import Messages
from shared.notifications.queue import (
    CLAIM,
    Clock,
    Outcome,
    Try,
    claimed,
    is_claimed,
    settled,
    tries,
    writes,
)
from shared.notifications.sink import SECONDS, DeliveryFailed, Message, Sink
from shared.observability.delivery_log import log_failed, log_set_aside
from shared.observability.request_log import log_bug
from shared.store.port import (
    Store,
    Stored,
    StoredRecord,
    StoreRefused,
    StoreUnavailable,
    VersionConflict,
)

PAGE = 200
"""How many due events one query finds."""
APPOINTMENTS_AT_ONCE = 64
SENDS_AT_ONCE = 16
"""To one sink."""
DOWN_AFTER = 5
"""A sink that has failed so often in a row is left alone until the next run."""
JITTER = 0.2
_LAST_SEND = timedelta(seconds=2 * SECONDS)
"""Before a claim ends. What is sent by then has ended, and is settled, before the claim does."""


class Report(Struct):
    """What a run has done, counted by deliveries to one sink."""

    delivered: int = 0
    failed: int = 0
    oldest_seconds: float = 0.0
    """How long ago the oldest event happened that was due."""

    @property
    def did_anything(self) -> bool:
        """Whether anything was tried."""
        return bool(self.delivered or self.failed)


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

    def open(self) -> dict[str, Sink]:
        """Open all sinks, unless that was done; return them by name. Raises what that raises."""
        if self._sinks is None:
            self._sinks = {sink.name: sink for sink in self._open_sinks()}
        return self._sinks

    async def run(self, seconds: float, rules_now: datetime | None = None) -> Report:
        """Deliver all that is due, and nothing new once so many seconds are over.

        `rules_now` is when it is to reminders, if a test says so. While a run goes on here, another
        one only lets it look again: a burst of events triggers as many. Raises StoreError.
        """
        if self._running and rules_now is None:
            self._again = True
            return Report()
        self._running = True
        try:
            return await self._run(seconds, rules_now)
        finally:
            self._running = False

    async def _run(self, seconds: float, rules_now: datetime | None) -> Report:
        end = self._now() + timedelta(seconds=seconds)
        sinks = self.open()
        run = _Run(self._store, self._messages, sinks, self._now, self._random, end, rules_now)
        self._again = True
        while self._again and self._now() < end:
            self._again = False
            self._again |= await run.once()
        if run.refused:
            raise run.refused
        return run.report

    async def close(self) -> None:
        """Close all sinks."""
        for sink in (self._sinks or {}).values():
            await sink.close()


class _Run:
    """One run: how often each sink has failed in a row, and what was done."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a deliverer has, and when to end
        self,
        store: Store,
        messages: Messages,
        sinks: Mapping[str, Sink],
        now: Callable[[], datetime],
        random: Random,
        end: datetime,
        rules_now: datetime | None,
    ) -> None:
        self.report = Report()
        self.refused: StoreRefused | None = None
        self._store = store
        self._commits = GroupCommit(store)
        self._messages = messages
        self._sinks = sinks
        self._now = now
        self._random = random
        self._end = end
        self._rules_now = rules_now
        self._failures = dict.fromkeys(sinks, 0)
        self._turns = {name: asyncio.Semaphore(SENDS_AT_ONCE) for name in sinks}
        self._appointments = asyncio.Semaphore(APPOINTMENTS_AT_ONCE)
        self._sent = 0

    async def once(self) -> bool:
        """Go through all that is due, once; return whether more may have come meanwhile."""
        try:
            return await self._once()
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None  # One is enough to know what is wrong.

    async def _once(self) -> bool:
        sent, after, seen = self._sent, None, set[str]()
        async with asyncio.TaskGroup() as tasks:
            while page := await self._page(after):
                after = page[-1].value
                self._note_age(page)
                for records in await self._queues(page, seen):
                    await self._appointments.acquire()
                    tasks.create_task(self._deliver(records))
                if len(page) < PAGE:
                    break
        return self._sent > sent

    async def _page(self, after: OutboxRecord | None) -> Sequence[StoredRecord]:
        if self._now() >= self._end:
            return []
        clock = self._clock()
        return await self._store.due_events(max(clock.now, clock.rules_now), PAGE, after)

    async def _queues(
        self, page: Sequence[StoredRecord], seen: set[str]
    ) -> list[list[StoredRecord]]:
        """Return the events of each appointment on a page that was not seen before.

        Nothing can wait before a booking. One that nobody has tried yet speaks for no others, so
        they need not be looked for.
        """
        names = Counter(each.value.event.appointment_id for each in page)
        new = names.keys() - seen
        seen |= new
        alone = [each for each in page if _is_alone(each.value, names, new)]
        others = new - {each.value.event.appointment_id for each in alone}
        found = await self._store.waiting_events(others) if others else []
        by_appointment = groupby(found, lambda each: each.value.event.appointment_id)
        return [[each] for each in alone] + [list(records) for _, records in by_appointment]

    async def _deliver(self, records: Sequence[StoredRecord]) -> None:
        """Deliver the events of one appointment, as far as its sinks take them."""
        try:
            if not is_claimed(records, self._now()):
                await self._deliver_in_order(records)
        except (VersionConflict, StoreUnavailable):
            pass  # Somebody else has them, or they are looked at again when the claim ends.
        except StoreRefused as error:
            self.refused = error
        finally:
            self._appointments.release()

    async def _deliver_in_order(self, records: Sequence[StoredRecord]) -> None:
        until = self._now() + CLAIM
        to_try = self._tries(records)
        if to_try:
            records = await self._write(records, self._claimed(records))
        while True:
            outcomes = await self._send_all(to_try, until)
            after = settled(records, outcomes, self._sinks, self._clock(), self._pauses())
            left = [Stored(each.value, each.version) for each in after if each.value is not None]
            is_late = self._now() >= min(until - _LAST_SEND, self._end)
            to_try = self._tries(left) if left and not is_late else []
            if to_try:
                until = self._now() + CLAIM
                first = self._claimed(left)[0]
                after = [first if each.value == left[0].value else each for each in after]
            records = await self._write(records, after)
            _log_set_aside(after, outcomes)
            if not to_try:
                return

    def _tries(self, records: Sequence[StoredRecord]) -> list[Try]:
        up = [name for name in self._sinks if not self._is_down(name)]
        return tries([each.value for each in records], up, self._clock())

    def _claimed(self, records: Sequence[StoredRecord]) -> list[StoredRecord]:
        """Return the records, the first one with a claim from now on."""
        first, *others = records
        claim = claimed(first.value, secrets.token_hex(8), self._now())
        return [Stored(claim, first.version), *others]

    async def _write(
        self, before: Sequence[StoredRecord], after: Sequence[Stored[OutboxRecord | None]]
    ) -> list[StoredRecord]:
        """Write what has changed, and return what is left, with the new versions."""
        changes = writes(before, after)
        versions = await self._commits.commit(changes) if changes else {}
        return [
            Stored(each.value, versions.get(each.value.id, each.version))
            for each in after
            if each.value is not None
        ]

    async def _send_all(self, to_try: Sequence[Try], until: datetime) -> list[Outcome]:
        """Send to all sinks at once, but nothing that would outlast the claim."""
        messages = {each.record.id: await self._message(each.record) for each in to_try}
        sent = await asyncio.gather(
            *(self._send(each, messages[each.record.id], until) for each in to_try)
        )
        return [outcome for outcome in sent if outcome]

    async def _message(self, record: OutboxRecord) -> Message | str | None:
        """Return the message of an event, None for what is obsolete, or why there is none."""
        try:
            return await self._messages.of(record.event, self._now())
        except DeliveryFailed as error:
            return str(error)

    async def _send(
        self, each: Try, message: Message | str | None, until: datetime
    ) -> Outcome | None:
        if message is None:
            return Outcome(each, obsolete=True)
        if isinstance(message, str):
            return self._noted(Outcome(each, message))
        sink = self._sinks[each.sink]
        if not sink.wants(message):
            return Outcome(each)
        async with self._turns[each.sink]:
            if self._is_down(each.sink) or self._now() >= until - _LAST_SEND:
                return None
            return self._noted(Outcome(each, await _why_not_sent(sink, message)))

    def _noted(self, outcome: Outcome) -> Outcome:
        sink, event = outcome.of.sink, outcome.of.record.event
        self._sent += 1
        if outcome.reason is None:
            self.report.delivered += 1
            self._failures[sink] = 0
        else:
            self.report.failed += 1
            self._failures[sink] += 1
            log_failed(event, sink, outcome.reason)
        return outcome

    def _is_down(self, sink: str) -> bool:
        return self._failures[sink] >= DOWN_AFTER

    def _note_age(self, page: Sequence[StoredRecord]) -> None:
        now = self._now()
        ages = [(now - each.value.event.at).total_seconds() for each in page]
        self.report.oldest_seconds = max(self.report.oldest_seconds, *ages)

    def _clock(self) -> Clock:
        now = self._now()
        return Clock(now, self._rules_now or now)

    def _pauses(self) -> dict[str, float]:
        return {name: self._random.uniform(1 - JITTER, 1 + JITTER) for name in self._sinks}


def _is_alone(record: OutboxRecord, names: Mapping[str, int], new: Collection[str]) -> bool:
    """Whether this is a booking that nobody has tried, the only event of its appointment found."""
    name, untried = record.event.appointment_id, not (record.deliveries or record.claim)
    return record.event.type == "booked" and untried and name in new and names[name] == 1


def _log_set_aside(
    after: Sequence[Stored[OutboxRecord | None]], outcomes: Sequence[Outcome]
) -> None:
    by_id = {each.value.id: each.value for each in after if each.value}
    for outcome in outcomes:
        record, sink = by_id.get(outcome.of.record.id), outcome.of.sink
        if record and outcome.reason and record.deliveries[sink].state == "set_aside":
            log_set_aside(record.event, sink, outcome.reason)


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
