"""What is true of the whole clinic, as one document: `clinic/settings`."""

from collections.abc import Mapping
from typing import Any

from shared.store.clinic_documents import clinic_from_document, clinic_to_document
from shared.store.firestore.calls import Calls
from shared.store.firestore.errors import translated_errors
from shared.store.firestore.queries import get
from shared.store.firestore.values import Document, Write, from_fields, to_fields
from shared.store.usage import count_writes


async def read_clinic(calls: Calls) -> Mapping[str, Any]:
    """Return what is true of the whole clinic; empty if nothing was put."""
    found = await get(calls, [_name(calls)])
    return clinic_from_document(from_fields(found[0].fields)) if found else {}


async def write_clinic(calls: Calls, clinic: Mapping[str, Any]) -> None:
    """Replace what is true of the whole clinic."""
    document = Document(name=_name(calls), fields=to_fields(clinic_to_document(clinic)))
    with translated_errors():
        await calls.commit([Write(update=document)])
    count_writes(1)


def _name(calls: Calls) -> str:
    return f"{calls.root}/clinic/settings"
