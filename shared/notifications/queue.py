"""The events of one appointment that wait: which may go out now, and what becomes of them. Pure.

Each sink is told of one event after the other; a reminder takes its place when it is due. The first
record speaks for all: it says when to look at them next, and who delivers any of them claims it. So
every commit that changes a record writes the first one, too, and the one that speaks from then on,
which get another version by that: else a record could be told to wait behind one that somebody
delivers who does not know of it, and nobody would ever look at it again.

What names a patient who has been erased since is told to nobody, and holds nothing up: an erasure
may delete it at any time, or may have been cut off before it did.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from shared.model.outbox import Delivery, OutboxRecord
from shared.store.port import OutboxWrite, Stored, StoredRecord

PAUSES = tuple(timedelta(seconds=s) for s in (5, 30, 300, 1800, 7200))
"""Between a try and the next one; after those, `LAST_PAUSE`."""
LAST_PAUSE = timedelta(hours=6)
GIVE_UP = timedelta(days=3)
"""After so long of failing, an event is set aside."""
CLAIM = timedelta(minutes=1)
"""How long who claims an appointment's events has for a round of deliveries."""

_WAITING = Delivery()
_DELIVERED = Delivery("delivered")


class Clock(Struct, frozen=True):
    """What time it is: to deliveries by the server's clock, to reminders by that of the rules.

    The two differ only where a test says what time it is.
    """

    now: datetime
    rules_now: datetime


class Try(Struct, frozen=True):
    """An event that is to be sent to a sink now."""

    record: OutboxRecord
    sink: str


class Outcome(Struct, frozen=True):
    """What came of a try: it arrived, also if nobody was to be told; or `reason`, why it did not.

    With `obsolete` nobody is to be told at all: a reminder of what is not so any more.
    """

    of: Try
    reason: str | None = None
    obsolete: bool = False


def is_claimed(records: Sequence[StoredRecord], now: datetime) -> bool:
    """Whether somebody else delivers these now."""
    # Of several, too: what time off affects may come before a record that is claimed.
    claims = (each.value.claimed_until for each in records)
    return any(until is not None and until > now for until in claims)


def claimed(record: OutboxRecord, claim: str, now: datetime) -> OutboxRecord:
    """Return a first record with a claim; if whoever made it dies, it is looked at again then."""
    return replace(record, claim=claim, claimed_until=now + CLAIM, due_at=now + CLAIM)


def tries(records: Sequence[OutboxRecord], sinks: Collection[str], clock: Clock) -> list[Try]:
    """Return what may go out now: at most one event to each sink."""
    found = []
    for sink in sinks:
        first = _first(records, sink, clock)
        if first and _next_at(first, sink, clock) <= clock.now:
            found.append(Try(first, sink))
    return found


def settled(
    records: Sequence[StoredRecord],
    outcomes: Sequence[Outcome],
    sinks: Collection[str],
    clock: Clock,
    pauses: Mapping[str, float],
) -> list[Stored[OutboxRecord | None]]:
    """Return the records as they are after these outcomes; None where one is to be deleted.

    `pauses` stretch or shorten the pause of each sink a little, so that not all come at once.
    """
    by_id = {stored.value.id: stored.value for stored in records}
    for outcome in outcomes:
        record = by_id[outcome.of.record.id]
        names = sinks if outcome.obsolete else [outcome.of.sink]
        after = {name: _after(record, name, outcome, clock.now, pauses) for name in names}
        by_id[record.id] = replace(record, deliveries={**record.deliveries, **after})
    left = _left(list(by_id.values()), sinks)
    due = _first_speaks(left, _due_at(left, sinks, clock), clock.now)
    changed = {record.id: record for record in due}
    return [Stored(changed.get(each.value.id), each.version) for each in records]


def writes(
    before: Sequence[StoredRecord], after: Sequence[Stored[OutboxRecord | None]]
) -> list[OutboxWrite]:
    """Return the writes that make the one of the other, each on the version that was read.

    If there are any, the first record is among them, and the first one that is left if any waits
    behind it, though these may not change.
    """
    pairs = list(zip(before, after, strict=True))
    changed = [old.value != new.value for old, new in pairs]
    if not any(changed):
        return []
    left = [n for n, (_, new) in enumerate(pairs) if new.value]
    is_one_silent = any(new.value and new.value.due_at is None for _, new in pairs)
    speak = {0, left[0]} if is_one_silent else {0}
    return [
        OutboxWrite(new.value or old.value, old.version, done=new.value is None)
        for n, (old, new) in enumerate(pairs)
        if changed[n] or n in speak
    ]


