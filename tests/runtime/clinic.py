"""A clinic file and a store in a folder, for the tests of operators' commands."""

import json
import sqlite3
from collections.abc import Callable, Coroutine, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from shared.http.dependencies import Dependencies
from shared.model.appointment import Appointment
from shared.model.day import DayKey
from shared.model.doctor import Doctor
from shared.model.override import Override
from shared.runtime import load_doctors
from shared.runtime.composition import build_dependencies
from shared.settings import read_settings
from shared.store.port import DayWrite, Keys, Writes
from shared.store.sqlite.store import SqliteStore
from tests.builders import at

T = TypeVar("T")
NOTHING: Mapping[str, object] = {}
_RELEASE_1 = """
    CREATE TABLE doctors (id TEXT PRIMARY KEY, body TEXT NOT NULL);
    CREATE TABLE days (doctor_id TEXT, day TEXT, version INTEGER NOT NULL);
    CREATE TABLE appointments (doctor_id TEXT, day TEXT, id TEXT, body TEXT NOT NULL);
    CREATE TABLE receipts (key TEXT PRIMARY KEY, expires_at TEXT NOT NULL, body TEXT NOT NULL);
    INSERT INTO appointments VALUES ('strange', '2026-11-30', 'damaged', '{');
    PRAGMA user_version = 1
"""
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

    def has(
        self, members: Mapping[str, object] = NOTHING, **doctors: tuple[str, str | None]
    ) -> None:
        """Write the clinic file: the zones of doctors by id, and when their days end, if any.

        `members` are those of the whole clinic; under `doctors`, what is added to each of these.
        """
        of_doctors = members.get("doctors", {})
        assert isinstance(of_doctors, dict)
        entries = [
            {
                "id": name,
                "name": name,
                "time_zone": zone,
                "working_hours": _hours(closes),
                **of_doctors.get(name, {}),
            }
            for name, (zone, closes) in doctors.items()
        ]
        (self.folder / "doctors.json").write_text(json.dumps({**members, "doctors": entries}))

    def keeps_a_damaged_entry_of_release_1(self) -> None:
        """Make the store a file of release 1.0 with an entry that nobody can read."""
        with closing(sqlite3.connect(self.folder / "appointments.db")) as file:
            file.executescript(_RELEASE_1)

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
            (doctor,) = await dependencies.store.list_doctors(2)
            return doctor

        return await self.run(read)

    async def takes(self, *overrides: Override) -> None:
        """Store overrides in the one doctor-day that they touch, past all rules."""

        async def write(dependencies: Dependencies) -> None:
            for override in overrides:
                key = DayKey(override.doctor_id, override.interval.start.date())
                async with dependencies.store.snapshot() as snapshot:
                    read = (await snapshot.load(Keys(days=[key]))).days[key]
                day = read.value.with_override(override.entry)
                await dependencies.store.commit(Writes([DayWrite(read, day)]))

        await self.run(write)

    async def books(self, *appointments: Appointment) -> None:
        """Store appointments of one doctor-day each, whatever is there and whatever is right."""

        async def write(dependencies: Dependencies) -> None:
            for appointment in appointments:
                key = DayKey(appointment.doctor_id, appointment.interval.start.date())
                async with dependencies.store.snapshot() as snapshot:
                    read = (await snapshot.load(Keys(days=[key]))).days[key]
                day = read.value.with_appointment(appointment)
                await dependencies.store.commit(Writes([DayWrite(read, day)]))

        await self.run(write)


def _hours(closes: str | None) -> list[dict[str, object]]:
    days = ["mon", "tue", "wed", "thu", "fri"]
    return [{"days": days, "opens": "09:00", "closes": closes}] if closes else []
