"""The forms that several settings share."""

import re
from collections.abc import Mapping

from shared.settings.errors import SettingsError


def listed(text: str) -> tuple[str, ...]:
    """Return what commas separate, without blanks around it."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def switch(given: Mapping[str, str], name: str) -> bool:
    """Whether a setting is on; off unless it is set. Raises SettingsError for another word."""
    text = given.get(name, "off")
    if text not in {"off", "on"}:
        raise SettingsError(f'{name}: must be "off" or "on", not "{text}"')
    return text == "on"


def whole_number(name: str, text: str, least: int, most: int) -> int:
    """Return the number that a setting is. Raises SettingsError for one out of bounds, or none."""
    digits = len(str(most))
    if re.fullmatch(f"[0-9]{{1,{digits}}}", text) and least <= int(text) <= most:
        return int(text)
    raise SettingsError(f'{name}: must be a whole number from {least} to {most}, not "{text}"')
