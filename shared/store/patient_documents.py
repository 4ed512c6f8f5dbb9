"""The stored form of a patient's schedule and history.

A schedule is a map of appointment ids to JSON texts: each is the entry of the appointment's day,
and names the doctor too, so that one read answers what a patient has booked. The history is a map
of ids for each month in which appointments started that have left the schedule.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from shared.model.appointment import Appointment
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.store.documents import (
    Document,
    appointment_to_text,
    appointments_from_texts,
    instant_to_text,
)
from shared.store.port import PatientWrite, StoreRefused
from shared.store.schema import SCHEMA, check_schema


class _Schedule(msgspec.Struct):
    appointments: dict[str, str] = {}
    changed_at: tuple[datetime, ...] = ()
    erasing: bool = False


def patient_to_changes(write: PatientWrite) -> Document:
    """Write what changes in the document, to be merged into it; None: removed.

    A schedule without anything keeps its document: a newer version may have fields of its own
    there, and what is not there has no version to check.
    """
    changed, schedule = write.changed(), write.schedule
    return {
        "kind": "patient",
        "schema": SCHEMA,
        "appointments": {
            name: None if a is None else appointment_to_text(a, with_doctor=True)
            for name, a in changed.items()
        },
        "changed_at": [instant_to_text(instant) for instant in schedule.changed_at],
        "erasing": True if schedule.erasing else None,
    }


def patient_from_document(key: PatientKey, fields: Mapping[str, Any]) -> PatientSchedule:
    """Read what merged changes come to; StoreRefused if it is damaged or newer."""
    name = f"the patient {key.digits}"
    check_schema(name, "patient", fields)
    try:
        stored = msgspec.convert(fields, _Schedule)
    except msgspec.ValidationError as error:
        raise StoreRefused(f"{name} is damaged: {error}") from None
    appointments = _appointments(name, list(stored.appointments.values()))
    return PatientSchedule(key, tuple(appointments), stored.changed_at, stored.erasing)


def _appointments(name: str, texts: Sequence[str]) -> Sequence[Appointment]:
    found = appointments_from_texts(name, "", texts)
    if not all(appointment.doctor_id for appointment in found):
        raise StoreRefused(f"{name} is damaged: an appointment names no doctor")
    return sorted(found, key=lambda appointment: appointment.position)


def ended_by_month(write: PatientWrite) -> Mapping[str, Sequence[str]]:
    """Return the ids that go to the history, by the month in which each one started."""
    months: dict[str, list[str]] = {}
    for appointment in write.ended():
        months.setdefault(month_of(appointment.interval.start), []).append(appointment.id)
    return months


def month_of(day: date) -> str:
    """Write the month of a day, or of an instant in UTC: `2026-11`."""
    return day.isoformat()[: len("2026-11")]
