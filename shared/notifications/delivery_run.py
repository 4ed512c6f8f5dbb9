"""One run through all that is due: claim, send, settle.

    due events     of the outbox, page by page, by one index
    claim          the first record of an appointment, by a conditional commit: nobody else delivers
                   any of its events for a minute, and who dies loses the claim then
    send           to each sink the first event that waits for it, all sinks at once
    settle         what has arrived is deleted, what has failed waits; again, while there is more

Why nothing is lost: a record goes only once every sink has taken it. Why nothing is told twice but
after a crash, or where the store cannot record what was sent: only who has the claim sends, and
stops sending in good time before it ends; no error ends a run before all that is being sent is
recorded. Why the order is right: a sink is told of an event only once all earlier ones of its
appointment have arrived there, or were set aside.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from random import Random

from shared.model.outbox import OutboxRecord
from shared.notifications.group_commit import GroupCommit
from shared.notifications.queue import (
    CLAIM,
    Outcome,
    Try,
    claimed,
    is_claimed,
    settled,
    tries,
    writes,
)
from shared.notifications.sending import LAST_SEND, Report, Sending
from shared.notifications.span import Span
from shared.observability.delivery_log import log_set_aside
from shared.store.port import (
    Store,
    Stored,
    StoredRecord,
    StoreUnavailable,
    VersionConflict,
)

PAGE = 200
"""How many due events one query finds."""
APPOINTMENTS_AT_ONCE = 64
JITTER = 0.2


class DeliveryRun:
    """A run on a store; `sinks` are the names of all that there are."""

    def __init__(
        self,
        store: Store,
        sending: Sending,
        sinks: Collection[str],
        span: Span,
        random: Random,
    ) -> None:
        self._store = store
        self._commits = GroupCommit(store)
        self._sending = sending
        self._sinks = sinks
        self._span = span
        self._random = random
        self._error: Exception | None = None
        self._appointments = asyncio.Semaphore(APPOINTMENTS_AT_ONCE)

    @property
    def report(self) -> Report:
        """What was done. Raises what stopped any of it, unless a later run puts that right."""
        if self._error:
            raise self._error
        return self._sending.report

    async def once(self) -> bool:
        """Go through all that is due, once; return whether more may have come meanwhile."""
        tried = self._sending.report.tried
        async with asyncio.TaskGroup() as tasks:
            with self._errors_kept():
                await self._begin(tasks)
        return self._error is None and self._sending.report.tried > tried

    @contextmanager
    def _errors_kept(self) -> Iterator[None]:
        """Keep an error for the report: raised in the group, it would cancel what is being sent."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - see above
            self._error = error

    async def _begin(self, tasks: asyncio.TaskGroup) -> None:
        """Begin a delivery for each appointment of which something is due."""
        after, seen = None, set[str]()
        while page := await self._page(after):
            after = page[-1].value
            self._note_age(page)
            for records in await self._queues(page, seen):
                await self._appointments.acquire()
                tasks.create_task(self._deliver(records))
            if len(page) < PAGE:
                break

    async def _page(self, after: OutboxRecord | None) -> Sequence[StoredRecord]:
        if self._span.is_over:
            return []
        clock = self._span.clock()
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

    def _note_age(self, page: Sequence[StoredRecord]) -> None:
        report, now = self._sending.report, self._span.now()
        ages = [(now - each.value.event.at).total_seconds() for each in page]
        report.oldest_seconds = max(report.oldest_seconds, *ages)

    async def _deliver(self, records: Sequence[StoredRecord]) -> None:
        """Deliver the events of one appointment, as far as its sinks take them."""
        try:
            # Somebody else has them, or they are looked at again when the claim ends.
            with self._errors_kept(), suppress(VersionConflict, StoreUnavailable):
                if not is_claimed(records, self._span.now()):
                    await self._deliver_in_order(records)
        finally:
            self._appointments.release()

    async def _deliver_in_order(self, records: Sequence[StoredRecord]) -> None:
        """Settle what needs no sending; claim, send and settle while there is more.

        To settle and to claim again is one commit.
        """
        until = self._span.now() + CLAIM
        after = self._settled(records, [])
        to_try = self._tries(_left(after))
        records = await self._write(records, self._claimed(after) if to_try else after)
        while to_try:
            outcomes = await self._sending.send_all(to_try, until)
            after = self._settled(records, outcomes)
            to_try = self._tries(_left(after)) if self._span.now() < until - LAST_SEND else []
            if to_try:
                until = self._span.now() + CLAIM
                after = self._claimed(after)
            records = await self._write(records, after)
            _log_set_aside(after, outcomes)

    def _tries(self, records: Sequence[StoredRecord]) -> list[Try]:
        """Return what may be sent now: nothing once the run is over."""
        if self._span.is_over:
            return []
        events = [each.value for each in records]
        return tries(events, self._sending.open_to, self._span.clock())

    def _settled(
        self, records: Sequence[StoredRecord], outcomes: Sequence[Outcome]
    ) -> list[Stored[OutboxRecord | None]]:
        pauses = {name: self._random.uniform(1 - JITTER, 1 + JITTER) for name in self._sinks}
        return settled(records, outcomes, self._sinks, self._span.clock(), pauses)

    def _claimed(
        self, records: Sequence[Stored[OutboxRecord | None]]
    ) -> list[Stored[OutboxRecord | None]]:
        """Return the records, the first one that is left with a claim from now on."""
        first, *_ = _left(records)
        claim = claimed(first.value, secrets.token_hex(8), self._span.now())
        return [Stored(claim, r.version) if r.value is first.value else r for r in records]

    async def _write(
        self, before: Sequence[StoredRecord], after: Sequence[Stored[OutboxRecord | None]]
    ) -> list[StoredRecord]:
        """Write what has changed, and return what is left, with the new versions."""
        changes = writes(before, after)
        versions = await self._commits.commit(changes) if changes else {}
        return [
            Stored(each.value, versions.get(each.value.id, each.version)) for each in _left(after)
        ]


def _left(records: Sequence[Stored[OutboxRecord | None]]) -> list[StoredRecord]:
    """Return the records without those that are to be deleted."""
    return [Stored(each.value, each.version) for each in records if each.value is not None]


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
