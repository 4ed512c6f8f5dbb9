"""Overrides: one commit over all the doctor-days that one touches, a year of them or more.

    request       this instance             store
       |  override        |                    |
       |----------------->| wait for the turn  |   others of the same doctor go first
       |                  | read all days <--->|
       |                  | decide             |   pure
       |                  | commit ----------->|   all days, the override, the record of the key:
       |                  |                    |   "if each is still as I read it"
       |                  |<- conflict --------|   nothing was written: read the versions of all
       |                  |   (no answer)      |   days, and again only those that have changed
       |   override <-----|<- committed -------|

Why every booking is either affected or refused: it commits every day that it touches, and so does
the override. If the booking is committed first, the override is committed only on days that hold
it. If it is committed later, it was decided on days that hold the override, whatever an instance
remembers.

What bookings wait for: at most the work of one attempt on so many days, as an override stands in no
queue of theirs and holds nothing between two calls of the store. The slowest booking beside a year
off took 0.25 s on SQLite, whose file has one writer, and 0.8 s on Firestore's emulator.

A later attempt reads little. Days on which somebody books all the time may change once more between
reading and committing; then the next attempt, after a random pause, needs one moment without a
commit on them.

Why the overrides of a doctor take turns: each writes days that the others have read, so of several
at once all but one would read in vain. Other instances take turns of their own, and clash at times.

Why nothing is made twice: the id is chosen before the first attempt, and every attempt writes the
override on the condition that there is none of that id. What became of a commit that was not
answered is seen by looking for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from random import Random
from typing import TypeVar
from weakref import WeakValueDictionary

from msgspec import Struct, field
from msgspec.structs import replace

from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.doctor_days import touched_days
from shared.model.idempotency_record import IdempotencyRecord
from shared.model.override import Override, OverrideKey
from shared.rules.document_size import weight
from shared.rules.events import Telling, affected_events, records_of
from shared.rules.overriding import (
    Affected,
    Days,
    TooManyAffected,
    UnknownOverride,
    affected_by,
    all_affected_by,
    with_override,
    without_override,
)
from shared.rules.refusals import KeyReused, Refusal
from shared.store.port import (
    DayWrite,
    Keys,
    OutboxWrite,
    OverrideWrite,
    RecordWrite,
    Snapshot,
    State,
    Store,
    Stored,
    StoreUnavailable,
    VersionConflict,
    Writes,
)
from shared.store.usage import count_attempt
from shared.transactions.idempotency_keys import Idempotency, gone, new_request_id
from shared.transactions.retries import Retries

T = TypeVar("T")

MOST_BYTES_OF_EVENTS = 6 * 2**20
"""In one commit, with a year of days: Firestore takes 10 MiB."""

DEADLINES = 3
"""How many deadlines of a booking an override may take, with its hundreds of days: 30 s mostly."""


class NewOverride(Struct, frozen=True):
    """A request to make an override, whose id is chosen before the first attempt.

    `arrived_at` is when it arrived by the server's clock, and `request_id` identifies it in the
    idempotency record that it leaves.
    """

    doctor: Doctor
    override: Override
    arrived_at: datetime
    idempotency: Idempotency | None = None
    request_id: str = field(default_factory=new_request_id)

    @property
    def days(self) -> tuple[DayKey, ...]:
        """The doctor-days that it touches."""
        return touched_days(self.doctor, self.override.interval)

    def record(self) -> IdempotencyRecord | None:
        """Return the record to leave when it is made; None without a key."""
        if self.idempotency is None:
            return None
        return self.idempotency.record(self.override.id, self.arrived_at, self.request_id)


class Made(Struct, frozen=True):
    """An override that was made by this request, or `replayed`: by the same one before."""

    override: Override
    affected: Affected
    replayed: bool = False


class OverrideTransactions(Struct, frozen=True):
    """Makes and deletes overrides in a store, one at a time for each doctor. One for each instance.

    `deadline_seconds` is how long one of them may take, waiting included, and `turns` are those of
    doctors whose overrides are being changed. `telling` is None where nobody is told of events.

    Raises StoreUnavailable at the deadline, and StoreRefused if the store refuses to work. After
    either, the change may have happened if a commit was never answered.
    """

    store: Store
    deadline_seconds: float
    random: Random
    telling: Telling | None = None
    turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def make(self, new: NewOverride) -> Made | Refusal:
        """Make an override, unless its idempotency key was used before."""
        attempt = partial(self._make, new, new.record(), _Days())
        return await self._in_turn(new.doctor.id, attempt)

    async def delete(
        self, key: OverrideKey, doctor: Doctor, now: datetime
    ) -> Override | UnknownOverride:
        """Delete an override of a doctor, and return it. One that is deleted stays as it is."""
        attempt = partial(self._delete, key, doctor, now, _Days())
        return await self._in_turn(doctor.id, attempt)

    async def _in_turn(self, doctor_id: str, attempt: Callable[[], Awaitable[T]]) -> T:
        """Wait for the turn, then try until an attempt is certain; at most to the deadline."""
        # A turn is dropped once nobody holds it or waits for it.
        turn = self.turns.setdefault(doctor_id, asyncio.Lock())
        try:
            async with asyncio.timeout(self.deadline_seconds), turn:
                return await self._until_certain(attempt)
        except TimeoutError:
            message = f"no certain answer within {self.deadline_seconds:g} s"
            raise StoreUnavailable(message) from None

    async def _until_certain(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Try until an attempt is neither too late nor left without an answer."""
        retries = Retries(self.random)
        while True:
            with suppress(VersionConflict, StoreUnavailable):
                return await attempt()
            await retries.pause()

    async def _make(
        self, new: NewOverride, record: IdempotencyRecord | None, days: "_Days"
    ) -> Made | Refusal:
        override, keys = new.override, [record.key] if record else []
        async with self.store.snapshot() as snapshot:
            state = await days.read(snapshot, new.days, keys, [override.key])
            if known := await _made_before(new, snapshot, state, days):
                return known
        changed = with_override(days.values, override)
        if isinstance(changed, Refusal):
            return changed
        events = self._events(new, days.values)
        if isinstance(events, Refusal):
            return events
        records = [RecordWrite.over(record, state)] if record else []
        await self._commit(days.writes(changed), records, OverrideWrite(override, None), events)
        return Made(override, affected_by(days.values.values(), override))

    def _events(self, new: NewOverride, days: Days) -> list[OutboxWrite] | TooManyAffected:
        """Return the events of all whom an override affects, unless they are too many to commit."""
        if self.telling is None:
            return []
        affected = all_affected_by(days.values(), new.override)
        if sum(map(weight, affected)) > MOST_BYTES_OF_EVENTS:
            return TooManyAffected()
        events = affected_events(affected, new.override, new.arrived_at)
        return [OutboxWrite(record) for record in records_of(events, new.arrived_at)]

    async def _delete(
        self, key: OverrideKey, doctor: Doctor, now: datetime, days: "_Days"
    ) -> Override | UnknownOverride:
        async with self.store.snapshot() as snapshot:
            stored = await _stored(snapshot, key)
            override = stored.value
            if override is None:
                return UnknownOverride()
            if override.deleted_at is not None:
                return override
            await days.read(snapshot, touched_days(doctor, override.interval))
        changed = without_override(days.values, override)
        deleted = replace(override, deleted_at=now)
        await self._commit(days.writes(changed), [], OverrideWrite(deleted, stored.version))
        return deleted

    async def _commit(
        self,
        days: Sequence[DayWrite],
        records: Sequence[RecordWrite],
        override: OverrideWrite,
        events: Sequence[OutboxWrite] = (),
    ) -> None:
        count_attempt(1)
        await self.store.commit(Writes(days, records, overrides=[override], events=events))


