"""What the measurements store and send: working days, appointments, and requests for them."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

from google.cloud.firestore import AsyncClient

from shared.http.endpoint import Endpoint
from shared.model.appointment import Appointment, Patient
from shared.model.appointment_id import appointment_id
from shared.model.day import DayKey, DaySchedule
from shared.model.interval import Interval
from shared.store.port import DayWrite, Store, Stored, Writes

ADA = Patient("Ada Lovelace")
PATIENT = {"name": ADA.name}
"""The patient of every request."""
ON_DISK = "/var/tmp"  # noqa: S108 - /tmp may be in memory, where a sync does nothing


def next_monday() -> date:
    """Return the first Monday that is more than a week away."""
    today = datetime.now(UTC).date()
    return today + timedelta(days=14 - today.weekday())


def working_day(monday: date, number: int) -> date:
    """Return a working day by its number, which is 0 on this Monday."""
    return monday + timedelta(weeks=number // 5, days=number % 5)


def working_days(monday: date, count: int) -> list[date]:
    """Return the first working days from a Monday on."""
    return [working_day(monday, number) for number in range(count)]


def instant(day: date, hour: int = 0) -> datetime:
    """Return the beginning of an hour of a day, in UTC."""
    return datetime.combine(day, time(hour), UTC)


def new_appointment(
    key: DayKey,
    interval: Interval,
    made_at: datetime,
    patient: Patient = ADA,
    reason: str | None = None,
) -> Appointment:
    """Return an appointment on a doctor-day, with a new id."""
    new_id = appointment_id(key, secrets.token_hex(12))
    return Appointment(new_id, key.doctor_id, interval, patient, made_at, made_at, reason)


async def store_days(store: Store, days: Iterable[DaySchedule], days_a_commit: int) -> None:
    """Write days that the store does not have yet, so many in each commit."""
    writes = (DayWrite(Stored(DaySchedule(day.key), None), day) for day in days)
    while some := list(islice(writes, days_a_commit)):
        await store.commit(Writes(some))


async def close_client(client: AsyncClient) -> None:
    """Close the connection of the library's client."""
    await client._firestore_api.transport.close()  # noqa: SLF001 - no public way


def request_fields(function: Endpoint, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the shortest request like the example of a function, with these values in it.

    A function without an example is sent all values that it takes.
    """
    fields = function.takes.model_fields if function.takes else {}
    names = function.example or fields
    required = {n: v for n, v in function.example.items() if fields[n].is_required()}
    return {**required, **{n: v for n, v in values.items() if n in names}}
