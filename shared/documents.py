"""The stored form of doctor-days and receipts: plain values that JSON can hold.

A day is a set of entries by appointment id, each one JSON text: an appointment, or where one that
was born on that day has moved to. Instants are RFC 3339 texts in UTC, so that a person can read
a document where it is kept.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from shared.models import Appointment, DayKey, DaySchedule, Entry, Interval, Patient, Receipt

Document = dict[str, Any]


def instant_to_text(instant: datetime) -> str:
    """`2026-11-23T14:00:00Z`, of an instant in UTC; a fraction only where there is one."""
    return instant.isoformat().replace("+00:00", "Z")


def entry_to_text(appointment_id: str, entry: Entry) -> str:
    """The JSON text of what a day knows by an appointment's id."""
    if isinstance(entry, Appointment):
        fields = _appointment_to_document(entry)
    else:
        moved_to = {"doctor_id": entry.doctor_id, "day": entry.day.isoformat()}
        fields = {"id": appointment_id, "moved_to": moved_to}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def day_from_texts(key: DayKey, texts: Iterable[str]) -> DaySchedule:
    """The doctor-day of these entries, in whatever order the store kept them."""
    entries = json.loads(f"[{','.join(texts)}]")
    appointments = [
        _appointment_from_document(key.doctor_id, fields)
        for fields in entries
        if "moved_to" not in fields
    ]
    forwarded = {
        fields["id"]: DayKey(moved_to["doctor_id"], date.fromisoformat(moved_to["day"]))
        for fields in entries
        if (moved_to := fields.get("moved_to"))
    }
    return DaySchedule(key, tuple(sorted(appointments, key=lambda a: a.position)), forwarded)


def _appointment_to_document(appointment: Appointment) -> Document:
    """The fields of an appointment that its day does not tell; absent ones are left out."""
    patient = appointment.patient
    fields = {
        "id": appointment.id,
        "start": instant_to_text(appointment.interval.start),
        "end": instant_to_text(appointment.interval.end),
        "patient": _present(name=patient.name, email=patient.email, phone=patient.phone),
        "reason": appointment.reason,
        "created_at": instant_to_text(appointment.created_at),
        "updated_at": instant_to_text(appointment.updated_at),
        "cancelled_at": appointment.cancelled_at and instant_to_text(appointment.cancelled_at),
        "cancellation_reason": appointment.cancellation_reason,
    }
    return _present(**fields)


def _appointment_from_document(doctor_id: str, fields: Mapping[str, Any]) -> Appointment:
    instant, cancelled_at = datetime.fromisoformat, fields.get("cancelled_at")
    return Appointment(
        id=fields["id"],
        doctor_id=doctor_id,
        interval=Interval(instant(fields["start"]), instant(fields["end"])),
        patient=Patient(**fields["patient"]),
        reason=fields.get("reason"),
        created_at=instant(fields["created_at"]),
        updated_at=instant(fields["updated_at"]),
        cancelled_at=cancelled_at and instant(cancelled_at),
        cancellation_reason=fields.get("cancellation_reason"),
    )


def receipt_to_document(receipt: Receipt) -> Document:
    """The fields of a receipt but its key."""
    return {
        "fingerprint": receipt.fingerprint,
        "appointment_id": receipt.appointment_id,
        "expires_at": instant_to_text(receipt.expires_at),
        "request_id": receipt.request_id,
    }


def receipt_from_document(key: str, fields: Mapping[str, Any]) -> Receipt:
    """The receipt that `receipt_to_document` wrote."""
    return Receipt(
        key=key,
        fingerprint=fields["fingerprint"],
        appointment_id=fields["appointment_id"],
        expires_at=datetime.fromisoformat(fields["expires_at"]),
        request_id=fields.get("request_id", ""),
    )


def _present(**fields: object) -> Document:
    return {name: value for name, value in fields.items() if value is not None}
