"""Documents and writes of Firestore.

    doctors/{doctor_id}/schedule/{YYYY-MM-DD}  appointments: {appointment id: JSON text}; revision,
                                               a number that every write of the day draws anew
    doctors/{doctor_id}/elsewhere/{id}         an ended appointment, by start, or a pointer
    receipts/{key}                             an idempotency record; expires_at is its TTL field

The other modules of the folder have the others.
Each carries a `kind` and a `schema`. An entry is one JSON text, because maps with timestamps take
six times as long to decode. `derived` holds what is computed from the entries of a day: `busy`
(busy_documents.py). A write replaces all of it, so what it does not compute itself is gone.
"""

from collections.abc import Mapping
from datetime import date
from secrets import randbits
from typing import TYPE_CHECKING, Any

from shared.model.appointment import Appointment
from shared.model.busy_day import BusyDay
from shared.model.day import DayKey, DaySchedule
from shared.model.elsewhere import ElsewhereKey, Whereabouts
from shared.model.idempotency_record import IdempotencyRecord
from shared.store.appointment_documents import (
    appointment_from_text,
    appointment_to_text,
    day_from_texts,
    entry_to_text,
    pointer_from_document,
    pointer_to_document,
)
from shared.store.busy_documents import busy_day_from_text, busy_day_to_text
from shared.store.firestore.field_paths import field_path
from shared.store.firestore.messages import Message
from shared.store.firestore.values import (
    Document,
    DocumentMask,
    Fields,
    Precondition,
    Write,
    from_fields,
    from_value,
    to_fields,
)
from shared.store.port import DayWrite, ElsewhereWrite, RecordWrite, Stored, Version
from shared.store.record_documents import record_from_document, record_to_document
from shared.store.schema import SCHEMA, check_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY_TAGS = {"kind": "day", "schema": SCHEMA}
_OF_EVERY_DAY_WRITE = (*DAY_TAGS, "revision", "derived")

REVISION_BITS = 48
"""So that Firestore adds those of ninety years of days up in 64 bits."""


def day_name(root: str, key: DayKey) -> str:
    """Return the name of a day's document."""
    return f"{root}/doctors/{key.doctor_id}/schedule/{key.day}"


def elsewhere_name(root: str, key: ElsewhereKey) -> str:
    """Return the name of the document of an appointment's whereabouts."""
    return f"{root}/doctors/{key.doctor_id}/elsewhere/{key.appointment_id}"


def record_name(root: str, key: str) -> str:
    """Return the name of an idempotency record's document."""
    return f"{root}/receipts/{key}"


def last_part(name: str) -> str:
    """Return the last part of a document's name: its id."""
    return name.rpartition("/")[2]


def date_of(document: Message) -> date:
    """Return the date of a day's document."""
    return date.fromisoformat(last_part(document.name))


def read_day(key: DayKey, document: Message) -> Stored[DaySchedule]:
    """Return the day of a document, an empty one if there is none."""
    if not document.name:
        return Stored(DaySchedule(key), None)
    fields = document.fields
    check_schema(f"{key.doctor_id}, {key.day}", "day", tags_of(fields))
    entries = fields["appointments"].map_value.fields.values()
    day = day_from_texts(key, [entry.string_value for entry in entries])
    return Stored(day, document.update_time.ToNanoseconds())


def read_busy_day(key: DayKey, document: Message) -> BusyDay | None:
    """Return the busy times of a day's document; None if an older version wrote it last."""
    if not document.name:
        return BusyDay()
    name, fields = f"{key.doctor_id}, {key.day}", document.fields
    tags = {"kind": fields["kind"].string_value, "schema": fields["schema"].integer_value}
    check_schema(name, "day", tags)
    # A missing member reads as an empty text.
    text = fields["derived"].map_value.fields["busy"].string_value
    return busy_day_from_text(name, text) if text else None


