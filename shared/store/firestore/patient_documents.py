"""Documents and writes of patients.

patients/{40 hex digits}                    appointments: {id: JSON text}; changed_at; erasing;
                                            erased_at; kept_until, where only instants have stayed
patients/{40 hex digits}/history/{YYYY-MM}  appointments: {id: start}, by the month of the start
"""

from collections.abc import Iterator, Sequence
from typing import Any

from shared.model.patient_history import PastAppointment
from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.store.appointment_documents import instant_to_text
from shared.store.firestore.documents import last_part, precondition, tags_of
from shared.store.firestore.field_paths import field_path
from shared.store.firestore.messages import Message, message
from shared.store.firestore.values import (
    Document,
    DocumentMask,
    Write,
    from_fields,
    to_fields,
    to_value,
)
from shared.store.patient_documents import (
    history_changes,
    month_from_document,
    patient_from_document,
    patient_to_changes,
    rest_to_document,
)
from shared.store.port import PatientWrite, Stored, Version
from shared.store.schema import SCHEMA, check_schema

_Transform = message("DocumentTransform.FieldTransform")


def patient_name(root: str, key: PatientKey) -> str:
    """Return the name of a patient's document."""
    return f"{root}/patients/{key.digits}"


def history_name(patient: str, month: str) -> str:
    """Return the name of a month's document below that of a patient."""
    return f"{patient}/history/{month}"


def read_patient(key: PatientKey, document: Message) -> Stored[PatientSchedule]:
    """Return the schedule of a document, an empty one if there is none."""
    if not document.name:
        return Stored(PatientSchedule(key), None)
    schedule = patient_from_document(key, from_fields(document.fields))
    return Stored(schedule, document.update_time.ToNanoseconds())


def read_history(key: PatientKey, document: Message) -> Sequence[PastAppointment]:
    """Return what stands in the document of a month, in order of ids."""
    fields, month = document.fields, last_part(document.name)
    name = f"the history {month} of the patient {key.digits}"
    check_schema(name, "history", tags_of(fields))
    return month_from_document(name, month, from_fields(fields["appointments"].map_value.fields))


def write_patient(root: str, write: PatientWrite) -> Message:
    """Send only what changed; what is in the mask but not sent is deleted."""
    changes = patient_to_changes(write)
    appointments = changes.pop("appointments")
    paths = [field_path("appointments", name) for name in appointments]
    texts = {name: text for name, text in appointments.items() if text is not None}
    fields = {name: value for name, value in changes.items() if value is not None}
    return Write(
        update=_document(patient_name(root, write.schedule.key), fields, texts),
        update_mask=DocumentMask(field_paths=[*changes, *paths]),
        current_document=precondition(write.read.version),
    )


def check_patient(root: str, key: PatientKey, version: Version | None) -> Message:
    """Change nothing in a document, if it is as it was read."""
    tag = {"kind": "patient"}
    return Write(
        update=Document(name=patient_name(root, key), fields=to_fields(tag)),
        update_mask=DocumentMask(field_paths=list(tag)),
        current_document=precondition(version),
    )


def write_rest(root: str, rest: PatientSchedule, version: Version | None) -> Message:
    """Replace a document by what stays of an erased account, or delete it if nothing does."""
    name, as_read = patient_name(root, rest.key), precondition(version)
    fields = rest_to_document(rest)
    if fields is None:
        return Write(delete=name, current_document=as_read)
    return Write(update=Document(name=name, fields=to_fields(fields)), current_document=as_read)


def write_histories(root: str, write: PatientWrite) -> Iterator[Message]:
    """Add what has ended to the documents of its months, and remove what is to be forgotten.

    Whatever else they hold stays.
    """
    patient = patient_name(root, write.schedule.key)
    for month, changes in history_changes(write).items():
        paths = [field_path("appointments", name) for name in changes]
        starts = {name: instant_to_text(start) for name, start in changes.items() if start}
        # Nobody has read the document: one that a newer version wrote must stay newer.
        schema = _Transform(field_path="schema", maximum=to_value(SCHEMA))
        yield Write(
            update=_document(history_name(patient, month), {"kind": "history"}, starts),
            update_mask=DocumentMask(field_paths=["kind", *paths]),
            update_transforms=[schema],
        )


def _document(name: str, fields: dict[str, Any], appointments: dict[str, Any]) -> Message:
    values = {**fields, "appointments": appointments} if appointments else fields
    return Document(name=name, fields=to_fields(values))
