"""Documents and writes of overrides.

doctors/{doctor_id}/overrides/{override id}  type, start, end, created_at; note; deleted_at

`start` is a timestamp, because queries read it; the other instants are texts.
"""

from shared.model.override import Override, OverrideKey
from shared.store.firestore.documents import precondition
from shared.store.firestore.messages import Message
from shared.store.firestore.values import Document, DocumentMask, Write, from_fields, to_fields
from shared.store.override_documents import override_from_document, override_to_document
from shared.store.port import OverrideWrite, Stored


def override_name(root: str, key: OverrideKey) -> str:
    """Return the name of an override's document."""
    return f"{root}/doctors/{key.doctor_id}/overrides/{key.override_id}"


def read_override(key: OverrideKey, document: Message) -> Stored[Override | None]:
    """Return the override of a document; None if there is none."""
    if not document.name:
        return Stored(None, None)
    return Stored(override_of(key, document), document.update_time.ToNanoseconds())


def override_of(key: OverrideKey, document: Message) -> Override:
    """Return the override of a document that there is."""
    values = from_fields(document.fields)
    return override_from_document(key, {**values, "start": values["start"].isoformat()})


def write_override(root: str, write: OverrideWrite) -> Message:
    """Write the fields that this version knows, and keep others, of a newer one; or delete all."""
    override, as_read = write.override, precondition(write.replaced)
    name = override_name(root, override.key)
    if write.forgotten:
        return Write(delete=name, current_document=as_read)
    values = {**override_to_document(override), "start": override.interval.start}
    return Write(
        update=Document(name=name, fields=to_fields(values)),
        update_mask=DocumentMask(field_paths=list(values)),
        current_document=as_read,
    )