class _Days(Struct):
    """The doctor-days of one transaction, of which only those are read again that have changed.

    These come first in the next commit: if they have changed once more, the store finds out before
    it has written the others, and bookings wait the less for its disk.
    """

    stored: dict[DayKey, Stored[DaySchedule]] = field(default_factory=dict)

    @property
    def values(self) -> Days:
        """The days as they were when they were read last, all at the same instant."""
        return {key: stored.value for key, stored in self.stored.items()}

    async def read(
        self,
        snapshot: Snapshot,
        keys: Sequence[DayKey],
        records: Collection[str] = (),
        overrides: Collection[OverrideKey] = (),
    ) -> State:
        """Read the days, and return what else was asked for."""
        versions = await snapshot.versions(keys) if self.stored else {}
        current = {
            key: stored for key, stored in self.stored.items() if stored.version == versions[key]
        }
        unknown = [key for key in keys if key not in current]
        state = await snapshot.load(Keys(days=unknown, records=records, overrides=overrides))
        self.stored = {**state.days, **current}
        return state

    def writes(self, changed: Days) -> list[DayWrite]:
        """Return the writes that replace the days."""
        return [DayWrite(self.stored[key], day) for key, day in changed.items()]


async def _made_before(
    new: NewOverride, snapshot: Snapshot, state: State, days: _Days
) -> Made | KeyReused | None:
    """Return what an earlier attempt, or an earlier request with the same key, came to, if any."""
    if own := state.overrides[new.override.key].value:
        return Made(own, affected_by(days.values.values(), own))
    idempotency = new.idempotency
    record = idempotency.live_record(state, new.arrived_at) if idempotency else None
    if not idempotency or not record:
        return None
    if record.fingerprint != idempotency.fingerprint:
        return KeyReused()
    key = OverrideKey(new.doctor.id, record.appointment_id)
    made = (await _stored(snapshot, key)).value
    if made is None:
        raise gone(key.override_id)
    # The same request touches the same days.
    return Made(made, affected_by(days.values.values(), made), replayed=True)


async def _stored(snapshot: Snapshot, key: OverrideKey) -> Stored[Override | None]:
    return (await snapshot.load(Keys(overrides=[key]))).overrides[key]
