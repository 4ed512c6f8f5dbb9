"""Mails as documents, in the form of Firebase's extension *Trigger Email*, which sends them.

mail/{event id}  to, from, headers, message; appointment_id, for an erasure; and delivery, what the
                 extension writes
"""

from collections.abc import Collection, Mapping, Sequence

from shared.store.firestore.calls import Calls
from shared.store.firestore.errors import CONFLICT, translated_errors
from shared.store.firestore.messages import Message, message
from shared.store.firestore.outbox_calls import check_event, event_name
from shared.store.firestore.values import Document, Precondition, Write, to_fields, to_value
from shared.store.port import StoreUnavailable, VersionConflict
from shared.store.usage import count_reads, count_writes

_MOST_COMPARED = 30  # Of one query, with IN.

_Filter, _FieldFilter = message("StructuredQuery.Filter"), message("StructuredQuery.FieldFilter")
_Field = message("StructuredQuery.FieldReference")
_Only = message("StructuredQuery.Projection")
_IN = _FieldFilter.IN


async def add_mail(
    calls: Calls, event_id: str, appointment_id: str, fields: Mapping[str, object]
) -> None:
    """Create a mail's document, unless there is one: what the extension did with it stays.

    Nor if its event is gone: it has been erased meanwhile, and an erasure that deletes the event
    first finds every document.
    """
    values = {"appointment_id": appointment_id, **fields}
    mail = Write(
        update=Document(name=_name(calls, event_id), fields=to_fields(values)),
        current_document=Precondition(exists=False),
    )
    try:
        with translated_errors(conflict=CONFLICT):
            await calls.commit([mail, check_event(calls.root, event_id)])
    except VersionConflict as error:
        if await _is_settled(calls, event_id):
            return
        raise StoreUnavailable(str(error)) from error
    count_writes(2)


async def mails_to_erase(calls: Calls, appointment_ids: Collection[str]) -> Sequence[Message]:
    """Return a write for each mail of appointments, which deletes it."""
    names, found = sorted(set(appointment_ids)), list[str]()
    for start in range(0, len(names), _MOST_COMPARED):
        found += await _names_of(calls, names[start : start + _MOST_COMPARED])
    return [Write(delete=name) for name in found]


async def _names_of(calls: Calls, appointment_ids: list[str]) -> list[str]:
    where = _Filter(
        field_filter=_FieldFilter(
            field=_Field(field_path="appointment_id"), op=_IN, value=to_value(appointment_ids)
        )
    )
    only = _Only(fields=[_Field(field_path="__name__")])
    with translated_errors():
        query = calls.run_query(calls.root, "mail", where=where, select=only)
        found = [answer.document.name async for answer in query if answer.document.name]
    count_reads(max(len(found), 1))  # A query that finds nothing counts as one.
    return found


async def _is_settled(calls: Calls, event_id: str) -> bool:
    """Whether there is a mail, or no event any more."""
    mail, event = _name(calls, event_id), event_name(calls.root, event_id)
    with translated_errors():
        answers = [a async for a in calls.batch_get([mail, event], None, ["kind"])]
    count_reads(len(answers))
    found = {answer.found.name for answer in answers}
    return mail in found or event not in found


def _name(calls: Calls, event_id: str) -> str:
    return f"{calls.root}/mail/{event_id}"
