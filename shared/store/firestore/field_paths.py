"""The names of fields in other fields, as Firestore wants them quoted."""

import re

_SIMPLE = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")


def field_path(*names: str) -> str:
    """Return the path of a field in a field, quoted where a name is not simple."""
    return ".".join(map(_quoted, names))


def _quoted(name: str) -> str:
    if _SIMPLE.fullmatch(name):
        return name
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"
