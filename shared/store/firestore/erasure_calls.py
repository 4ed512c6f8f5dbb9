"""Erasing what is kept beside appointments, and the document that tells when that was last done.

Firestore keeps an hour of versions that nobody can delete. So every erasure changes
`erasures/last`, and no view of an instant before that change is shown any more.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from shared.model.patient_key import PatientKey
from shared.model.patient_schedule import PatientSchedule
from shared.model.series import is_series_id
from shared.store.appointment_documents import instant_to_text
from shared.store.firestore.calls import Calls
from shared.store.firestore.documents import last_part
from shared.store.firestore.errors import CONFLICT, translated_errors
from shared.store.firestore.mail_calls import mails_to_erase
from shared.store.firestore.messages import Message, message
from shared.store.firestore.outbox_calls import events_to_erase
from shared.store.firestore.patient_documents import (
    check_patient,
    patient_name,
    write_rest,
)
from shared.store.firestore.queries import NOT_AFTER, find, find_any, get, where
from shared.store.firestore.series_documents import erase_holder, series_name
from shared.store.firestore.values import (
    Document,
    DocumentMask,
    Precondition,
    Write,
    to_fields,
    to_value,
)
from shared.store.port import Stored
from shared.store.record_documents import ERASED
from shared.store.schema import SCHEMA
from shared.store.usage import count_reads, count_writes

_MOST_WRITES = 399  # And one more, of the patient. Firestore's own limit was 500.

_Transform = message("DocumentTransform.FieldTransform")


async def erase_records(calls: Calls, ids: Collection[str]) -> None:
    """Erase the records of appointments and series, each if it is still as it was found.

    The same commits delete the events that name a patient, and empty `holder` of the series among
    the ids, each if it is still there. Mails go afterwards, because none is written without its
    event.
    """
    writes = await _record_writes(calls, ids)
    writes += await events_to_erase(calls, ids)
    writes += await _series_writes(calls, ids)
    for start in range(0, len(writes), _MOST_WRITES):
        await _commit(calls, writes[start : start + _MOST_WRITES])
    mails = await mails_to_erase(calls, ids)
    for start in range(0, len(mails), _MOST_WRITES):
        await _commit(calls, mails[start : start + _MOST_WRITES])


async def erase_patient(calls: Calls, read: Stored[PatientSchedule], rest: PatientSchedule) -> None:
    """Delete the history of a patient, and all of the patient's document but a rest.

    One commit, if Firestore takes it, else several. Each checks the document, so that none deletes
    what somebody has booked who came back; the last one changes it.
    """
    key, version = read.value.key, read.version
    months = [Write(delete=name) for name in await _history_names(calls, key)]
    while len(months) > _MOST_WRITES:
        some, months = months[:_MOST_WRITES], months[_MOST_WRITES:]
        checked, *_ = await _commit(calls, [check_patient(calls.root, key, version), *some])
        version = checked.update_time.ToNanoseconds()
    await _commit(calls, [write_rest(calls.root, rest, version), *months])


async def erased_patients(calls: Calls, now: datetime) -> Sequence[PatientKey]:
    """Find the patients whose rest need not be kept any more."""
    past = where("kept_until", NOT_AFTER, instant_to_text(now))
    order = ("kept_until", "__name__")
    found = await find(calls, calls.root, "patients", order, where=past)
    return [PatientKey(last_part(document.name)) for document in found]


async def end_views(calls: Calls) -> None:
    """Count an erasure, which ends the views of all instants before."""
    with translated_errors():  # Without a condition there is no conflict.
        await calls.commit([_mark(calls)])
    count_writes(1)


async def last_erasure(calls: Calls) -> datetime | None:
    """Return the instant of the last erasure by Firestore's own clock, if there was any.

    Raises what the call raises.
    """
    answers = [answer async for answer in calls.batch_get([_mark_name(calls)], None)]
    count_reads(len(answers))
    found = (answer.found for answer in answers if answer.found.name)
    return next((document.update_time.ToDatetime(UTC) for document in found), None)


async def _record_writes(calls: Calls, ids: Collection[str]) -> list[Message]:
    """Return a write for each record that still tells what was asked for."""
    found = await find_any(calls, "receipts", "appointment_id", ids)
    return [_erased(each) for each in found if each.fields["fingerprint"].string_value != ERASED]


async def _series_writes(calls: Calls, ids: Collection[str]) -> Sequence[Message]:
    """Return a write for each series that still tells whose it is."""
    names = [series_name(calls.root, each) for each in sorted(set(ids)) if is_series_id(each)]
    if not names:
        return []
    found = await get(calls, names, ["holder"])
    return [erase_holder(each.name) for each in found if each.fields["holder"].string_value]


async def _history_names(calls: Calls, patient: PatientKey) -> Sequence[str]:
    months = await find(calls, patient_name(calls.root, patient), "history")
    return [month.name for month in months]


async def _commit(calls: Calls, writes: Sequence[Message]) -> Sequence[Message]:
    with translated_errors(conflict=CONFLICT):
        results = await calls.commit(writes)
    count_writes(len(writes))
    return results


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
