"""Calls all functions in process, with a store, a clock and doctors that tests know."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from msgspec.structs import replace

from shared.access.caller import Caller
from shared.directory.clinic_cache import ClinicCache
from shared.directory.clinic_file import read_clinic_file
from shared.http.application import application
from shared.http.dependencies import Dependencies
from shared.model.appointment import Appointment
from shared.model.clinic import Clinic
from shared.model.day import DaySchedule
from shared.model.elsewhere import ElsewhereKey
from shared.model.override import Override
from shared.observability.request_log import write_readable
from shared.observability.request_record import Observer
from shared.runtime.combined_application import function_routes
from shared.runtime.composition import build_dependencies
from shared.settings import Settings, read_settings
from shared.store.port import (
    DayWrite,
    ElsewhereWrite,
    Keys,
    OverrideWrite,
    PatientWrite,
    Store,
    Writes,
)
from shared.store.sqlite.store import SqliteStore
from tests.builders import appointment, at, schedule, span
from tests.functions.callers import ISSUER, Known

# A Friday. So far ahead that the store, which drops expired keys by the real clock, keeps them.
NOW = at("2050-11-18T12:00Z")

DOCTORS = """
{"doctors": [
  {"id": "strange", "name": "Doctor Strange", "time_zone": "America/New_York", "working_hours": [
    {"days": ["mon", "tue", "wed", "thu", "fri"], "opens": "09:00", "closes": "17:00"}]},
  {"id": "who", "name": "Doctor Who", "time_zone": "UTC", "working_hours": [
    {"days": ["mon", "tue", "wed", "thu", "fri"], "opens": "08:00", "closes": "16:00"}]}
]}
"""

SETTINGS = read_settings({"CLINIC_TIME_ZONE": "Europe/Berlin"})
SIGNED_IN = read_settings(
    {"CLINIC_TIME_ZONE": "Europe/Berlin", "AUTH": ISSUER, "AUTH_AUDIENCE": "clinic"}
)
"""Those of a deployment that asks for tokens."""

Json = dict[str, Any]
Query = Mapping[str, str | int | list[str]] | str

MONDAY_AT_NINE: Json = {
    "doctor_id": "strange",
    "start": "2050-11-21T09:00",
    "duration_minutes": 30,
    "patient": {"name": "Ada Lovelace"},
}
"""A request that can be granted."""
NINE: Json = {name: MONDAY_AT_NINE[name] for name in ("doctor_id", "start", "duration_minutes")}
"""Its time."""

ON_BOTH_STORES = pytest.mark.parametrize(
    "api", ["sqlite", pytest.param("firestore", marks=pytest.mark.firestore)], indirect=True
)
"""Runs a test on SQLite and, where there is an emulator, on Firestore."""


@dataclass
class Clock:
    """A clock that stands still until a test moves it, or goes on by a `tick` at every look."""

    now: datetime
    tick: timedelta = timedelta()

    def __call__(self) -> datetime:
        self.now += self.tick
        return self.now


class Api:
    """What a client can do. `clock` is that of the functions."""

    def __init__(self, dependencies: Dependencies, clock: Clock) -> None:
        self.dependencies = dependencies
        self.clock = clock
        transport = httpx.ASGITransport(
            application(dependencies, function_routes(dependencies), write_readable)
        )
        self.client = httpx.AsyncClient(
            transport=transport,
            base_url="http://clinic.test",
            event_hooks={"response": [_is_like_every_answer]},
        )

    def by(self, caller: Caller, *observers: Observer) -> "Api":
        """The same instance, as somebody calls it who had to show a token."""
        known = replace(
            self.dependencies, authenticator=Known(caller), settings=SIGNED_IN, observers=observers
        )
        return Api(known, self.clock)

    def of(self, clinic: Clinic) -> "Api":
        """The same instance, if it were of this clinic."""
        known = KnownClinic(self.dependencies.store, self.dependencies.settings.clinic_zone, clinic)
        return Api(replace(self.dependencies, clinic_cache=known), self.clock)

    async def post(
        self,
        function: str,
        body: object,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Post a body, with an idempotency key if there is one, and maybe other headers."""
        keyed = {} if key is None else {"Idempotency-Key": key}
        headers = {**keyed, **(headers or {})}
        return await self.client.post(f"/{function}", json=body, headers=headers)

    async def create(self, body: object, key: str | None = None) -> httpx.Response:
        """Ask for an appointment."""
        return await self.post("create_appointment", body, key)

    async def validate(self, body: object, key: str | None = None) -> httpx.Response:
        """Ask whether an appointment could be booked."""
        return await self.post("validate_appointment", body, key)

    async def ask(self, key: str | None = None, **changes: object) -> httpx.Response:
        """Ask for Monday at nine, but for the changes."""
        return await self.create({**MONDAY_AT_NINE, **changes}, key)

    async def book(self, start: str, minutes: int = 30, doctor_id: str = "strange") -> Json:
        """Book a time that is known to be free."""
        response = await self.ask(start=start, duration_minutes=minutes, doctor_id=doctor_id)
        assert response.status_code == 201, response.text
        appointment: Json = response.json()
        return appointment

    async def get(self, query: Query) -> httpx.Response:
        """Look an appointment up."""
        return await self._get("get_appointment", query)

    async def found(self, appointment: Json) -> Json:
        """An appointment as get_appointment answers it."""
        response = await self.get({"appointment_id": appointment["id"]})
        assert response.status_code == 200, response.text
        found: Json = response.json()
        return found

    async def cancel(self, appointment: Json, **fields: object) -> httpx.Response:
        """Give an appointment up."""
        return await self.post(
            "cancel_appointment", {"appointment_id": appointment["id"], **fields}
        )

    async def mark(self, appointment: Json, status: str) -> httpx.Response:
        """Tell what happened to an appointment."""
        body = {"appointment_id": appointment["id"], "status": status}
        return await self.post("mark_appointment", body)

    async def update(self, appointment: Json, **fields: object) -> httpx.Response:
        """Ask for an appointment to be corrected."""
        return await self.post(
            "update_appointment", {"appointment_id": appointment["id"], **fields}
        )

    async def reschedule(
        self, appointment: Json, start: str, key: str | None = None, **fields: object
    ) -> httpx.Response:
        """Ask for an appointment to be moved, with an idempotency key if there is one."""
        body = {"appointment_id": appointment["id"], "start": start, **fields}
        return await self.post("reschedule_appointment", body, key)

    async def move(self, appointment: Json, start: str, **fields: object) -> Json:
        """Move an appointment to a time that is known to be free."""
        body = {"appointment_id": appointment["id"], "start": start, **fields}
        response = await self.post("reschedule_appointment", body)
        assert response.status_code == 200, response.text
        moved: Json = response.json()
        return moved

    async def page(self, query: Query) -> httpx.Response:
        """A page of list_appointments."""
        return await self._get("list_appointments", query)

    async def export(self, query: Query) -> httpx.Response:
        """A page of export_patient."""
        return await self._get("export_patient", query)

    async def erase(self, **whose: object) -> httpx.Response:
        """Ask for a patient to be erased."""
        return await self.post("erase_patient", whose)

    async def listed(self, doctor_id: str = "strange", status: str = "all") -> list[Json]:
        """Everything that stands in a doctor's days around that Monday, cancelled ones too."""
        window = {"start": "2050-11-01T00:00Z", "end": "2051-01-01T00:00Z"}
        response = await self.page({"doctor_id": doctor_id, "status": status, **window})
        appointments: list[Json] = response.json()["appointments"]
        return appointments

    async def ask_hold(self, key: str | None = None, **changes: object) -> httpx.Response:
        """Ask to hold Monday at nine, but for the changes."""
        return await self.post("hold_time", {**NINE, **changes}, key)

    async def hold(self, key: str | None = None, **changes: object) -> Json:
        """Hold a time that is known to be free."""
        response = await self.ask_hold(key, **changes)
        assert response.status_code == 201, response.text
        held: Json = response.json()
        return held

    async def release(self, held: Json) -> httpx.Response:
        """Give a hold up."""
        return await self.post("release_hold", {"hold_id": held["hold_id"]})

    async def ask_series(
        self, rule: str, key: str | None = None, **changes: object
    ) -> httpx.Response:
        """Ask for appointments from Monday at nine on, but for the changes."""
        return await self.post("create_series", {**MONDAY_AT_NINE, "rule": rule, **changes}, key)

    async def book_series(self, rule: str, key: str | None = None, **changes: object) -> Json:
        """Book a series that can be booked."""
        response = await self.ask_series(rule, key, **changes)
        assert response.status_code == 201, response.text
        series: Json = response.json()
        return series

    async def cancel_series(self, series: Json, **fields: object) -> httpx.Response:
        """Give up what is left of a series."""
        return await self.post("cancel_series", {"series_id": series["series_id"], **fields})

    async def first(self, query: Query = "") -> httpx.Response:
        """Find the first openings."""
        return await self._get("first_available", query)

    async def _get(self, function: str, query: Query) -> httpx.Response:
        if isinstance(query, str):  # as it is, nothing escaped
            return await self.client.get(f"/{function}?{query}")
        return await self.client.get(f"/{function}", params=query)

    async def put_some_appointment(self) -> None:
        """Bring an appointment of a simple id into the store, at ten on that Monday."""
        there = appointment("2050-11-21T15:00Z", "2050-11-21T15:30Z", "strange.20501121.x")
        await self.put(schedule("2050-11-21", there))
        await self.put_some_override()

    async def put_some_override(self) -> None:
        """Bring extra hours of a simple id into the store, far from everything else."""
        time = span("2050-12-10T15:00Z", "2050-12-10T16:00Z")
        extra = Override("strange.override.x", "strange", "extra_hours", time, NOW)
        await self.dependencies.store.commit(Writes(overrides=[OverrideWrite(extra, None)]))

    async def put(self, day: DaySchedule) -> None:
        """Bring a doctor-day into the store, past all rules."""
        async with self.dependencies.store.snapshot() as snapshot:
            state = await snapshot.load(Keys(days=[day.key]))
        await self.dependencies.store.commit(Writes([DayWrite(state.days[day.key], day)]))

    async def mark_erasing(self, caller: Caller) -> None:
        """Mark a patient's account as one that is being erased, past all rules."""
        assert caller.patient
        async with self.dependencies.store.snapshot() as snapshot:
            state = await snapshot.load(Keys(patients=[caller.patient]))
        read = state.patients[caller.patient]
        write = PatientWrite(read, replace(read.value, erasing=True))
        await self.dependencies.store.commit(Writes(patients=[write]))

    async def put_ended(self, *appointments: Appointment) -> None:
        """Bring appointments that hold no time any more into the store."""
        writes = [ElsewhereWrite(ElsewhereKey(a.doctor_id, a.id), a, None) for a in appointments]
        await self.dependencies.store.commit(Writes(elsewhere=writes))