def read_elsewhere(key: ElsewhereKey, document: Message) -> Stored[Whereabouts | None]:
    """Return the whereabouts of a document; None if there is none."""
    if not document.name:
        return Stored(None, None)
    version = document.update_time.ToNanoseconds()
    if "entry" in document.fields:
        return Stored(read_ended(key.doctor_id, document), version)
    return Stored(pointer_from_document(key.appointment_id, from_fields(document.fields)), version)


def read_ended(doctor_id: str, document: Message) -> Appointment:
    """Return the appointment of a document that holds one which has ended with a doctor."""
    fields = document.fields
    check_schema(f"the appointment {last_part(document.name)}", "ended", tags_of(fields))
    return appointment_from_text(doctor_id, fields["entry"].string_value)


def read_record(key: str, document: Message) -> Stored[IdempotencyRecord]:
    """Return the idempotency record of a document."""
    values = from_fields(document.fields)
    fields = {**values, "expires_at": values["expires_at"].isoformat()}
    return Stored(record_from_document(key, fields), document.update_time.ToNanoseconds())


def write_day(root: str, write: DayWrite) -> Message:
    """Send only the entries that changed; what is in the mask but not sent is deleted.

    A day that moves to and fro have left unchanged is written all the same, to check its version.
    """
    name = day_name(root, write.day.key)
    if write.read.version is None:
        texts = {n: entry_to_text(a) for n, a in write.day.entries.items()}
        mask = None
    else:
        changed = write.changed()
        texts = {n: entry_to_text(a) for n, a in changed.items() if a}
        paths = [field_path("appointments", n) for n in changed]
        mask = DocumentMask(field_paths=[*_OF_EVERY_DAY_WRITE, *paths])
    fields: dict[str, object] = {
        **DAY_TAGS,
        "revision": new_revision(),
        "derived": {"busy": busy_day_to_text(write.day.busy)},
    }
    if texts:
        fields["appointments"] = texts
    document = Document(name=name, fields=to_fields(fields))
    return Write(
        update=document, update_mask=mask, current_document=precondition(write.read.version)
    )


def write_elsewhere(root: str, write: ElsewhereWrite) -> Message:
    """Write whereabouts whole, or delete them."""
    name, as_read = elsewhere_name(root, write.key), precondition(write.replaced)
    if write.whereabouts is None:
        return Write(delete=name, current_document=as_read)
    document = Document(name=name, fields=to_fields(_elsewhere_fields(write.whereabouts)))
    return Write(update=document, current_document=as_read)


def _elsewhere_fields(whereabouts: Whereabouts) -> Mapping[str, object]:
    if not isinstance(whereabouts, Appointment):
        return pointer_to_document(whereabouts)
    start, entry = whereabouts.interval.start, appointment_to_text(whereabouts)
    # A timestamp of its own, because queries read it.
    return {"kind": "ended", "schema": SCHEMA, "start": start, "entry": entry}


def write_record(root: str, write: RecordWrite) -> Message:
    """Write an idempotency record whole."""
    record = write.record
    # A timestamp, because the database's own clean-up (TTL) reads it.
    values = {**record_to_document(record), "expires_at": record.expires_at}
    document = Document(name=record_name(root, record.key), fields=to_fields(values))
    return Write(update=document, current_document=precondition(write.replaced))


def new_revision() -> int:
    """Draw a number that makes any write a change, and so gives a document another version.

    No time, which may be the same for two writes, nor a count, which a backup sets back.
    """
    return randbits(REVISION_BITS)


def tags_of(fields: Fields) -> dict[str, Any]:
    """Return the kind and the schema of a document, where it has them."""
    names: Sequence[str] = ("kind", "schema")
    return {name: from_value(fields[name]) for name in names if name in fields}


def precondition(version: Version | None) -> Message:
    """Return the condition that a document is as it was read; None: that there is none."""
    if version is None:
        return Precondition(exists=False)
    read = Precondition()
    read.update_time.FromNanoseconds(version)
    return read
