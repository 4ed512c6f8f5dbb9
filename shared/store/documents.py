"""The stored form of doctor-days and receipts: plain values that JSON can hold.

A day is a set of entries by appointment id, each one JSON text: an appointment, or where one that
was born on that day has moved to. Instants are RFC 3339 texts in UTC, so that a person can read
a document where it is kept.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from shared.model.appointment import Appointment, Patient
from shared.model.day import DayKey, DaySchedule, Entry
from shared.model.idempotency import IdempotencyRecord
from shared.model.interval import Interval

Document = dict[str, Any]

_NEVER = datetime.min  # noqa: DTZ901 - stands where a forwarding entry has no time


class _Patient(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str = ""
    email: str | None = None
    phone: str | None = None


_NOBODY = _Patient()


class _Place(msgspec.Struct):
    doctor_id: str
    day: date


class _Entry(msgspec.Struct, omit_defaults=True):
    """The fields of an entry that its day does not tell; absent ones are left out."""

    id: str
    moved_to: _Place | None = None
    start: datetime = _NEVER
    end: datetime = _NEVER
    patient: _Patient = _NOBODY
    reason: str | None = None
    created_at: datetime = _NEVER
    updated_at: datetime = _NEVER
    cancelled_at: datetime | None = None
    cancellation_reason: str | None = None


_encode = msgspec.json.Encoder().encode
_decode_entries = msgspec.json.Decoder(list[_Entry]).decode


def instant_to_text(instant: datetime) -> str:
    """`2026-11-23T14:00:00Z`, of an instant in UTC; a fraction only where there is one."""
    return instant.isoformat().replace("+00:00", "Z")


def entry_to_text(appointment_id: str, entry: Entry) -> str:
    """The JSON text of what a day knows by an appointment's id."""
    if isinstance(entry, Appointment):
        return _encode(_entry_of(entry)).decode()
    return _encode(_Entry(appointment_id, _Place(entry.doctor_id, entry.day))).decode()


def day_from_texts(key: DayKey, texts: Iterable[str]) -> DaySchedule:
    """The doctor-day of these entries, in whatever order the store kept them."""
    entries = _decode_entries(f"[{','.join(texts)}]")
    appointments = [_appointment_of(key.doctor_id, e) for e in entries if e.moved_to is None]
    appointments.sort(key=lambda appointment: appointment.position)
    forwarded = {e.id: DayKey(e.moved_to.doctor_id, e.moved_to.day) for e in entries if e.moved_to}
    return DaySchedule(key, tuple(appointments), forwarded)


def _entry_of(appointment: Appointment) -> _Entry:
    patient = appointment.patient
    return _Entry(
        id=appointment.id,
        start=appointment.interval.start,
        end=appointment.interval.end,
        patient=_Patient(patient.name, patient.email, patient.phone),
        reason=appointment.reason,
        created_at=appointment.created_at,
        updated_at=appointment.updated_at,
        cancelled_at=appointment.cancelled_at,
        cancellation_reason=appointment.cancellation_reason,
    )


def _appointment_of(doctor_id: str, entry: _Entry) -> Appointment:
    patient = entry.patient
    return Appointment(
        entry.id,
        doctor_id,
        Interval(entry.start, entry.end),
        Patient(patient.name, patient.email, patient.phone),
        entry.created_at,
        entry.updated_at,
        entry.reason,
        entry.cancelled_at,
        entry.cancellation_reason,
    )


def record_to_document(record: IdempotencyRecord) -> Document:
    """The fields of a receipt but its key."""
    return {
        "fingerprint": record.fingerprint,
        "appointment_id": record.appointment_id,
        "expires_at": instant_to_text(record.expires_at),
        "request_id": record.request_id,
    }


def record_from_document(key: str, fields: Mapping[str, Any]) -> IdempotencyRecord:
    """The receipt that `receipt_to_document` wrote."""
    return IdempotencyRecord(
        key=key,
        fingerprint=fields["fingerprint"],
        appointment_id=fields["appointment_id"],
        expires_at=datetime.fromisoformat(fields["expires_at"]),
        request_id=fields.get("request_id", ""),
    )
