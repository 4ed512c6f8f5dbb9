"""Decisions on a snapshot read for them: refusals, replays, and what was applied before."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Self

from msgspec import Struct, field
from msgspec.structs import replace

from shared.access.caller import ANYBODY
from shared.access.permissions import may_see, may_see_series
from shared.model.appointment import Appointment
from shared.model.busy_day import BusyDay
from shared.model.day import DayKey, DaySchedule
from shared.model.documents import Documents
from shared.model.idempotency_record import IdempotencyRecord
from shared.model.opening import Opening
from shared.model.series import is_series_id
from shared.queries.look_ups import find_appointment, find_appointments
from shared.queries.openings import hours_of_date, next_openings
from shared.rules.outcomes import Accepted, AlreadyApplied, BookedSeries, Held, Outcome, Replayed
from shared.rules.refusals import (
    KeyReused,
    OutsideHours,
    TimeUnavailable,
    UnknownAppointment,
    UnknownSeries,
)
from shared.store.port import Keys, Snapshot, State, StoreRefused
from shared.transactions.command import Command
from shared.transactions.idempotency_keys import gone
from shared.transactions.plan import documents_of

MOST_DAYS_KEPT = 128
"""How many days are kept for the next search, and those of one search more: they are in memory."""


class SnapshotDecision(Struct, frozen=True):
    """The outcome of a command on a snapshot; `to_commit` if only a commit makes it true."""

    outcome: Outcome
    to_commit: bool = False


class SnapshotDecisions(Struct):
    """Decides commands on one snapshot, each on its own.

    `read` are days on which other times were looked for: mostly all who are refused look on the
    same ones.
    """

    snapshot: Snapshot
    state: State
    known: Documents
    read: dict[DayKey, BusyDay] = field(default_factory=dict)
    openings: dict[TimeUnavailable, tuple[Opening, ...]] = field(default_factory=dict)

    @classmethod
    def on(cls, snapshot: Snapshot, state: State) -> Self:
        """Return decisions on what was loaded from a snapshot."""
        return cls(snapshot, state, documents_of(state))

    async def decide(self, command: Command) -> SnapshotDecision:
        """Decide one command."""
        if record := command.live_record(self.state):
            return SnapshotDecision(await self._replay(record, command))
        changes, outcome = command.decide(command.documents(self.known))
        if isinstance(outcome, AlreadyApplied):
            return SnapshotDecision(await self._applied(command))
        if isinstance(outcome, TimeUnavailable):
            return SnapshotDecision(await self._in_full(outcome))
        return SnapshotDecision(outcome, to_commit=changes.change_anything)

    async def _replay(self, record: IdempotencyRecord, command: Command) -> Outcome:
        """Tell whether this attempt used the key, an earlier request did, or a different one."""
        own = command.record()
        if own is None or own.fingerprint != record.fingerprint:
            return KeyReused()
        if command.afterwards:
            return command.afterwards(command.documents(self.known))[1]
        by_another = record.request_id != own.request_id
        if record.hold:
            return Held(record.hold, replayed=by_another)
        if is_series_id(record.appointment_id):
            return await self._series(record.appointment_id, command, replayed=by_another)
        appointment = await self._appointment(record.appointment_id)
        granted = Replayed(appointment) if by_another else Accepted(appointment)
        return _shown(command, granted)

    async def _applied(self, command: Command) -> Outcome:
        """Return what an attempt at this request that was not answered has made."""
        for day in self.known.days.values():
            if hold := day.find_hold(command.subject):
                return Held(hold)
        if is_series_id(command.subject):
            return await self._series(command.subject, command)
        return _shown(command, Accepted(await self._appointment(command.subject)))

    async def _series(self, name: str, command: Command, *, replayed: bool = False) -> Outcome:
        """Return a series that must exist, with those of its appointments that the caller may see.

        They are as they are now; some may have been moved or cancelled since.
        """
        series = (await self.snapshot.load(Keys(series=[name]))).series[name]
        if series is None:
            raise gone(name)
        if not may_see_series(command.caller, series):
            return UnknownSeries()
        found = await find_appointments(self.snapshot, series.appointment_ids, command.caller)
        in_order = sorted(found.values(), key=lambda appointment: appointment.position)
        return BookedSeries(series, tuple(in_order), replayed)

    async def _appointment(self, appointment_id: str) -> Appointment:
        """Find an appointment that must exist; mostly it is on a loaded day."""
        for day in self.known.days.values():
            if found := day.find(appointment_id):
                return found
        if found := await find_appointment(self.snapshot, appointment_id, ANYBODY):
            return found
        raise gone(appointment_id)

    async def _in_full(self, refusal: TimeUnavailable) -> TimeUnavailable:
        """Add what can be booked instead and, where they matter, the working hours.

        Nothing if a day on which they are looked for cannot be read: the refusal is certain, and
        this is only a help.
        """
        with suppress(StoreRefused):
            return await self._helpful(refusal)
        return refusal

    async def _helpful(self, refusal: TimeUnavailable) -> TimeUnavailable:
        refusal = replace(refusal, openings=await self._openings(refusal))
        if isinstance(refusal, OutsideHours):
            hours = await hours_of_date(self.snapshot, refusal, self._days)
            self._keep(hours.read)
            return replace(refusal, working_windows=hours.windows)
        return refusal

    async def _openings(self, refusal: TimeUnavailable) -> tuple[Opening, ...]:
        """Search once, however many commands are refused the same time."""
        if refusal not in self.openings:
            self.openings[refusal] = ()  # Where a day cannot be read, nobody else need try.
            found = await next_openings(self.snapshot, refusal, self._days)
            self._keep(found.read)
            self.openings[refusal] = tuple(found.openings)
        return self.openings[refusal]

    @property
    def _days(self) -> Mapping[DayKey, DaySchedule | BusyDay]:
        return {**self.read, **self.known.days}

    def _keep(self, read: Mapping[DayKey, BusyDay]) -> None:
        if len(self.read) < MOST_DAYS_KEPT:
            self.read |= read


def _shown(command: Command, granted: Accepted | Replayed) -> Outcome:
    """Return what was granted, unless the caller may not see the appointment any more."""
    return granted if may_see(command.caller, granted.appointment) else UnknownAppointment()
