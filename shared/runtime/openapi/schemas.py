"""The models of requests and responses as schemas of OpenAPI 3.0, as generators of clients like it.

Not of 3.1, because the most used generator calls its support of that a beta, with a warning. Enums
have names, so that generators need not make some up; a field that may be left out has no default
in a body, because some generators then ask for it; and each property has a meaning and an example.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.http.schemas.create_series import IfUnavailable
from shared.model.appointment import AppointmentStatus, Mark
from shared.model.doctor import Weekday
from shared.model.override import OverrideKind
from shared.rules.allowed_starts import Rule
from shared.runtime.openapi.examples import example_of
from shared.runtime.openapi.glossary import GLOSSARY, Word

Json = dict[str, Any]
Used = tuple[type[BaseModel], Literal["validation", "serialization"]]

_PREFIX = "#/components/schemas/"
_SUFFIXES = ("Response", "Request")

ENUMS: Mapping[str, tuple[Any, str]] = {
    "AppointmentStatus": (AppointmentStatus, "the state of an appointment"),
    "AppointmentMark": (Mark, "what happened at the clinic"),
    "BookingRule": (Rule, "a rule that doctors and staff may break"),
    "IfUnavailable": (
        get_args(IfUnavailable)[0],
        "whether a series is booked as a whole or not at all, or without what is not free",
    ),
    "ListedStatus": (Literal["booked", "all"], "which appointments are listed"),
    "OverrideKind": (OverrideKind, "what an override does to the week"),
    "Weekday": (Weekday, "a day of the week"),
}
"""The types of which there will be no other values, and what they mean."""

_ENUM_NAMES = {frozenset(get_args(kind)): name for name, (kind, _) in ENUMS.items()}


def name_of(model: type[BaseModel]) -> str:
    """Return what the document calls a model."""
    return _shortened(model.__name__)


def reference(name: str) -> Json:
    """Return a reference to the schema of this name."""
    return {"$ref": _PREFIX + name}


def component_schemas(
    bodies: Iterable[type[BaseModel]], answers: Iterable[type[BaseModel]]
) -> dict[str, Json]:
    """Return the schemas of these models and of what is in them, by name."""
    asked: list[Used] = [(model, "validation") for model in dict.fromkeys(bodies)]
    answered: list[Used] = [(model, "serialization") for model in dict.fromkeys(answers)]
    _, both = models_json_schema([*asked, *answered], ref_template=_PREFIX + "{model}")
    models = {_shortened(name): schema for name, schema in both["$defs"].items()}
    enums = {
        name: {"type": "string", "enum": list(get_args(kind)), "description": meaning}
        for name, (kind, meaning) in ENUMS.items()
    }
    answers_have = _names_in(answered)
    found = {
        name: _object(name, schema, nullable=name not in answers_have)
        for name, schema in models.items()
    }
    return _with_examples(dict(sorted((found | enums).items())))


def _with_examples(schemas: dict[str, Json]) -> dict[str, Json]:
    """Return the same schemas, each with an example, and lists of them, too."""
    for schema in schemas.values():
        for field in schema.get("properties", {}).values():
            if "items" in field:
                field["example"] = example_of(field, schemas)
    return {name: s | {"example": example_of(s, schemas)} for name, s in schemas.items()}


def parameter_schema(schema: Json) -> Json:
    """Return the schema of a query parameter: it may be left out, but it is never null."""
    simple = _simplified(schema)
    simple.pop("nullable", None)
    return simple


def _names_in(models: Iterable[Used]) -> set[str]:
    _, found = models_json_schema(list(models), ref_template=_PREFIX + "{model}")
    return {_shortened(name) for name in found["$defs"]}


def _object(name: str, schema: Json, *, nullable: bool) -> Json:
    """Return the schema of an object; `nullable`: what may be left out of it may also be null."""
    required = schema.get("required", [])
    described: Json = {"type": "object", "description": _one_line(schema["description"])}
    if required:
        described["required"] = required
    properties = schema.get("properties", {})
    described["properties"] = {
        key: _property(f"{name}.{key}", key, field, keeps_null=nullable or key in required)
        for key, field in properties.items()
    }
    if schema.get("additionalProperties") is False:
        described["additionalProperties"] = False
    return described


def _property(path: str, key: str, field: Json, *, keeps_null: bool) -> Json:
    simple = _simplified(field)
    simple.pop("default", None)
    if not keeps_null:
        simple.pop("nullable", None)
    if "$ref" in simple:
        return simple
    word = GLOSSARY.get(path) or GLOSSARY.get(key) or Word("", None)
    simple.setdefault("description", word.meaning)
    if word.values:
        simple.pop("enum", None)
        simple["x-extensible-enum"] = list(word.values)
    simple["example"] = word.example
    return simple


def _simplified(schema: Json) -> Json:
    """Return a schema of pydantic's as OpenAPI 3.0 writes it, without titles."""
    left = {
        key: value for key, value in schema.items() if key not in ("title", "examples", "anyOf")
    }
    choices = schema.get("anyOf", [])
    for choice in choices:
        if choice.get("type") == "null":
            left["nullable"] = True
        else:
            left = _simplified(choice) | left
    if left.get("default", "") is None:
        del left["default"]
    if "items" in left:
        left["items"] = _simplified(left["items"])
    if enum := left.get("enum"):
        return reference(_ENUM_NAMES[frozenset(enum)]) if frozenset(enum) in _ENUM_NAMES else left
    if "$ref" in left:  # Beside a reference OpenAPI 3.0 takes nothing.
        return reference(_shortened(left["$ref"].removeprefix(_PREFIX)))
    return left


def _shortened(name: str) -> str:
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def _one_line(text: str) -> str:
    return " ".join(text.split())
