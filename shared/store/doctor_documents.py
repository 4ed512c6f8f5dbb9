"""The stored form of doctors, which is that of the clinic file.

Hours are wall-clock times `HH:MM` in the doctor's zone; `24:00` is the end of the day.
`day_shift_minutes` is written once, with the doctor, and never changed.
"""

from datetime import timedelta
from typing import Any

import msgspec

from shared.model.doctor import WEEK, Doctor, Weekday, WorkingHours
from shared.model.time_zones import MINUTE, time_zone
from shared.store.port import StoreRefused
from shared.store.schema import SCHEMA, check_schema
from shared.time_texts import clock_time, minutes_of

EVERY_SERVICE = "*"


class _Hours(msgspec.Struct):
    days: list[Weekday]
    opens: str
    closes: str


class _Doctor(msgspec.Struct):
    id: str
    name: str
    time_zone: str
    working_hours: list[_Hours]
    day_shift_minutes: int
    services: list[str] | None = None
    retired: bool = False


def doctor_from_document(fields: dict[str, Any]) -> Doctor:
    """Read a stored doctor; StoreRefused if it is damaged or newer than this version.

    Fields that this version does not know are ignored here, and kept in the store.
    """
    name = f"the doctor {fields.get('id')}" if isinstance(fields, dict) else "a doctor"
    check_schema(name, "doctor", fields)
    if fields.get("schema", 1) < SCHEMA:
        message = f"{name} was stored by an older version: run `python -m shared.runtime.migrate`"
        raise StoreRefused(message)
    try:
        stored = msgspec.convert(fields, _Doctor)
        zone = time_zone(stored.time_zone)
        week = tuple(_hours_on(day, stored.working_hours) for day in WEEK)
    except ValueError as error:
        raise StoreRefused(f"{name} is damaged: {error}") from None
    return Doctor(
        id=stored.id,
        name=stored.name,
        zone=zone,
        week=week,
        day_shift=timedelta(minutes=stored.day_shift_minutes),
        services=None if stored.services is None else frozenset(stored.services),
        retired=stored.retired,
    )


def offered(doctor: Doctor) -> list[str]:
    """Return the services by which a doctor is to be found, maybe `EVERY_SERVICE`."""
    if doctor.retired:
        return []
    return [EVERY_SERVICE] if doctor.services is None else sorted(doctor.services)


def doctor_to_document(doctor: Doctor) -> dict[str, Any]:
    """Write a doctor, always with the time zone."""
    return {
        "kind": "doctor",
        "schema": SCHEMA,
        "id": doctor.id,
        "name": doctor.name,
        "time_zone": doctor.zone.key,
        "day_shift_minutes": doctor.day_shift // MINUTE,
        "working_hours": [
            {"days": days, "opens": clock_time(hours.opens), "closes": clock_time(hours.closes)}
            for hours, days in doctor.weekly_hours().items()
        ],
        "services": None if doctor.services is None else sorted(doctor.services),
        "retired": doctor.retired,
        "offers": offered(doctor),
    }


def _hours_on(day: Weekday, stretches: list[_Hours]) -> tuple[WorkingHours, ...]:
    found = (s for s in stretches if day in s.days)
    return tuple(sorted(WorkingHours(minutes_of(s.opens), minutes_of(s.closes)) for s in found))
