"""A store for the tests of the transaction: right about versions, and wrong where told to be."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import date, datetime
from itertools import pairwise
from random import Random
from typing import Protocol, TypeVar

from shared.model.appointment import Appointment
from shared.model.appointment_id import home_day
from shared.model.day import DayKey, DaySchedule
from shared.model.doctor import Doctor
from shared.model.idempotency import IdempotencyRecord
from shared.store.port import (
    DayWrite,
    RecordWrite,
    State,
    Stored,
    StoreRefused,
    StoreUnavailable,
    Version,
    VersionConflict,
)
from shared.transactions.coordinator import Coordinator

T = TypeVar("T")


class Step(Protocol):
    """How one call goes. `effect` does it, all at once, and returns its answer."""

    async def __call__(self, effect: Callable[[], T], /) -> T: ...


async def prompt(effect: Callable[[], T]) -> T:
    """As it should be."""
    await asyncio.sleep(0)
    return effect()


async def fails_before(effect: Callable[[], T]) -> T:  # noqa: ARG001 - it never happens
    """No answer, and no effect."""
    await asyncio.sleep(0)
    raise StoreUnavailable("it did not happen")


async def fails_after(effect: Callable[[], T]) -> T:
    """No answer, but the effect."""
    await asyncio.sleep(0)
    with suppress(VersionConflict):
        effect()
    raise StoreUnavailable("it did happen")


async def fails_for_good(effect: Callable[[], T]) -> T:  # noqa: ARG001 - it never happens
    """The store says no."""
    await asyncio.sleep(0)
    raise StoreRefused("no permission")


async def hangs(effect: Callable[[], T]) -> T:  # noqa: ARG001 - it never happens
    """No answer ever, and no effect."""
    never: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    return await never


def slow(seconds: float) -> Step:
    """The effect now, the answer later."""

    async def step(effect: Callable[[], T]) -> T:
        answer = effect()
        await asyncio.sleep(seconds)
        return answer

    return step


def late(seconds: float) -> Step:
    """The effect and the answer later; the effect also if the caller has given up by then."""

    async def step(effect: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def land() -> None:
            try:
                result = effect()
            except VersionConflict as stale:
                if not answer.done():
                    answer.set_exception(stale)
            else:
                if not answer.done():
                    answer.set_result(result)

        loop.call_later(seconds, land)
        return await answer

    return step


def lost(seconds: float) -> Step:
    """No answer now, but the effect later."""

    async def step(effect: Callable[[], T]) -> T:
        def land() -> None:
            with suppress(VersionConflict):
                effect()

        asyncio.get_running_loop().call_later(seconds, land)
        raise StoreUnavailable("it may still happen")

    return step


def after(interruption: Callable[[], None]) -> Step:
    """Somebody else does something first."""

    async def step(effect: Callable[[], T]) -> T:
        await asyncio.sleep(0)
        interruption()
        return effect()

    return step


def any_step(random: Random, calm: int, *more: Step) -> Step:
    """One of six faults or of `more`, or, `calm` times as likely as each of them, none."""
    if random.randrange(6 + len(more) + calm) < calm:
        return prompt
    seconds = random.choice([0.001, 0.02, 1, 12])
    rare = random.choice([hangs, fails_for_good, prompt])
    faults = [late(seconds), lost(seconds), slow(seconds), fails_before, fails_after, rare]
    return random.choice([*faults, *more])


def instance(store: "ScriptedStore", seed: int = 0) -> Coordinator:
    """An instance whose requests give up after 10 s."""
    return Coordinator(store, 10, Random(seed))  # noqa: S311 - jitter is no secret


class ScriptedStore:
    """A `Store` in memory. Its calls take the steps of the scripts, then go `otherwise`.

    `log` holds every state that any day ever had, in order; `states` what all the days were
    after each write, which may be of several days.
    """

    def __init__(self, *days: DaySchedule, otherwise: Callable[[], Step] = lambda: prompt) -> None:
        self.days: dict[DayKey, Stored[DaySchedule]] = {}
        self.records: dict[str, Stored[IdempotencyRecord]] = {}
        self.log: list[DaySchedule] = []
        self.states: list[list[DaySchedule]] = []
        self.loads = self.commits = self.scans = 0
        self.on_load: deque[Step] = deque()
        self.on_commit: deque[Step] = deque()
        self.on_scan: deque[Step] = deque()
        self._otherwise = otherwise
        self._doctors: dict[str, Doctor] = {}
        self._writes = 0
        self.put(*days)

    def put(self, *days: DaySchedule) -> None:
        """Another writer puts days in place of what is there, all in one write."""
        for day in days:
            self.days[day.key] = Stored(day, self._next_version())
            self.log.append(day)
        self.states.append([stored.value for stored in self.days.values()])

    def put_record(self, record: IdempotencyRecord) -> None:
        """Another writer leaves a receipt."""
        self.records[record.key] = Stored(record, self._next_version())

    def ids(self) -> list[str]:
        """The ids of all booked appointments, by day and start."""
        days = sorted(self.days.values(), key=lambda stored: stored.value.key)
        return [
            appointment.id
            for stored in days
            for appointment in stored.value.appointments
            if appointment.status == "booked"
        ]

    @asynccontextmanager
    async def snapshot(self, instant: datetime | None = None) -> AsyncIterator["ScriptedSnapshot"]:
        """A view of the instant of its first read."""
        assert instant is None
        yield ScriptedSnapshot(self)

    async def commit(
        self, days: Sequence[DayWrite], records: Sequence[RecordWrite]
    ) -> Mapping[DayKey, Version]:
        """Write all or nothing, on the versions that were read."""
        self.commits += 1
        return await self.step(self.on_commit)(lambda: self._commit(days, records))

    async def doctors(self) -> Sequence[Doctor]:
        """All doctors, by id."""
        return [self._doctors[doctor_id] for doctor_id in sorted(self._doctors)]

    async def put_doctors(self, doctors: Collection[Doctor]) -> None:
        """Add or replace doctors."""
        self._doctors |= {doctor.id: doctor for doctor in doctors}

    async def close(self) -> None:
        """There is nothing to close."""

    def step(self, script: deque[Step]) -> Step:
        """How the next call of a verb goes."""
        return script.popleft() if script else self._otherwise()

    def _commit(
        self, days: Sequence[DayWrite], records: Sequence[RecordWrite]
    ) -> Mapping[DayKey, Version]:
        found = [self.days.get(write.day.key) for write in days]
        found_records = [self.records.get(write.record.key) for write in records]
        if [f and f.version for f in found] != [write.read.version for write in days]:
            raise VersionConflict
        if [f and f.version for f in found_records] != [write.replaced for write in records]:
            raise VersionConflict
        self.put(*(write.day for write in days))
        for record in records:
            self.put_record(record.record)
        return {write.day.key: self.days[write.day.key].version or 0 for write in days}

    def _next_version(self) -> int:
        self._writes += 1
        return self._writes


class ScriptedSnapshot:
    """A `Snapshot` of a scripted store."""

    days_at_once = 1

    def __init__(self, store: ScriptedStore) -> None:
        self._store = store
        self._view: State | None = None

    async def load(self, days: Collection[DayKey], records: Collection[str]) -> State:
        """Read days and receipts."""
        self._store.loads += 1
        view = await self._store.step(self._store.on_load)(self._look)
        return State(
            {key: view.days.get(key, Stored(DaySchedule(key), None)) for key in days},
            {key: view.records[key] for key in records if key in view.records},
        )

    async def scan(
        self,
        doctor_id: str,
        first: date,
        last: date,
        at_once: int = 16,  # noqa: ARG002
    ) -> AsyncIterator[DaySchedule]:
        """The existing days in order."""
        self._store.scans += 1
        view = await self._store.step(self._store.on_scan)(self._look)
        for key in sorted(view.days):
            if key.doctor_id == doctor_id and first <= key.day <= last:
                yield view.days[key].value

    async def instant(self) -> datetime:
        """Nobody asks for it."""
        raise NotImplementedError

    def _look(self) -> State:
        if self._view is None:
            self._view = State(dict(self._store.days), dict(self._store.records))
        return self._view


def lay_out(days: Iterable[DayKey], appointments: Iterable[Appointment]) -> list[DaySchedule]:
    """These days with these appointments, and the forwarding entries that those need."""
    schedules = {day: DaySchedule(day) for day in days}
    for each in appointments:
        day, home = DayKey(each.doctor_id, each.interval.start.date()), home_day(each.id)
        schedules[day] = schedules[day].with_appointment(each)
        if home and home != day:
            schedules[home] = schedules[home].forwarding(each.id, day)
    return list(schedules.values())


def check(days: Collection[DaySchedule]) -> dict[str, Appointment]:
    """All appointments: none overlap, and each lies on one day, which its home day can name."""
    there = [(day.key, found) for day in days for found in day.appointments]
    appointments = {found.id: found for _, found in there}
    assert len(there) == len(appointments), "an appointment is in two places"
    for day, found in there:
        due = DayKey(found.doctor_id, found.interval.start.date())
        assert day == due, f"{found.id} lies on a wrong day"
    for schedule in days:
        for one, two in pairwise(sorted(schedule.busy)):
            assert one.end <= two.start, f"{one} and {two} overlap"
    forwarded = {(day.key, name, to) for day in days for name, to in day.forwarded.items()}
    homes = {(home_day(found.id), found.id, day) for day, found in there}
    assert forwarded == {each for each in homes if each[0] != each[2]}, "a wrong forwarding entry"
    return appointments
