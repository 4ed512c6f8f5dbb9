"""Documents and writes of series.

series/{series id}  doctor_id, rule, holder, created_at; appointment_ids; skipped
"""

from shared.model.series import Series
from shared.store.firestore.documents import precondition
from shared.store.firestore.messages import Message
from shared.store.firestore.values import (
    Document,
    DocumentMask,
    Precondition,
    Write,
    from_fields,
    to_fields,
)
from shared.store.series_documents import series_from_document, series_to_document


def series_name(root: str, series_id: str) -> str:
    """Return the name of a series' document."""
    return f"{root}/series/{series_id}"


def read_series(series_id: str, document: Message) -> Series | None:
    """Return the series of a document; None if there is none."""
    if not document.name:
        return None
    return series_from_document(series_id, from_fields(document.fields))


def create_series(root: str, series: Series) -> Message:
    """Write a series, if there is none of its id."""
    name, fields = series_name(root, series.id), to_fields(series_to_document(series))
    return Write(update=Document(name=name, fields=fields), current_document=precondition(None))


def erase_holder(name: str) -> Message:
    """Let the series of a document be nobody's, if it is there."""
    return Write(
        update=Document(name=name, fields=to_fields({"holder": ""})),
        update_mask=DocumentMask(field_paths=["holder"]),
        current_document=Precondition(exists=True),
    )
