"""Links to calendars as documents: `calendar_links/{doctor_id}`."""

from shared.store.firestore.calls import Calls
from shared.store.firestore.documents import precondition
from shared.store.firestore.errors import CONFLICT, translated_errors
from shared.store.firestore.queries import get
from shared.store.firestore.values import Document, DocumentMask, Write, from_fields, to_fields
from shared.store.link_documents import link_from_document, link_to_document
from shared.store.port import Stored, Version, VersionConflict
from shared.store.usage import count_writes


async def read_link(calls: Calls, doctor_id: str) -> Stored[str | None]:
    """Return the secret of a doctor's link, and its version."""
    found = await get(calls, [_name(calls, doctor_id)])
    if not found:
        return Stored(None, None)
    secret = link_from_document(doctor_id, from_fields(found[0].fields))
    return Stored(secret, found[0].update_time.ToNanoseconds())


async def replace_link(calls: Calls, doctor_id: str, replaced: str | None, secret: str) -> str:
    """Write a secret in the place of another one or of none; return the one that is there then."""
    while (found := await read_link(calls, doctor_id)).value in (None, replaced):
        try:
            await _write_link(calls, doctor_id, secret, found.version)
        except VersionConflict:
            continue  # Another instance was first.
        return secret
    return found.value or secret


async def _write_link(calls: Calls, doctor_id: str, secret: str, read: Version | None) -> None:
    values = link_to_document(secret)
    write = Write(
        update=Document(name=_name(calls, doctor_id), fields=to_fields(values)),
        update_mask=DocumentMask(field_paths=list(values)),
        current_document=precondition(read),
    )
    with translated_errors(conflict=CONFLICT):
        await calls.commit([write])
    count_writes(1)


def _name(calls: Calls, doctor_id: str) -> str:
    return f"{calls.root}/calendar_links/{doctor_id}"