class KnownClinic(ClinicCache):
    """A clinic that nobody reads from a store."""

    def __init__(self, store: Store, zone: ZoneInfo, clinic: Clinic) -> None:
        super().__init__(store, zone)
        self._known = clinic

    async def clinic(self) -> Clinic:
        """The clinic."""
        return self._known


async def _is_like_every_answer(response: httpx.Response) -> None:
    """Check what no answer may lack."""
    await response.aread()
    assert not response.content or response.content.endswith(b"\n")
    assert re.fullmatch("[0-9a-f]{32}", response.headers["request-id"])
    assert response.headers["api-version"] == "1.1"
    personal = re.search("_(appointment|patient|override|series|time|calendar)", response.url.path)
    kept_by_nobody = personal or response.status_code == 404
    assert response.headers.get("cache-control") == ("no-store" if kept_by_nobody else None)


def prepare(folder: Path) -> Path:
    """Make the file of a new store in a folder."""
    path = folder / "appointments.db"
    SqliteStore(str(path)).prepare(read_clinic_file(DOCTORS, SETTINGS.clinic_zone, NOW).doctors)
    return path


@asynccontextmanager
async def opened(store_file: Path) -> AsyncIterator[Api]:
    """A client of the functions on a SQLite file."""
    async with serving(SqliteStore(str(store_file))) as api:
        yield api


