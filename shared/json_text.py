"""JSON as it arrives: what its standard leaves open, and what editors add to it."""

import json
from collections.abc import Iterator
from typing import Any

from shared.validation import place


class _NamedTwice(Exception):
    """An object names a member twice."""


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) < len(pairs):
        raise _NamedTwice


class _Members(tuple[tuple[str, Any], ...]):
    """An object as it was written: its members in order, also those of one name."""

    __slots__ = ()


# Numbers stay texts: their values do not matter, and Python refuses to convert very long ones.
_look = json.JSONDecoder(object_pairs_hook=_each_once, parse_int=str, parse_float=str).decode
_read = json.JSONDecoder(object_pairs_hook=_Members, parse_int=str, parse_float=str).decode


def repeated_member(text: bytes) -> str | None:
    """Return the place of a member that an object names twice, or None.

    RFC 8259 leaves open what that means, and parsers take one of the two without a word. The text
    must be JSON.
    """
    try:
        _look(text.decode())
    except _NamedTwice:
        return place(next(_repeated(_read(text.decode()), ())))
    return None


def _repeated(value: object, location: tuple[int | str, ...]) -> Iterator[tuple[int | str, ...]]:
    """Yield the places of members whose object has named them before."""
    if isinstance(value, _Members):
        seen = set[str]()
        for name, inner in value:
            if name in seen:
                yield (*location, name)
            seen.add(name)
            yield from _repeated(inner, (*location, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _repeated(inner, (*location, index))
