"""A store in memory, and ports through which instances see it, whose calls wait at gates."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, Self

from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.store.port import DayWrite, RecordWrite, State, Stored, Version, VersionConflict
from tests.proof.calls import Call
from tests.proof.gates import Gates
from tests.proof.promises import Broken, all_appointments

if TYPE_CHECKING:
    from shared.model.appointment import Appointment
    from shared.model.idempotency import IdempotencyRecord


class SimulatedStore:
    """Doctor-days and receipts with their versions; every state is looked at as it arises."""

    def __init__(self) -> None:
        self.days: dict[DayKey, Stored[DaySchedule]] = {}
        self.records: dict[str, Stored[IdempotencyRecord]] = {}
        self.there: dict[str, Appointment] = {}
        self.changed_at: set[datetime] = set()
        self.version = 0

    def put(self, days: Collection[DaySchedule]) -> None:
        """Replace days, as if nobody had ever written any."""
        for day in days:
            self.version += 1
            self.days[day.key] = Stored(day, self.version)
        self.there = all_appointments(self.days)

    def is_stale(self, days: Sequence[DayWrite], records: Sequence[RecordWrite]) -> bool:
        """Whether anything is not as it was read."""
        for write in days:
            found = self.days.get(write.day.key)
            if (found and found.version) != write.read.version:
                return True
        for record in records:
            used = self.records.get(record.record.key)
            if (used and used.version) != record.replaced:
                return True
        return False

    def commit(
        self, days: Sequence[DayWrite], records: Sequence[RecordWrite]
    ) -> Mapping[DayKey, Version]:
        """Write all or nothing."""
        if self.is_stale(days, records):
            raise VersionConflict("changed")
        return self.write(days, records)

    def write(
        self, days: Sequence[DayWrite], records: Sequence[RecordWrite]
    ) -> Mapping[DayKey, Version]:
        """Write, and look at what there is then."""
        self.version += 1
        for write in days:
            self.days[write.day.key] = Stored(write.day, self.version)
        for record in records:
            if record.record.key in self.records:
                raise Broken("a key took effect twice")
            self.records[record.record.key] = Stored(record.record, self.version)
        self._look()
        return {write.day.key: self.version for write in days}

    def view(self) -> State:
        """All that there is now."""
        return State(self.days.copy(), self.records.copy())

    def _look(self) -> None:
        before, self.there = self.there, all_appointments(self.days)
        if not before.keys() <= self.there.keys():
            raise Broken(f"{before.keys() - self.there.keys()} lie nowhere")
        for name, appointment in self.there.items():
            if appointment is not before.get(name):
                # Every request has a `now` of its own, so this tells whose change it is.
                if appointment.updated_at in self.changed_at:
                    raise Broken(f"a request has changed {name} twice")
                self.changed_at.add(appointment.updated_at)


class Port:
    """The store as one instance sees it: every call waits at a gate, where there are gates."""

    def __init__(self, store: SimulatedStore, gates: Gates, who: int) -> None:
        self.store = store
        self.who = who
        self.open = True
        self._gates = gates
        self._calls = 0

    def snapshot(self, instant: datetime | None = None) -> "View":
        """A view of the instant of its first read."""
        assert instant is None
        return View(self)

    async def commit(
        self, days: Sequence[DayWrite], records: Sequence[RecordWrite]
    ) -> Mapping[DayKey, Version]:
        """Write all or nothing, on the versions that were read."""
        touches = [*(write.day.key for write in days), *(r.record.key for r in records)]
        result: Mapping[DayKey, Version]
        result = await self.call("commit", touches, self.store.commit, days, records)
        return result

    async def call(
        self,
        verb: Literal["load", "commit"],
        touches: Collection[object],
        do: Callable[..., Any],
        *arguments: object,
    ) -> Any:  # noqa: ANN401 - what the call answers
        """Do it when the gate opens."""
        if self.open:
            return do(*arguments)
        self._calls += 1
        call = Call(self.who, self._calls, verb, touches, do, *arguments)
        return await self._gates.wait(call)

    async def doctors(self) -> Sequence[Doctor]:
        """Nobody asks for them."""
        raise NotImplementedError

    async def put_doctors(self, doctors: Collection[Doctor]) -> None:
        """Nobody does."""
        raise NotImplementedError

    async def close(self) -> None:
        """There is nothing to close."""


class View:
    """A snapshot."""

    days_at_once = 1

    def __init__(self, port: Port) -> None:
        self._port = port
        self._state: State | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def load(self, days: Collection[DayKey], records: Collection[str]) -> State:
        """Read days and receipts."""
        touches = () if self._state else (*days, *records)
        result: State = await self._port.call("load", touches, self._load, days, records)
        return result

    def scan(
        self,
        doctor_id: str,
        first: date,
        last: date,
        at_once: int = 16,
    ) -> AsyncIterator[DaySchedule]:
        """Nobody does: a transaction looks for openings with `load`."""
        raise NotImplementedError

    async def instant(self) -> datetime:
        """Nobody asks for it."""
        raise NotImplementedError

    def _load(self, days: Collection[DayKey], records: Collection[str]) -> State:
        if self._state is None:
            self._state = self._port.store.view()
        there = self._state
        return State(
            {key: there.days.get(key) or Stored(DaySchedule(key), None) for key in days},
            {key: there.records[key] for key in records if key in there.records},
        )
