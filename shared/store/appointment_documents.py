"""The stored form of appointments, in doctor-days and beside them: values that JSON can hold.

A day is a set of entries by id, each one JSON text. An appointment that has ended is the same text,
kept by itself. Instants are RFC 3339 texts in UTC, so that people can read a document where it is
kept.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any, Literal, TypeVar

import msgspec

from shared.model.appointment import POSITION, Appointment, Mark, Patient
from shared.model.day import DayKey, DaySchedule, Entry
from shared.model.elsewhere import ElsewhereKey, Pointer
from shared.model.hold import Hold
from shared.model.interval import Interval
from shared.model.override import OverrideEntry, OverrideKind
from shared.model.patient_key import PatientKey
from shared.model.service import NO_TIME
from shared.model.time_zones import MINUTE
from shared.store.hold_documents import HoldEntry, entry_of_hold, hold_of_entry
from shared.store.port import StoreRefused
from shared.store.schema import SCHEMA, check_schema, read_fields

Document = dict[str, Any]


class _Patient(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    name: str = ""
    email: str | None = None
    phone: str | None = None
    id: str | None = None


_NOBODY = _Patient()


class _Entry(
    msgspec.Struct,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="appointment",
):
    """The fields of an appointment; absent ones are left out.

    `doctor_id` is absent where the document is one of a doctor. Buffers are in minutes. The default
    of `schema` is what release 1.0 meant by not writing it.
    """

    id: str
    start: datetime
    end: datetime
    created_at: datetime
    updated_at: datetime
    schema: Literal[1, 2, 3] = 1
    told_start: datetime | None = None
    patient: _Patient = _NOBODY
    reason: str | None = None
    cancelled_at: datetime | None = None
    cancellation_reason: str | None = None
    owner: str | None = None
    doctor_id: str | None = None
    version: int = 1
    service_id: str | None = None
    buffer_before: int = 0
    buffer_after: int = 0
    mark: Mark | None = None
    freed_from: datetime | None = None
    series_id: str | None = None


class _OverrideEntry(msgspec.Struct, tag_field="kind", tag="override"):
    """What a day knows of an override. Nothing changes it there, so no field of it can be lost."""

    id: str
    type: OverrideKind
    start: datetime
    end: datetime
    schema: Literal[3] = SCHEMA


class _Place(msgspec.Struct):
    doctor_id: str
    day: date | None = None
    owner: str | None = None


_AnyEntry = _Entry | _OverrideEntry | HoldEntry

_E = TypeVar("_E")

_BY_KIND: dict[str, type[_OverrideEntry | HoldEntry]] = {
    "override": _OverrideEntry,
    "hold": HoldEntry,
}

_FIELDS = frozenset(field.name for field in msgspec.structs.fields(_Entry))
_PATIENT_FIELDS = frozenset(field.name for field in msgspec.structs.fields(_Patient))

_new_tuple = tuple.__new__
_encode = msgspec.json.Encoder().encode
_decode_entries = msgspec.json.Decoder(list[_AnyEntry]).decode
_decode_documents = msgspec.json.Decoder(list[Document]).decode


def instant_to_text(instant: datetime) -> str:
    """Write an instant in UTC: `2026-11-23T14:00:00Z`, with a fraction only if there is one."""
    return instant.isoformat().replace("+00:00", "Z")


# Days


def appointment_to_text(appointment: Appointment, *, with_doctor: bool = False) -> str:
    """Write an appointment, with the fields that this version does not know.

    `with_doctor` is for documents that hold appointments with several doctors.
    """
    entry, unknown = _entry_of(appointment), appointment.unknown_fields
    if with_doctor:
        entry.doctor_id = appointment.doctor_id
    text = _encode(entry)
    return (_with_unknown(text, unknown) if unknown else text).decode()


def override_entry_to_text(override: OverrideEntry) -> str:
    """Write what a day knows of an override."""
    (start, end), kind = override.interval, override.kind
    return _encode(_OverrideEntry(id=override.id, type=kind, start=start, end=end)).decode()


def entry_to_text(entry: Entry) -> str:
    """Write an entry of a doctor-day."""
    if isinstance(entry, Appointment):
        return appointment_to_text(entry)
    if isinstance(entry, Hold):
        return _encode(entry_of_hold(entry)).decode()
    return override_entry_to_text(entry)


def appointment_from_text(doctor_id: str, text: str, name: str = "") -> Appointment:
    """Read an appointment, which errors call `name`; `doctor_id` is its doctor if it names none.

    Raises StoreRefused if this version does not understand it.
    """
    name = name or f"an appointment with {doctor_id}"
    match appointments_from_texts(name, doctor_id, [text]):
        case [appointment]:
            return appointment
    raise StoreRefused(f"{name} is damaged: it is none")


def day_from_texts(key: DayKey, texts: Collection[str]) -> DaySchedule:
    """Read the entries of a doctor-day, in whatever order the store kept them.

    Raises StoreRefused for an entry that this version does not understand.
    """
    entries = _entries_from_texts(f"{key.doctor_id}, {key.day}", key.doctor_id, texts)
    appointments = [entry for entry in entries if isinstance(entry, Appointment)]
    appointments.sort(key=POSITION)
    if len(appointments) == len(entries):
        return DaySchedule(key, tuple(appointments))
    overrides = [entry for entry in entries if isinstance(entry, OverrideEntry)]
    overrides.sort(key=lambda override: (override.interval, override.id))
    holds = [entry for entry in entries if isinstance(entry, Hold)]
    holds.sort(key=lambda hold: hold.position)
    return DaySchedule(key, tuple(appointments), tuple(overrides), tuple(holds))


def appointments_from_texts(name: str, doctor_id: str, texts: Collection[str]) -> list[Appointment]:
    """Read the appointments of one document, which errors call `name`.

    `doctor_id` is the doctor of those that name none.
    """
    entries = _entries_from_texts(name, doctor_id, texts)
    found = [entry for entry in entries if isinstance(entry, Appointment)]
    if len(found) < len(entries):
        raise StoreRefused(f"{name} is damaged: an entry of it is no appointment")
    return found


def _entries_from_texts(name: str, doctor_id: str, texts: Collection[str]) -> list[Entry]:
    try:
        entries = _decode_entries(f"[{','.join(texts)}]")
    except (msgspec.DecodeError, TypeError):  # The latter if one is no text.
        return _entries_of_unknown_texts(name, doctor_id, texts)
    return [
        _appointment_of(doctor_id, entry)
        if isinstance(entry, _Entry)
        else _override_or_hold_of(doctor_id, entry)
        for entry in entries
    ]


def _override_or_hold_of(doctor_id: str, entry: _OverrideEntry | HoldEntry) -> OverrideEntry | Hold:
    if isinstance(entry, HoldEntry):
        return hold_of_entry(doctor_id, entry)
    return OverrideEntry(entry.id, entry.type, Interval(entry.start, entry.end))


def _entry_of(appointment: Appointment) -> _Entry:
    patient, owner = appointment.patient, appointment.owner
    return _Entry(
        id=appointment.id,
        schema=SCHEMA,
        start=appointment.interval.start,
        end=appointment.interval.end,
        patient=_Patient(*patient),
        reason=appointment.reason,
        created_at=appointment.created_at,
        updated_at=appointment.updated_at,
        told_start=appointment.told_start,
        cancelled_at=appointment.cancelled_at,
        cancellation_reason=appointment.cancellation_reason,
        owner=None if owner is None else owner.digits,
        version=appointment.version,
        service_id=appointment.service_id,
        buffer_before=appointment.before // MINUTE,
        buffer_after=appointment.after // MINUTE,
        mark=appointment.mark,
        freed_from=appointment.freed_from,
        series_id=appointment.series_id,
    )


def _appointment_of(doctor_id: str, entry: _Entry, unknown: bytes | None = None) -> Appointment:
    # Made as plain tuples are, field by field: the classes' own way takes nearly twice as long, and
    # a long list or search makes thousands.
    patient = entry.patient
    fields = (
        entry.id,
        entry.doctor_id or doctor_id,
        _new_tuple(Interval, (entry.start, entry.end)),
        _new_tuple(Patient, (patient.name, patient.email, patient.phone, patient.id)),
        entry.created_at,
        entry.updated_at,
        entry.reason,
        entry.cancelled_at,
        entry.cancellation_reason,
        entry.told_start,
        unknown,
        None if entry.owner is None else PatientKey(entry.owner),
        entry.version,
        entry.service_id,
        entry.buffer_before * MINUTE if entry.buffer_before else NO_TIME,
        entry.buffer_after * MINUTE if entry.buffer_after else NO_TIME,
        entry.mark,
        entry.freed_from,
        entry.series_id,
    )
    return _new_tuple(Appointment, fields)


# What a newer instance wrote. Slow, but only until the deployment is complete.


def _entries_of_unknown_texts(name: str, doctor_id: str, texts: Iterable[str]) -> list[Entry]:
    """Read entries one by one, and keep the fields that this version does not know."""
    try:
        documents = _decode_documents(f"[{','.join(texts)}]")
    except (msgspec.DecodeError, TypeError) as error:
        raise StoreRefused(f"{name} is damaged: {error}") from None
    return [_entry_of_unknown_text(name, doctor_id, fields) for fields in documents]


def _entry_of_unknown_text(name: str, doctor_id: str, fields: Document) -> Entry:
    named = f"the entry {fields.get('id')} of {name}"
    match fields.get("kind"):
        case "override" | "hold" as kind:
            check_schema(named, kind, fields)
            entry = _converted(name, fields, _BY_KIND[kind])
            return _override_or_hold_of(doctor_id, entry)
    check_schema(named, "appointment", fields)
    appointment, unknown = _known_and_unknown(name, fields)
    return _appointment_of(doctor_id, appointment, unknown)


def _known_and_unknown(name: str, fields: Document) -> tuple[_Entry, bytes | None]:
    known, unknown = _split({n: v for n, v in fields.items() if n != "kind"}, _FIELDS)
    if isinstance(fields.get("patient"), dict):
        known["patient"], unknown_of_patient = _split(fields["patient"], _PATIENT_FIELDS)
        if unknown_of_patient:
            unknown["patient"] = unknown_of_patient
    entry = _converted(name, {**known, "kind": "appointment"}, _Entry)
    return entry, _encode(unknown) if unknown else None


def _converted(name: str, fields: Document, into: type[_E]) -> _E:
    try:
        return msgspec.convert(fields, into)
    except msgspec.ValidationError as error:
        raise StoreRefused(f"an entry of {name} is damaged: {error}") from None


def _split(fields: Document, names: Collection[str]) -> tuple[Document, Document]:
    known = {name: value for name, value in fields.items() if name in names}
    return known, {name: value for name, value in fields.items() if name not in names}


def _with_unknown(text: bytes, unknown_fields: bytes) -> bytes:
    known, unknown = json.loads(text), json.loads(unknown_fields)
    patient = {**unknown.pop("patient", {}), **known.get("patient", {})}
    return _encode({**unknown, **known, "patient": patient})


# Whereabouts


def pointer_to_document(pointer: Pointer) -> Document:
    """Write where an appointment stands: on a day, or ended with another doctor."""
    to, owner = pointer.to, pointer.owner
    fields = {"kind": "pointer", "schema": SCHEMA, "doctor_id": to.doctor_id}
    if isinstance(to, DayKey):
        fields["day"] = str(to.day)
    return fields if owner is None else {**fields, "owner": owner.digits}


def pointer_from_document(appointment_id: str, fields: Mapping[str, Any]) -> Pointer:
    """Read what `pointer_to_document` wrote; StoreRefused if it is damaged or newer."""
    name = f"the pointer to {appointment_id}"
    place = read_fields(name, "pointer", fields, _Place)
    owner = None if place.owner is None else PatientKey(place.owner)
    if place.day is None:
        return Pointer(ElsewhereKey(place.doctor_id, appointment_id), owner)
    return Pointer(DayKey(place.doctor_id, place.day), owner)
