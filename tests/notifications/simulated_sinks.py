"""Sinks whose receivers do as they are told, in simulated time."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random

from shared.directory.clinic_cache import ClinicCache
from shared.directory.doctor_cache import DoctorCache
from shared.model.appointment import Appointment
from shared.model.doctor import Doctor
from shared.model.event import Event
from shared.model.outbox import OutboxRecord
from shared.model.time_zones import time_zone
from shared.notifications.deliverer import Deliverer
from shared.notifications.messages import Messages
from shared.notifications.sink import DeliveryFailed, Message, Sink
from shared.store.port import OutboxWrite, Writes
from tests.builders import appointment, at, doctor
from tests.simulated_loop import now
from tests.simulated_store import Port, SimulatedStore

BEGIN = at("2026-11-20T08:00Z")

Told = tuple[str, int, str]
"""An appointment, its version, and the type of the event."""


def present() -> datetime:
    """The instant of the running loop."""
    return BEGIN + timedelta(seconds=now())


class Receiver:
    """A `Sink` that notes what arrives. `answer` says how each try goes."""

    def __init__(self, name: str = "hook") -> None:
        self.name = name
        self.arrived: list[Told] = []
        self.tried: list[tuple[float, Told]] = []
        self.open = True
        self.at_once = self.most_at_once = 0

    def wants(self, message: Message) -> bool:
        """Nobody is told of the appointment `unwanted`."""
        return message.appointment.id != "unwanted"

    async def send(self, message: Message) -> None:
        """Note it, unless it is refused."""
        event = message.event
        told = event.appointment_id, event.version, event.type
        self.tried.append((now(), told))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.answer(told)
        finally:
            self.at_once -= 1
        self.arrived.append(told)

    async def answer(self, told: Told) -> None:  # noqa: ARG002 - others look at it
        """Take it at once."""
        await asyncio.sleep(0)

    async def close(self) -> None:
        """Be closed."""
        self.open = False


class Down(Receiver):
    """Answers 503 until it is up."""

    up_at = float("inf")

    async def answer(self, told: Told) -> None:
        """Refuse, or take it."""
        await super().answer(told)
        if now() < self.up_at:
            raise DeliveryFailed("answered 503")


class Slow(Receiver):
    """Takes seconds for each."""

    def __init__(self, seconds: float, name: str = "slow") -> None:
        super().__init__(name)
        self._seconds = seconds

    async def answer(self, told: Told) -> None:  # noqa: ARG002 - all alike
        """Take it in the end."""
        await asyncio.sleep(self._seconds)


class Clinic(Port):
    """A store that knows its doctors, and the appointments that reminders are of."""

    async def doctors(self, ids: object) -> dict[str, Doctor]:  # noqa: ARG002
        """Only one."""
        return {"strange": doctor()}


def deliverer(store: Port, *sinks: Sink, clock: Callable[[], datetime] = present) -> Deliverer:
    """A deliverer of one instance."""
    known = DoctorCache(store, now), ClinicCache(store, time_zone("UTC"), now)
    random = Random(1)  # noqa: S311 - jitter
    return Deliverer(store, Messages(store, *known), lambda: sinks, clock, random)


def booked(name: str = "a", version: int = 1) -> Appointment:
    """Half an hour on Monday, in one of its versions."""
    there = appointment("2026-11-23T09:00Z", "2026-11-23T09:30Z", name)
    return there._replace(version=version)


def record(name: str = "a", version: int = 1) -> OutboxRecord:
    """The record of a change that has just been made."""
    of_type = "booked" if version == 1 else "updated"
    event = Event(of_type, name, version, present(), booked(name, version))  # type: ignore[arg-type]
    return OutboxRecord(event, present())


def leave(store: SimulatedStore, *records: OutboxRecord) -> None:
    """Write records, as commits of changes do."""
    store.write_unchanged(Writes(events=[OutboxWrite(each) for each in records]))


def versions(arrived: Sequence[Told], name: str) -> list[int]:
    """The versions of an appointment in the order in which they came."""
    return [version for appointment_id, version, _ in arrived if appointment_id == name]
