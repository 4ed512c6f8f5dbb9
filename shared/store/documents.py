"""The stored form of doctor-days and idempotency records: plain values that JSON can hold.

A day is a set of entries by appointment id, each one JSON text: an appointment, or where one that
was born on that day has moved to. Instants are RFC 3339 texts in UTC, so that people can read a
document where it is kept.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any, Literal

import msgspec

from shared.model.appointment import Appointment, Patient
from shared.model.day import DayKey, DaySchedule, Entry
from shared.model.idempotency import IdempotencyRecord
from shared.model.interval import Interval
from shared.store.port import StoreRefused
from shared.store.schema import SCHEMA, check_schema

Document = dict[str, Any]

_NEVER = datetime.min  # noqa: DTZ901 - a placeholder: a forwarding entry has no times


class _Patient(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    name: str = ""
    email: str | None = None
    phone: str | None = None


_NOBODY = _Patient()


class _Place(msgspec.Struct):
    doctor_id: str
    day: date


class _Entry(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """The fields of an entry that its day does not tell; absent ones are left out.

    The defaults of `kind` and `schema` are what release 1.0 meant by writing neither.
    """

    id: str
    kind: Literal["", "appointment", "forwarding"] = ""
    schema: Literal[1, 2] = 1
    moved_to: _Place | None = None
    start: datetime = _NEVER
    end: datetime = _NEVER
    patient: _Patient = _NOBODY
    reason: str | None = None
    created_at: datetime = _NEVER
    updated_at: datetime = _NEVER
    cancelled_at: datetime | None = None
    cancellation_reason: str | None = None


_FIELDS = frozenset(field.name for field in msgspec.structs.fields(_Entry))
_PATIENT_FIELDS = frozenset(field.name for field in msgspec.structs.fields(_Patient))

_encode = msgspec.json.Encoder().encode
_decode_entries = msgspec.json.Decoder(list[_Entry]).decode
_decode_documents = msgspec.json.Decoder(list[Document]).decode


def instant_to_text(instant: datetime) -> str:
    """Write an instant in UTC: `2026-11-23T14:00:00Z`, with a fraction only if there is one."""
    return instant.isoformat().replace("+00:00", "Z")


# Days


def entry_to_text(appointment_id: str, entry: Entry) -> str:
    """Write what a day holds under an appointment's id, with the fields that we do not know."""
    if not isinstance(entry, Appointment):
        place = _Place(entry.doctor_id, entry.day)
        return _encode(_Entry(appointment_id, "forwarding", SCHEMA, place)).decode()
    text = _encode(_entry_of(entry))
    return (_with_unknown(text, entry.unknown_fields) if entry.unknown_fields else text).decode()


def day_from_texts(key: DayKey, texts: Collection[str]) -> DaySchedule:
    """Read the entries of a doctor-day, in whatever order the store kept them.

    Raises StoreRefused for an entry that this version does not understand.
    """
    try:
        entries = _decode_entries(f"[{','.join(texts)}]")
    except msgspec.DecodeError:
        return _day_from_unknown_texts(key, texts)
    appointments = [_appointment_of(key.doctor_id, e) for e in entries if e.moved_to is None]
    return _day(key, appointments, entries)


def _day(key: DayKey, appointments: list[Appointment], entries: Iterable[_Entry]) -> DaySchedule:
    appointments.sort(key=lambda appointment: appointment.position)
    forwarded = {e.id: DayKey(e.moved_to.doctor_id, e.moved_to.day) for e in entries if e.moved_to}
    return DaySchedule(key, tuple(appointments), forwarded)


def _entry_of(appointment: Appointment) -> _Entry:
    patient = appointment.patient
    return _Entry(
        id=appointment.id,
        kind="appointment",
        schema=SCHEMA,
        start=appointment.interval.start,
        end=appointment.interval.end,
        patient=_Patient(patient.name, patient.email, patient.phone),
        reason=appointment.reason,
        created_at=appointment.created_at,
        updated_at=appointment.updated_at,
        cancelled_at=appointment.cancelled_at,
        cancellation_reason=appointment.cancellation_reason,
    )


def _appointment_of(doctor_id: str, entry: _Entry, unknown: bytes | None = None) -> Appointment:
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
        unknown,
    )


# What a newer instance wrote. Slow, but only until the deployment is complete.


def _day_from_unknown_texts(key: DayKey, texts: Iterable[str]) -> DaySchedule:
    """Read entries one by one, and keep the fields that this version does not know."""
    try:
        documents = _decode_documents(f"[{','.join(texts)}]")
    except msgspec.DecodeError as error:
        raise StoreRefused(f"{key.doctor_id}, {key.day} is damaged: {error}") from None
    appointments, entries = [], []
    for fields in documents:
        entry, unknown = _known_and_unknown(key, fields)
        entries.append(entry)
        if entry.moved_to is None:
            appointments.append(_appointment_of(key.doctor_id, entry, unknown))
    return _day(key, appointments, entries)


def _known_and_unknown(key: DayKey, fields: Document) -> tuple[_Entry, bytes | None]:
    kind = "forwarding" if fields.get("kind") == "forwarding" else "appointment"
    check_schema(f"the entry {fields.get('id')} of {key.doctor_id}, {key.day}", kind, fields)
    known, unknown = _split(fields, _FIELDS)
    if isinstance(fields.get("patient"), dict):
        known["patient"], unknown_of_patient = _split(fields["patient"], _PATIENT_FIELDS)
        if unknown_of_patient:
            unknown["patient"] = unknown_of_patient
    try:
        entry = msgspec.convert(known, _Entry)
    except msgspec.ValidationError as error:
        message = f"an entry of {key.doctor_id}, {key.day} is damaged: {error}"
        raise StoreRefused(message) from None
    return entry, _encode(unknown) if unknown else None


def _split(fields: Document, names: Collection[str]) -> tuple[Document, Document]:
    known = {name: value for name, value in fields.items() if name in names}
    return known, {name: value for name, value in fields.items() if name not in names}


def _with_unknown(text: bytes, unknown_fields: bytes) -> bytes:
    known, unknown = json.loads(text), json.loads(unknown_fields)
    patient = {**unknown.pop("patient", {}), **known.get("patient", {})}
    return _encode({**unknown, **known, "patient": patient})


# Idempotency records


def record_to_document(record: IdempotencyRecord) -> Document:
    """Write the fields of a record, without its key."""
    return {
        "kind": "idempotency_record",
        "schema": SCHEMA,
        "fingerprint": record.fingerprint,
        "appointment_id": record.appointment_id,
        "expires_at": instant_to_text(record.expires_at),
        "request_id": record.request_id,
    }


def record_from_document(key: str, fields: Mapping[str, Any]) -> IdempotencyRecord:
    """Read what `record_to_document` wrote; StoreRefused if it is newer than this version."""
    check_schema(f"the idempotency record {key}", "idempotency_record", fields)
    return IdempotencyRecord(
        key=key,
        fingerprint=fields["fingerprint"],
        appointment_id=fields["appointment_id"],
        expires_at=datetime.fromisoformat(fields["expires_at"]),
        request_id=fields.get("request_id", ""),
    )
