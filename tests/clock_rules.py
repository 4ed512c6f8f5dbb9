"""Time-zone data in which a zone has other rules."""

from importlib import resources
from zoneinfo import ZoneInfo


def with_rules_of(other: str, name: str) -> ZoneInfo:
    """The zone of this name, after a government has given it the rules of another one."""
    with resources.files("tzdata.zoneinfo").joinpath(other).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)
