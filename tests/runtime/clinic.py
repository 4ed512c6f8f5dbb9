"""A clinic file and a store in a folder, for the tests of operators' commands."""

import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from shared.http.dependencies import Dependencies
from shared.model.appointment import Appointment
from shared.model.day import DayKey
from shared.model.doctor import Doctor
from shared.runtime import load_doctors
from shared.runtime.composition import build_dependencies
from shared.settings import read_settings
from shared.store.port import DayWrite
from shared.store.sqlite.store import SqliteStore
from tests.builders import at

T = TypeVar("T")
NOW = at("2026-11-26T12:00Z")
"""A Thursday."""


@dataclass
class Clinic:
    """The two files, and the clock."""

    folder: Path
    now: datetime = NOW
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.environment = {
            "STORE": f"sqlite:{self.folder / 'appointments.db'}",
            "DOCTORS_FILE": str(self.folder / "doctors.json"),
        }

    def has(self, **doctors: tuple[str, str | None]) -> None:
        """Write the clinic file: the zones of doctors by id, and when their days end, if any."""
        entries = [
            {"id": name, "name": name, "time_zone": zone, "working_hours": _hours(closes)}
            for name, (zone, closes) in doctors.items()
        ]
        (self.folder / "doctors.json").write_text(json.dumps({"doctors": entries}))

    async def run(self, command: Callable[[Dependencies], Coroutine[None, None, T]]) -> T:
        """Run a command, now."""
        settings = read_settings(self.environment)
        store = SqliteStore(self.environment["STORE"].removeprefix("sqlite:"))
        try:
            return await command(build_dependencies(settings, store, lambda: self.now))
        finally:
            await store.close()

    async def loads(self) -> None:
        """Load the clinic file."""
        await self.run(load_doctors.load)

    async def doctor(self) -> Doctor:
        """The only doctor of the store."""

        async def read(dependencies: Dependencies) -> Doctor:
            (doctor,) = await dependencies.store.doctors()
            return doctor

        return await self.run(read)

    async def books(self, *appointments: Appointment) -> None:
        """Store appointments of one doctor-day each, whatever is there and whatever is right."""

        async def write(dependencies: Dependencies) -> None:
            for appointment in appointments:
                key = DayKey(appointment.doctor_id, appointment.interval.start.date())
                async with dependencies.store.snapshot() as snapshot:
                    read = (await snapshot.load([key], ())).days[key]
                day = read.value.with_appointment(appointment)
                await dependencies.store.commit([DayWrite(read, day)], [])

        await self.run(write)


def _hours(closes: str | None) -> list[dict[str, object]]:
    days = ["mon", "tue", "wed", "thu", "fri"]
    return [{"days": days, "opens": "09:00", "closes": closes}] if closes else []
