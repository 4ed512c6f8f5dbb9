"""Secrets as documents: `secrets/{name}`, created once."""

from shared.store.firestore.calls import Calls
from shared.store.firestore.errors import CONFLICT, translated_errors
from shared.store.firestore.values import Document, Precondition, Write, from_fields, to_fields
from shared.store.secret_documents import secret_from_document, secret_to_document
from shared.store.usage import count_reads, count_writes


async def read_secret(calls: Calls, name: str) -> str | None:
    """Return a secret, if there is one of that name."""
    with translated_errors():
        answers = [answer async for answer in calls.batch_get([_path(calls, name)], None)]
    count_reads(len(answers))
    found = (answer.found for answer in answers if answer.found.name)
    return next((secret_from_document(name, from_fields(each.fields)) for each in found), None)


async def create_secret(calls: Calls, name: str, value: str) -> None:
    """Write a secret; VersionConflict if there is one of that name."""
    document = Document(name=_path(calls, name), fields=to_fields(secret_to_document(value)))
    with translated_errors(conflict=CONFLICT):
        await calls.commit([Write(update=document, current_document=Precondition(exists=False))])
    count_writes(1)


def _path(calls: Calls, name: str) -> str:
    return f"{calls.root}/secrets/{name}"
