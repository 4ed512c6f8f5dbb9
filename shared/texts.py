"""Texts of people: what they may hold, by Unicode's own tables.

They end up in e-mails, in calendars and on screens. So they are trimmed, an empty one counts as
absent, and no character may break a line, reverse the text around it, or be there without a trace.
"""

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from email_validator import ValidatedEmail

_JOINERS = "\u200c\u200d"  # Persian, Hindi and many emoji are not written without them.
_DIRECTION_MARKS = {0x200E: None, 0x200F: None}  # Copied along with a text, unseen.
_CONTROLS = {"Cc", "Cf", "Zl", "Zp"}
_ASCII_TO_SEE = re.compile("[!-~]")
FEWEST_DIGITS, MOST_DIGITS = 5, 15  # ITU-T E.164 allows 15; without an area code there are few.


def _one_line(value: Any) -> Any:  # noqa: ANN401 - what a client sent, of any type
    """Return a text trimmed; it must be a single line."""
    return _without_controls(_trimmed(value), _JOINERS) if isinstance(value, str) else value


def _lines(value: Any) -> Any:  # noqa: ANN401 - the same
    """Return a text trimmed, with a line feed for every line break and a blank for a tab."""
    if not isinstance(value, str):
        return value
    text = re.sub("\r\n?", "\n", _trimmed(value)).replace("\t", " ")
    return _without_controls(text, _JOINERS + "\n\u2028\u2029")


def _trimmed(text: str) -> str:
    return text.translate(_DIRECTION_MARKS).strip()


def _without_controls(text: str, allowed: str) -> str:
    """Return the text itself, or refuse it: PydanticCustomError `control_character`."""
    if text.isprintable():  # True only where there is none; much faster than to look at each.
        return text
    for character in text:
        if unicodedata.category(character) in _CONTROLS and character not in allowed:
            message = "must not contain control or format characters such as {code}"
            code = f"U+{ord(character):04X}"
            raise PydanticCustomError("control_character", message, {"code": code})
    return text


def _absent_if_empty(value: Any) -> Any:  # noqa: ANN401 - the same
    return None if value == "" else value


def _required(value: Any) -> Any:  # noqa: ANN401 - the same
    if value == "":
        raise PydanticCustomError("missing", "is required")
    return value


def _visible(text: str) -> str:
    if _ASCII_TO_SEE.search(text) or _to_see().search(text):
        return text
    raise PydanticCustomError("invisible", "must have a character that can be seen")


@cache
def _to_see() -> Any:  # noqa: ANN401 - a pattern of `regex`
    """Return a pattern that finds a character that can be seen.

    It knows Hangul fillers, which are letters to `unicodedata`, and U+2800, which is a symbol.
    """
    import regex  # noqa: PLC0415 - takes 20 ms, and names with any ASCII do not need it

    return regex.compile(r"[^\p{C}\p{Z}\p{M}\p{Default_Ignorable_Code_Point}\u2800]")


def email_address(text: str, *, allow_name: bool = False) -> "ValidatedEmail":
    """Return the parts of an e-mail address, which may stand behind a name.

    Only its form is checked. Raises EmailNotValidError, a ValueError.
    """
    import email_validator  # noqa: PLC0415 - see below

    # Names such as `clinic.local` are well-formed, and only their networks know who has mail there.
    email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()
    return email_validator.validate_email(
        text, check_deliverability=False, allow_display_name=allow_name
    )


def _email(text: str) -> str:
    """Return an e-mail address in its normal form."""
    import email_validator  # noqa: PLC0415 - takes 40 ms, and many requests have no address

    try:
        return email_address(text).normalized
    except email_validator.EmailNotValidError as error:
        message = "must be an e-mail address, but: {cause}"
        raise PydanticCustomError("email", message, {"cause": str(error)}) from None


def _phone(text: str) -> str:
    """Return a telephone number with ASCII digits, and otherwise as it is."""
    if FEWEST_DIGITS <= sum(map(str.isdecimal, text)) <= MOST_DIGITS:
        return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    message = f"must be a telephone number, with {FEWEST_DIGITS} to {MOST_DIGITS} digits"
    raise PydanticCustomError("phone", message)


Name = Annotated[
    str,
    Field(min_length=1, max_length=200),
    AfterValidator(_visible),
    BeforeValidator(lambda value: _required(_one_line(value))),
]
Email = Annotated[
    Annotated[str, Field(max_length=254), AfterValidator(_email)] | None,
    BeforeValidator(lambda value: _absent_if_empty(_one_line(value))),
]
Phone = Annotated[
    Annotated[
        str,
        Field(max_length=50, description="5 to 15 digits of any script"),
        AfterValidator(_phone),
    ]
    | None,
    BeforeValidator(lambda value: _absent_if_empty(_one_line(value))),
]
Reason = Annotated[
    Annotated[str, Field(max_length=1000)] | None,
    BeforeValidator(lambda value: _absent_if_empty(_lines(value))),
]
