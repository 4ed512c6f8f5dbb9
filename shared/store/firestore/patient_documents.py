"""Documents and writes of patients.

patients/{40 hex digits}                    appointments: {id: JSON text}; changed_at; erasing
patients/{40 hex digits}/history/{YYYY-MM}  appointments: {id: true}, by the month of the start
"""

from collections.abc import Iterator, Sequence
from typing import Any

from google.cloud.firestore_v1 import types
from google.cloud.firestore_v1.field_path import FieldPath

from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.store.firestore.documents import last_part, precondition, tags_of
from shared.store.firestore.values import (
    Document,
    DocumentMask,
    Message,
    Write,
    from_fields,
    to_fields,
    to_value,
)
from shared.store.patient_documents import (
    ended_by_month,
    patient_from_document,
    patient_to_changes,
)
from shared.store.port import PatientWrite, Stored
from shared.store.schema import SCHEMA, check_schema

_Transform = types.DocumentTransform.FieldTransform.pb()


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


def read_history(key: PatientKey, document: Message) -> Sequence[str]:
    """Return the ids in the document of a month, in order."""
    fields = document.fields
    name = f"the history {last_part(document.name)} of the patient {key.digits}"
    check_schema(name, "history", tags_of(fields))
    return sorted(fields["appointments"].map_value.fields)


def write_patient(root: str, write: PatientWrite) -> Message:
    """Send only what changed; what is in the mask but not sent is deleted."""
    changes = patient_to_changes(write)
    appointments = changes.pop("appointments")
    paths = [FieldPath("appointments", name).to_api_repr() for name in appointments]
    texts = {name: text for name, text in appointments.items() if text is not None}
    fields = {name: value for name, value in changes.items() if value is not None}
    return Write(
        update=_document(patient_name(root, write.schedule.key), fields, texts),
        update_mask=DocumentMask(field_paths=[*changes, *paths]),
        current_document=precondition(write.read.version),
    )


def write_histories(root: str, write: PatientWrite) -> Iterator[Message]:
    """Add what has ended to the documents of its months, whatever they hold."""
    patient = patient_name(root, write.schedule.key)
    for month, names in ended_by_month(write).items():
        paths = [FieldPath("appointments", name).to_api_repr() for name in names]
        ids = dict.fromkeys(names, True)
        # Nobody has read the document: one that a newer version wrote must stay newer.
        schema = _Transform(field_path="schema", maximum=to_value(SCHEMA))
        yield Write(
            update=_document(history_name(patient, month), {"kind": "history"}, ids),
            update_mask=DocumentMask(field_paths=["kind", *paths]),
            update_transforms=[schema],
        )


def _document(name: str, fields: dict[str, Any], appointments: dict[str, Any]) -> Message:
    values = {**fields, "appointments": appointments} if appointments else fields
    return Document(name=name, fields=to_fields(values))
