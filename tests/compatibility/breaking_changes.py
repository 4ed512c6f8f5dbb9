"""What of a change of the OpenAPI document breaks apps that were made for the document before it.

A document promises what must stay, and demands what must not become more. What is new altogether, a
function as well as an optional field, breaks nothing.
"""

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

Json = Mapping[str, Any]

_PREFIX = "#/components/schemas/"
_SUCCESSES = ("200", "201", "304")

# Which limits are at least as generous as one before.
_LIMITS: Mapping[str, Callable[[Any, Any], bool]] = {
    "minLength": operator.le,
    "minimum": operator.le,
    "minItems": operator.le,
    "maxLength": operator.ge,
    "maximum": operator.ge,
    "maxItems": operator.ge,
    "pattern": operator.eq,
}


class Promise(NamedTuple):
    """What apps rely on; `of` is a function, its parameter, an object or its property."""

    of: str
    text: str


class Demand(NamedTuple):
    """What requests must keep to; `limit` is a keyword of JSON Schema or says what is needed."""

    of: str
    limit: str
    value: Any = True


def breaking_changes(old: Json, new: Json) -> list[str]:
    """Return what breaks apps that know `old`, each in a few words; nothing, if nothing does."""
    promised = {*_promises(old)}
    known = {promise.of for promise in promised}
    before = {(of, limit): value for of, limit, value in _demands(old)}
    gone = [f"gone: {of}: {text}" for of, text in promised - {*_promises(new)}]
    more = [
        f"demanded: {of}: {limit} {value}"
        for of, limit, value in _demands(new)
        if of in known and not _is_generous(limit, value, before.get((of, limit)))
    ]
    return sorted({*gone, *more})


def _is_generous(limit: str, value: object, before: object) -> bool:
    allows: Callable[[Any, Any], bool] = _LIMITS.get(limit, operator.eq)
    return before is not None and allows(value, before)


def _promises(document: Json) -> Iterator[Promise]:
    for of, operation in _operations(document):
        yield Promise(of, f"{operation['operationId']} of {operation['tags'][0]}")
        for way in operation["security"]:
            yield Promise(of, f"is open to {' and '.join(way) or 'everybody'}")
        for parameter in operation.get("parameters", []):
            yield from _taken(f"{of} {parameter['in']} {parameter['name']}", parameter["schema"])
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            yield Promise(of, f"takes {_type(content['schema'])} as {kind}")
        yield from _answers(document, of, operation["responses"])
    asked, answered = _used(document)
    for name in asked:
        yield from _taken(name, _schema(document, name))
        for key, field in _schema(document, name).get("properties", {}).items():
            yield from _taken(f"{name}.{key}", field)
    for name in answered:
        yield from _given(name, _schema(document, name))


def _answers(document: Json, of: str, responses: Json) -> Iterator[Promise]:
    yield Promise(of, f"succeeds with {', '.join(s for s in responses if s in _SUCCESSES)}")
    refusals = set()
    for status, response in responses.items():
        found = _resolved(document, response)
        content = {
            f"{_type(content['schema'])} as {kind}"
            for kind, content in found.get("content", {}).items()
        }
        if status not in _SUCCESSES:
            refusals |= content
            continue
        for each in content:
            yield Promise(of, f"answers {status} with {each}")
        for header in found["headers"]:
            yield Promise(of, f"answers {status} with the header {header}")
    yield Promise(of, f"refuses with {', '.join(sorted(refusals))}")


def _taken(of: str, schema: Json) -> Iterator[Promise]:
    """What a value of a request may be."""
    yield Promise(of, f"takes {_type(schema)}")
    if schema.get("nullable"):
        yield Promise(of, "takes null")
    for value in schema.get("enum", []):
        yield Promise(of, f"takes {value}")


def _given(name: str, schema: Json) -> Iterator[Promise]:
    """What an object of an answer, or an enumeration, has."""
    if "enum" in schema:
        yield Promise(name, f"is one of {', '.join(schema['enum'])}")
    for key, field in schema.get("properties", {}).items():
        of = f"{name}.{key}"
        yield Promise(of, f"is {_type(field)}")
        if key in schema.get("required", []):
            yield Promise(of, "is always there")
        if not field.get("nullable"):
            yield Promise(of, "is never null")


def _demands(document: Json) -> Iterator[Demand]:
    for of, operation in _operations(document):
        for parameter in operation.get("parameters", []):
            name = f"{parameter['in']} {parameter['name']}"
            if parameter.get("required"):
                yield Demand(of, f"needs {name}")
            yield from _limits(f"{of} {name}", parameter["schema"])
    for name in _used(document)[0]:
        schema = _schema(document, name)
        for key in schema.get("required", []):
            yield Demand(name, f"needs {key}")
        for key, field in schema.get("properties", {}).items():
            yield from _limits(f"{name}.{key}", field)


def _limits(of: str, schema: Json) -> Iterator[Demand]:
    yield from (Demand(of, limit, schema[limit]) for limit in _LIMITS if limit in schema)
    if "items" in schema:
        yield from _limits(of, schema["items"])


def _type(schema: Json) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_PREFIX)
    if "items" in schema:
        return f"a list of {_type(schema['items'])}"
    return " ".join(schema[key] for key in ("type", "format") if key in schema)


def _operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def _used(document: Json) -> tuple[list[str], list[str]]:
    """The names of the schemas in requests, and of those in answers."""
    asked: dict[str, None] = {}
    answered: dict[str, None] = {}
    shared: dict[str, Json] = {}
    for _, operation in _operations(document):
        for part in (operation.get("requestBody", {}), operation.get("parameters", [])):
            _add_names(document, part, asked)
        for response in operation["responses"].values():
            if "$ref" in response:
                shared[response["$ref"]] = response
            else:
                _add_names(document, response, answered)
    for response in shared.values():  # Each once: nearly all functions refer to them.
        _add_names(document, _resolved(document, response), answered)
    return [*asked], [*answered]


def _add_names(document: Json, part: object, found: dict[str, None]) -> None:
    """Add the names of the schemas that a part of the document refers to, and theirs in turn."""
    if isinstance(part, list):
        for value in part:
            _add_names(document, value, found)
    elif isinstance(part, dict):
        ref = str(part.get("$ref", ""))
        name = ref.removeprefix(_PREFIX)
        if ref.startswith(_PREFIX) and name not in found:
            found[name] = None
            _add_names(document, _schema(document, name), found)
        _add_names(document, [*part.values()], found)


def _schema(document: Json, name: str) -> Json:
    schema: Json = document["components"]["schemas"][name]
    return schema


def _resolved(document: Json, response: Json) -> Json:
    """A response, also where it stands among those that are shared."""
    if "$ref" not in response:
        return response
    shared: Json = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    return shared
