"""What is wrong with an input, in words that help people to mend it."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from msgspec import Struct
from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError, core_schema

LONGEST_SHOWN = 200
_SUBJECT = re.compile(r"^(Input|String|List|Value) should ")


class TextForm(Struct, frozen=True):
    """Annotates a text of a certain form: `pattern` for machines, `meaning` for people."""

    pattern: str
    meaning: str

    def __get_pydantic_core_schema__(
        self, source: type, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "pattern": self.pattern}

    def _checked(self, text: str) -> str:
        # In JSON Schema `$` is the very end; in Python it also matches before a last newline.
        if re.search(self.pattern.replace("$", r"\Z"), text, re.ASCII):
            return text
        raise PydanticCustomError("string_pattern_mismatch", f"must be {self.meaning}")


def shown(text: str) -> str:
    """Return a text of a caller as sentences repeat it: its beginning, on one line.

    What cannot be printed, such as a control character or one that turns the text around it, is
    written as Python does: it could make the sentence say something else.
    """
    beginning = text[:LONGEST_SHOWN]
    if not beginning.isprintable():
        beginning = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in beginning)
    return beginning[:LONGEST_SHOWN]


def place(location: Sequence[int | str]) -> str:
    """Return a place in a document as people write it: `doctors[0].id`."""
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in location).lstrip(".")


def message(detail: ErrorDetails, model: type[BaseModel]) -> str:
    """Return what is wrong with one field of a model, in lower case, and what would be right."""
    if detail["type"] == "extra_forbidden":
        return unknown_name(str(detail["loc"][-1]), _model_at(detail["loc"][:-1], model))
    if detail["msg"] == "Field required":
        return "is required"
    text = _SUBJECT.sub("must ", detail["msg"]).removeprefix("Value error, ")
    text = text.replace(" after validation", "")  # Pydantic's words about too few.
    return text[:1].lower() + text[1:]


def unknown_name(name: str, model: type[BaseModel]) -> str:
    """Return that a model has no field of this name, and which one may be meant."""
    known = list(model.model_fields)
    near = most_like(name, known)
    others = f"use one of {', '.join(known)}" if known else "there are none here"
    hint = f'did you mean "{near}"?' if near else others
    return f"is not a known name; {hint}"


def most_like(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that another one is probably meant to be, or None."""
    return next(iter(get_close_matches(name, known, n=1)), None)


def _model_at(location: Sequence[int | str], model: type[BaseModel]) -> type[BaseModel]:
    """Return the model of the object at a place in a document of another model."""
    for part in location:
        if isinstance(part, str):
            annotation: Any = model.model_fields[part].annotation
            model = getattr(annotation, "__args__", (annotation,))[0]
    return model
