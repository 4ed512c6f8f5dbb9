"""Blocked callers as documents: `blocked/{40 hex digits}`, few enough to be read together."""

from collections.abc import Mapping
from datetime import datetime

from shared.model.patient_key import PatientKey
from shared.store.blocked_documents import blocked_from_document, blocked_to_document
from shared.store.firestore.calls import Calls
from shared.store.firestore.documents import last_part
from shared.store.firestore.errors import translated_errors
from shared.store.firestore.messages import Message
from shared.store.firestore.queries import find
from shared.store.firestore.values import Document, Write, from_fields, to_fields
from shared.store.usage import count_writes


async def read_blocked(calls: Calls) -> Mapping[PatientKey, datetime]:
    """Return the instants before which tokens count no more."""
    return dict(map(_blocked, await find(calls, calls.root, "blocked")))


async def write_blocked(calls: Calls, caller: PatientKey, issued_before: datetime) -> None:
    """Write an instant, whatever was said before."""
    fields = to_fields(blocked_to_document(issued_before))
    document = Document(name=f"{calls.root}/blocked/{caller.digits}", fields=fields)
    with translated_errors():
        await calls.commit([Write(update=document)])
    count_writes(1)


def _blocked(document: Message) -> tuple[PatientKey, datetime]:
    digits = last_part(document.name)
    return PatientKey(digits), blocked_from_document(digits, from_fields(document.fields))
