"""The doctors of a clinic file beside those of a store."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from shared.model.doctor import Doctor
from shared.model.time_zones import same_rules


def as_stored(wanted: Iterable[Doctor], stored: Mapping[str, Doctor]) -> list[Doctor]:
    """Return the wanted doctors as they will be stored: with the day shift that they have there."""
    return [replace(d, day_shift=stored.get(d.id, d).day_shift) for d in wanted]


def changes_clock(before: Doctor | None, after: Doctor) -> bool:
    """Whether a doctor's wall clock becomes another one, and does not just get another name."""
    return before is not None and not same_rules(before.zone, after.zone)


def change(before: Doctor | None, after: Doctor) -> str:
    """Say in a word what loading a doctor does."""
    if before is None:
        return "added"
    return "unchanged" if before == after else "changed"
