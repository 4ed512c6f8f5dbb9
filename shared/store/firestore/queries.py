"""Queries of what there is now: whole answers, and the conditions that they ask for."""

from collections.abc import Collection, Sequence

from shared.store.firestore.calls import Calls
from shared.store.firestore.errors import translated_errors
from shared.store.firestore.messages import Message, message
from shared.store.firestore.values import to_value
from shared.store.usage import count_reads

_MOST_COMPARED = 30  # Of one query, with IN.

_Filter, _FieldFilter = message("StructuredQuery.Filter"), message("StructuredQuery.FieldFilter")
_Field, _Only = message("StructuredQuery.FieldReference"), message("StructuredQuery.Projection")

EQUAL, NOT_AFTER = _FieldFilter.EQUAL, _FieldFilter.LESS_THAN_OR_EQUAL
CONTAINS_ANY = _FieldFilter.ARRAY_CONTAINS_ANY

NAMES_ONLY = _Only(fields=[_Field(field_path="__name__")])


def where(field: str, operator: Message, value: object) -> Message:
    """Return the condition that a field compares so with a value."""
    asked = _FieldFilter(field=_Field(field_path=field), op=operator, value=to_value(value))
    return _Filter(field_filter=asked)


async def get(calls: Calls, names: Sequence[str], fields: Sequence[str] = ()) -> list[Message]:
    """Return those of these documents that there are, in any order, in one call.

    With `fields` they have no others. Raises StoreError.
    """
    with translated_errors():
        answers = [answer async for answer in calls.batch_get(names, None, fields)]
    count_reads(len(answers))
    return [answer.found for answer in answers if answer.found.name]


async def find(
    calls: Calls,
    parent: str,
    collection: str,
    order: Sequence[str] = ("__name__",),
    **bounds: Message,
) -> list[Message]:
    """Return the documents of a collection in order of these fields, in one query."""
    with translated_errors():
        answers = [a async for a in calls.run_query(parent, collection, None, order, **bounds)]
    found = [answer.document for answer in answers if answer.document.name]
    count_reads(max(len(found), 1))  # A query that finds nothing counts as one.
    return found


async def find_any(
    calls: Calls, collection: str, field: str, values: Collection[str], **bounds: Message
) -> list[Message]:
    """Return the documents with one of these values in a field, thirty of these in one query."""
    asked, found = sorted(set(values)), list[Message]()
    for start in range(0, len(asked), _MOST_COMPARED):
        some = where(field, _FieldFilter.IN, asked[start : start + _MOST_COMPARED])
        found += await find(calls, calls.root, collection, where=some, **bounds)
    return found
