"""Print the descriptors of Firestore's messages, as a module: `make messages`.

They are taken from the installed library: what the store's calls send and receive, with all that
this consists of.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from google.cloud.firestore_v1 import types
from google.protobuf.descriptor_pb2 import (  # type: ignore[import-untyped]
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
)

CALLS = ("BatchGetDocuments", "Commit", "RunAggregationQuery", "RunQuery")
_MESSAGES = tuple(call + part for call in CALLS for part in ("Request", "Response"))
_WIDTH = 88

Descriptor = Any
"""Of a message or an enumeration: these have no types."""

HEAD = '''"""The descriptors of Firestore's messages, one file for each package: `make messages`.

This is a copy out of google-cloud-firestore, made by vendoring/firestore_descriptors.py.
"""

FILES = (
'''


def module() -> str:
    """Return the source of the module."""
    lines = "".join(map(_literal, files()))
    return f"{HEAD}{lines})\n"


def files() -> list[bytes]:
    """Return a serialized file for each package, after those that it needs."""
    found = dict[str, Descriptor]()
    for name in _MESSAGES:
        _add(getattr(types, name).pb().DESCRIPTOR, found)
    # In this order, which is also that of the alphabet from its end, none needs a later one.
    packages = sorted({_package(each) for each in found.values()}, reverse=True)
    return [_file(package, packages[:place], found) for place, package in enumerate(packages)]


def _file(package: str, needed: Iterable[str], found: dict[str, Descriptor]) -> bytes:
    file = FileDescriptorProto(name=package, package=package, syntax="proto3", dependency=needed)
    for name in sorted(found):
        if _package(found[name]) == package:
            is_message = hasattr(found[name], "fields")
            made = (DescriptorProto if is_message else EnumDescriptorProto)()
            found[name].CopyToProto(made)
            (file.message_type if is_message else file.enum_type).append(made)
    serialized: bytes = file.SerializeToString(deterministic=True)
    return serialized


def _add(descriptor: Descriptor, found: dict[str, Descriptor]) -> None:
    """Add the outermost type that a type is in, and the types of all fields in it."""
    while descriptor.containing_type:
        descriptor = descriptor.containing_type
    if descriptor.full_name not in found:
        found[descriptor.full_name] = descriptor
        for needed in _needed(descriptor):
            _add(needed, found)


def _needed(descriptor: Descriptor) -> Iterator[Descriptor]:
    for field in getattr(descriptor, "fields", ()):
        if field.message_type or field.enum_type:
            yield field.message_type or field.enum_type
    for nested in getattr(descriptor, "nested_types", ()):
        yield from _needed(nested)


def _package(descriptor: Descriptor) -> str:
    return str(descriptor.file.package)


def _literal(file: bytes) -> str:
    """Return a file as literals below each other, as the formatter would leave them."""
    lines = [""]
    for character in map(_character, file):
        if len(lines[-1]) + len(character) > _WIDTH:
            lines.append("")
        lines[-1] += character
    return "".join(["    (\n", *(f'        b"{line}"\n' for line in lines), "    ),\n"])


def _character(byte: int) -> str:
    character = chr(byte)
    plain = character.isascii() and character.isprintable() and character not in '"\\'
    return character if plain else f"\\x{byte:02x}"


if __name__ == "__main__":
    print(module(), end="")  # noqa: T201 - the module
