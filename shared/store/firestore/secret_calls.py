"""Secrets as documents: `secrets/{name}`, created once."""

from shared.store.firestore.calls import Calls
from shared.store.firestore.errors import CONFLICT, translated_errors
from shared.store.firestore.queries import get
from shared.store.firestore.values import Document, Precondition, Write, from_fields, to_fields
from shared.store.secret_documents import secret_from_document, secret_to_document
from shared.store.usage import count_writes


async def read_secret(calls: Calls, name: str) -> str | None:
    """Return a secret, if there is one of that name."""
    found = await get(calls, [_path(calls, name)])
    return secret_from_document(name, from_fields(found[0].fields)) if found else None


async def create_secret(calls: Calls, name: str, value: str) -> None:
    """Write a secret; VersionConflict if there is one of that name."""
    document = Document(name=_path(calls, name), fields=to_fields(secret_to_document(value)))
    with translated_errors(conflict=CONFLICT):
        await calls.commit([Write(update=document, current_document=Precondition(exists=False))])
    count_writes(1)


def _path(calls: Calls, name: str) -> str:
    return f"{calls.root}/secrets/{name}"
