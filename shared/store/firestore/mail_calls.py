"""Mails as documents, in the form of Firebase's extension *Trigger Email*, which sends them.

mail/{event id}  to, from, headers, message; appointment_id, for an erasure; and delivery, what the
                 extension writes
"""

from collections.abc import Collection, Mapping, Sequence

from shared.store.firestore.calls import Calls
from shared.store.firestore.errors import CONFLICT, translated_errors
from shared.store.firestore.messages import Message
from shared.store.firestore.outbox_calls import check_event, event_name
from shared.store.firestore.queries import NAMES_ONLY, find_any, get
from shared.store.firestore.values import Document, Precondition, Write, to_fields
from shared.store.port import StoreUnavailable, VersionConflict
from shared.store.usage import count_writes


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
    found = await find_any(calls, "mail", "appointment_id", appointment_ids, select=NAMES_ONLY)
    return [Write(delete=mail.name) for mail in found]


async def _is_settled(calls: Calls, event_id: str) -> bool:
    """Whether there is a mail, or no event any more."""
    mail, event = _name(calls, event_id), event_name(calls.root, event_id)
    found = {document.name for document in await get(calls, [mail, event], ["kind"])}
    return mail in found or event not in found


def _name(calls: Calls, event_id: str) -> str:
    return f"{calls.root}/mail/{event_id}"