def resent(record: OutboxRecord, now: datetime) -> OutboxRecord:
    """Return a record that was set aside, to be tried as if for the first time.

    It still tells that it was tried, as others may wait behind it.
    """
    again = {n: _WAITING if d.state == "set_aside" else d for n, d in record.deliveries.items()}
    return replace(record, deliveries=again, due_at=now)


def _first(records: Sequence[OutboxRecord], sink: str, clock: Clock) -> OutboxRecord | None:
    """Return the first event that waits for a sink, but for reminders that are not due."""
    for record in _tellable(records):
        if _waits(record, sink) and not _is_early(record, clock):
            return record
    return None


def _tellable(records: Sequence[OutboxRecord]) -> list[OutboxRecord]:
    """Return the records without those that name a patient whom a later one names no more."""
    erasures = (r.event for r in records if r.event.appointment and not r.event.personal)
    last = max((event.version for event in erasures), default=0)
    return [r for r in records if not r.event.personal or r.event.version >= last]


def _waits(record: OutboxRecord, sink: str) -> bool:
    return record.deliveries.get(sink, _WAITING).state == "waiting"


def _is_early(record: OutboxRecord, clock: Clock) -> bool:
    return record.event.type == "reminder" and record.event.at > clock.rules_now


def _next_at(record: OutboxRecord, sink: str, clock: Clock) -> datetime:
    return record.deliveries.get(sink, _WAITING).next_at or clock.now


def _after(
    record: OutboxRecord,
    sink: str,
    outcome: Outcome,
    now: datetime,
    pauses: Mapping[str, float],
) -> Delivery:
    before = record.deliveries.get(sink, _WAITING)
    if outcome.reason is None:
        return _DELIVERED
    since = before.failing_since or now
    if now - since >= GIVE_UP:
        return Delivery("set_aside", before.tries + 1, since, None, outcome.reason)
    pause = PAUSES[before.tries] if before.tries < len(PAUSES) else LAST_PAUSE
    next_at = now + pause * pauses.get(sink, 1.0)
    return Delivery("waiting", before.tries + 1, since, next_at, outcome.reason)


def _left(records: Sequence[OutboxRecord], sinks: Collection[str]) -> list[OutboxRecord]:
    """Return the records of which something is left, without reminders of an earlier version."""
    latest = max(record.event.version for record in records)
    return [record for record in _tellable(records) if _is_left(record, sinks, latest)]


def _is_left(record: OutboxRecord, sinks: Collection[str], latest: int) -> bool:
    if record.event.type == "reminder" and record.event.version < latest:
        return False
    return record.is_set_aside or any(_waits(record, sink) for sink in sinks)


def _due_at(
    records: Sequence[OutboxRecord], sinks: Collection[str], clock: Clock
) -> datetime | None:
    """Return when to look at the records next; None if only an operator can help."""
    times = [
        _next_at(first, sink, clock) for sink in sinks if (first := _first(records, sink, clock))
    ]
    reminders = [
        record.event.at
        for record in records
        if _is_early(record, clock) and any(_waits(record, sink) for sink in sinks)
    ]
    return min([*times, *reminders], default=None)


def _first_speaks(
    records: Sequence[OutboxRecord], due_at: datetime | None, now: datetime
) -> list[OutboxRecord]:
    """Return the records without a claim, the first one due when to look at them next.

    It speaks for the others: while it is not due, none of them is. What is due later stays so.
    """
    if not records:
        return []
    first, *others = records
    if due_at is None or due_at > now:
        silent = [_unclaimed(r, None if _is_due(r, now) else r.due_at) for r in others]
        return [_unclaimed(first, due_at), *silent]
    # Whoever looks for what is due finds all of them by the first one, so nobody need be silenced;
    # nor need it change if it is due already.
    if _is_due(first, now) and not first.claimed_until:
        due_at = first.due_at
    return [_unclaimed(first, due_at), *(_unclaimed(r, r.due_at) for r in others)]


def _is_due(record: OutboxRecord, now: datetime) -> bool:
    return record.due_at is not None and record.due_at <= now


def _unclaimed(record: OutboxRecord, due_at: datetime | None) -> OutboxRecord:
    return replace(record, claim="", claimed_until=None, due_at=due_at)
