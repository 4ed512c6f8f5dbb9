"""Overrides: when a doctor's calendar differs from the week."""

import re
from datetime import datetime
from typing import Literal, NamedTuple

from msgspec import Struct

from shared.model.ids import DOCTOR_ID_PART, RANDOM_PART
from shared.model.interval import Interval

OverrideKind = Literal["time_off", "extra_hours"]

# No appointment's id has `override` there.
_ID = re.compile(rf"{DOCTOR_ID_PART}\.override\.{RANDOM_PART}")


class OverrideKey(NamedTuple):
    """The name of an override: its doctor and its id."""

    doctor_id: str
    override_id: str


class OverrideEntry(Struct, frozen=True):
    """What a doctor-day knows of an override that touches it."""

    id: str
    kind: OverrideKind
    interval: Interval


class Override(Struct, frozen=True):
    """A time at which a doctor is away, or works though the week does not say so.

    `note` is for the clinic and never shown to patients. Once it is deleted it changes nothing.
    """

    id: str
    doctor_id: str
    kind: OverrideKind
    interval: Interval
    created_at: datetime
    note: str | None = None
    deleted_at: datetime | None = None

    @property
    def key(self) -> OverrideKey:
        """Its name."""
        return OverrideKey(self.doctor_id, self.id)

    @property
    def entry(self) -> OverrideEntry:
        """What stands in the doctor-days that it touches."""
        return OverrideEntry(self.id, self.kind, self.interval)

    @property
    def position(self) -> tuple[datetime, str]:
        """The sort key of every list: start, then id."""
        return (self.interval.start, self.id)


def override_id(doctor_id: str, token: str) -> str:
    """Return an id that names the doctor and that nobody can guess; `token` is random."""
    return f"{doctor_id}.override.{token}"


def override_key(override_id: str) -> OverrideKey | None:
    """Return the key of an override's id, or None if it is not one of ours."""
    parts = _ID.fullmatch(override_id)
    return parts and OverrideKey(parts["doctor"], override_id)
