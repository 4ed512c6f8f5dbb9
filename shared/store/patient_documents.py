"""The stored form of a patient's schedule and history.

A schedule is a map of appointment ids to JSON texts: each is the entry of the appointment's day,
and names the doctor too, so that one read answers what a patient has booked. The history is a map
for each month in which appointments started that have left the schedule: of their ids to their
starts. The first version of it kept `true` for a start.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from shared.model.appointment import Appointment
from shared.model.patient_history import PastAppointment
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.store.appointment_documents import (
    Document,
    appointment_to_text,
    appointments_from_texts,
    instant_to_text,
)
from shared.store.port import PatientWrite, StoreRefused
from shared.store.schema import SCHEMA, read_fields


class _Schedule(msgspec.Struct):
    appointments: dict[str, str] = {}
    changed_at: tuple[datetime, ...] = ()
    erasing: bool = False
    erased_at: tuple[datetime, ...] = ()


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
        "changed_at": _texts(schedule.changed_at),
        "erasing": True if schedule.erasing else None,
        "erased_at": _texts(schedule.erased_at) or None,
        "kept_until": None,
    }


def rest_to_document(rest: PatientSchedule) -> Document | None:
    """Write what stays of an erased account, whole, and until when; None if nothing stays."""
    if rest.counts_until is None:
        return None
    return {
        "kind": "patient",
        "schema": SCHEMA,
        "changed_at": _texts(rest.changed_at),
        "erased_at": _texts(rest.erased_at),
        "kept_until": instant_to_text(rest.counts_until),
    }


def patient_from_document(key: PatientKey, fields: Mapping[str, Any]) -> PatientSchedule:
    """Read what merged changes come to; StoreRefused if it is damaged or newer."""
    name = f"the patient {key.digits}"
    stored = read_fields(name, "patient", fields, _Schedule)
    appointments = _appointments(name, list(stored.appointments.values()))
    return PatientSchedule(
        key, tuple(appointments), stored.changed_at, stored.erasing, stored.erased_at
    )


def _texts(instants: Sequence[datetime]) -> list[str]:
    return [instant_to_text(instant) for instant in instants]


def _appointments(name: str, texts: Sequence[str]) -> Sequence[Appointment]:
    found = appointments_from_texts(name, "", texts)
    if not all(appointment.doctor_id for appointment in found):
        raise StoreRefused(f"{name} is damaged: an appointment names no doctor")
    return sorted(found, key=lambda appointment: appointment.position)


def history_changes(write: PatientWrite) -> Mapping[str, Mapping[str, datetime | None]]:
    """Return what changes in the history: for each month the starts by id; None: removed.

    What is forgotten and has left the schedule again since is there.
    """
    months: dict[str, dict[str, datetime | None]] = {}
    for past in write.forgotten:
        months.setdefault(past.month, {})[past.id] = None
    for past in write.ended():
        months.setdefault(past.month, {})[past.id] = past.start
    return months


def month_from_document(
    name: str, month: str, appointments: Mapping[str, Any]
) -> Sequence[PastAppointment]:
    """Read the map of a month of a history, in order of ids; StoreRefused if it is damaged."""
    try:
        return [
            PastAppointment(
                each, month, None if start is True else msgspec.convert(start, datetime)
            )
            for each, start in sorted(appointments.items())
        ]
    except msgspec.ValidationError as error:
        raise StoreRefused(f"{name} is damaged: {error}") from None