@asynccontextmanager
async def serving(store: Store) -> AsyncIterator[Api]:
    """A client of the functions on a store, which is closed in the end."""
    try:
        async with calling(store, Clock(NOW)) as api:
            yield api
    finally:
        await store.close()


@asynccontextmanager
async def calling(store: Store, clock: Clock, settings: Settings = SETTINGS) -> AsyncIterator[Api]:
    """An instance of its own on a store that others use too, and a client of it."""
    api = Api(build_dependencies(settings, store, clock), clock)
    try:
        yield api
    finally:
        await api.client.aclose()


def problem(response: httpx.Response, status: int, code: str) -> Json:
    """The members of a problem, beside those that every problem of this code has."""
    assert (response.status_code, response.json().get("code")) == (status, code), response.text
    assert response.headers["content-type"] == "application/problem+json"
    document: Json = response.json()
    assert document.pop("type") == f"urn:appointments:problem:{code}"
    assert document.pop("status") == status
    assert document.pop("code") == code
    assert document.pop("title")
    assert document["detail"].isprintable()
    assert document.pop("instance") == response.headers["request-id"]
    return document


def field_errors(response: httpx.Response) -> list[tuple[str, str]]:
    """Field and type of every error of a request that is not valid."""
    members = problem(response, 400, "invalid_request")
    assert members.keys() == {"detail", "errors"}
    for error in members["errors"]:
        assert not error["message"][0].isupper()
        assert "pattern" not in error["message"]
        assert f"{error['field']} {error['message']}".isprintable()
        assert max(len(error["field"]), len(error["message"])) <= 200
    return [(error["field"], error["type"]) for error in members["errors"]]


def starts(appointments: list[Json]) -> list[str]:
    """When each of some appointments or openings starts."""
    return [appointment["start"] for appointment in appointments]
