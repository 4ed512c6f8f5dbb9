"""Erasing what is kept beside appointments, and the document that tells when that was last done.

Firestore keeps an hour of versions that nobody can delete. So every erasure changes
`erasures/last`, and no view of an instant before that change is shown any more.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, datetime

from google.cloud.firestore_v1 import types

from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.store.documents import ERASED
from shared.store.firestore.calls import Calls
from shared.store.firestore.documents import precondition
from shared.store.firestore.errors import CONFLICT, translated_errors
from shared.store.firestore.patient_documents import patient_name
from shared.store.firestore.values import (
    Document,
    DocumentMask,
    Message,
    Precondition,
    Write,
    to_fields,
    to_value,
)
from shared.store.port import Stored
from shared.store.schema import SCHEMA
from shared.store.usage import count_reads, count_writes

_MOST_WRITES = 398  # And two more with the last. Firestore's own limit was 500.
_MOST_COMPARED = 30  # Of one query, with IN.

_Transform = types.DocumentTransform.FieldTransform.pb()
_Filter, _FieldFilter = types.StructuredQuery.Filter.pb(), types.StructuredQuery.FieldFilter.pb()
_Field = types.StructuredQuery.FieldReference.pb()
_IN = types.StructuredQuery.FieldFilter.Operator.IN


async def erase(
    calls: Calls, appointment_ids: Collection[str], patient: Stored[PatientSchedule] | None
) -> None:
    """Erase the records of appointments, and a patient.

    One commit, if Firestore takes it. Else several, in this order: who is cut off finds the patient
    and what is left of the history, and begins again. The patient goes together with the mark, as
    nobody erases a patient who is gone.
    """
    writes = [write async for write in _record_writes(calls, appointment_ids)]
    last = [_mark(calls)]
    if patient is not None:
        writes += [Write(delete=name) for name in await _history_names(calls, patient.value.key)]
        name = patient_name(calls.root, patient.value.key)
        last.append(Write(delete=name, current_document=precondition(patient.version)))
    commits = [writes[i : i + _MOST_WRITES] for i in range(0, len(writes), _MOST_WRITES)] or [[]]
    commits[-1] += last
    for commit in commits:
        with translated_errors(conflict=CONFLICT):
            await calls.commit(commit)
        count_writes(len(commit))


async def last_erasure(calls: Calls) -> datetime | None:
    """Return the instant of the last erasure by Firestore's own clock, if there was any.

    Raises what the call raises.
    """
    answers = [answer async for answer in calls.batch_get([_mark_name(calls)], None)]
    count_reads(len(answers))
    found = (answer.found for answer in answers if answer.found.name)
    return next((document.update_time.ToDatetime(UTC) for document in found), None)


async def _record_writes(calls: Calls, appointment_ids: Collection[str]) -> AsyncIterator[Message]:
    """Yield a write for each record that still tells what was asked for."""
    ids = sorted(set(appointment_ids))
    for start in range(0, len(ids), _MOST_COMPARED):
        where = _one_of("appointment_id", ids[start : start + _MOST_COMPARED])
        for document in await _query(calls, calls.root, "receipts", where=where):
            if document.fields["fingerprint"].string_value != ERASED:
                yield _erased(document)


async def _history_names(calls: Calls, patient: PatientKey) -> Sequence[str]:
    months = await _query(calls, patient_name(calls.root, patient), "history")
    return [month.name for month in months]


async def _query(
    calls: Calls, parent: str, collection: str, **bounds: Message
) -> Sequence[Message]:
    with translated_errors():
        answers = [a async for a in calls.run_query(parent, collection, **bounds)]
    found = [answer.document for answer in answers if answer.document.name]
    count_reads(len(found))
    return found


def _one_of(field: str, texts: Sequence[str]) -> Message:
    return _Filter(
        field_filter=_FieldFilter(
            field=_Field(field_path=field), op=_IN, value=to_value(list(texts))
        )
    )


def _erased(record: Message) -> Message:
    """Take the fingerprint from a record, unless another request has taken the key meanwhile."""
    return Write(
        update=Document(name=record.name, fields=to_fields({"fingerprint": ERASED})),
        update_mask=DocumentMask(field_paths=["fingerprint"]),
        current_document=Precondition(update_time=record.update_time),
    )


def _mark(calls: Calls) -> Message:
    """Count the erasures: a document that did not change would keep its update time."""
    values = {"kind": "erasures", "schema": SCHEMA}
    return Write(
        update=Document(name=_mark_name(calls), fields=to_fields(values)),
        update_mask=DocumentMask(field_paths=list(values)),
        update_transforms=[_Transform(field_path="count", increment=to_value(1))],
    )


def _mark_name(calls: Calls) -> str:
    return f"{calls.root}/erasures/last"
