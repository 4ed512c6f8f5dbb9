"""Examples of answers: of JSON, put together from those of their properties."""

from collections.abc import Mapping
from typing import Any

Schemas = Mapping[str, Mapping[str, Any]]

# What is seldom there is not shown, but for what most clients look for.
_SHOWN = frozenset({"account", "reason", "email", "phone", "duration_minutes"})

CALENDAR_FILE = (
    "BEGIN:VCALENDAR\r\n"
    "VERSION:2.0\r\n"
    "PRODID:-//Appointments//EN\r\n"
    "BEGIN:VEVENT\r\n"
    "SUMMARY:Check-up\\, Doctor Strange\r\n"
    "DTSTART:20300107T090000Z\r\n"
    "DTEND:20300107T093000Z\r\n"
    "DTSTAMP:20291220T101500Z\r\n"
    "UID:strange.20300107.5b0ddbd6b5e27a1cb2b6e3f4\r\n"
    "SEQUENCE:0\r\n"
    "STATUS:CONFIRMED\r\n"
    "END:VEVENT\r\n"
    "END:VCALENDAR\r\n"
)


def example_of(schema: Mapping[str, Any], schemas: Schemas) -> Any:  # noqa: ANN401 - JSON values
    """Return an example of a schema: of an object, what every one has and what most have.

    That of a list of objects may say what differs in them from what most have.
    """
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "properties" in schema:
        required = schema.get("required", ())
        return {
            name: example_of(field, schemas)
            for name, field in schema["properties"].items()
            if name in required or name in _SHOWN
        }
    example = schema.get("example")
    if "$ref" in schema.get("items", {}) and not isinstance(example, list):
        return [example_of(schema["items"], schemas) | (example or {})]
    return schema["enum"][0] if "enum" in schema else example
