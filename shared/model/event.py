"""Events: what happened to an appointment, as others are to be told of it."""

from datetime import datetime
from typing import Literal, NamedTuple

from msgspec import Struct

from shared.model.appointment import Appointment
from shared.model.interval import Interval

EventType = Literal[
    "booked",
    "moved",
    "updated",
    "cancelled",
    "arrived",
    "fulfilled",
    "no_show",
    "affected",
    "reminder",
]

_RANKS = {"affected": 1, "reminder": 2}
"""Of one version, the change itself comes first."""


class Change(NamedTuple):
    """A change of an appointment: as it was, None if it is new, and as it is."""

    before: Appointment | None
    after: Appointment


class Previous(NamedTuple):
    """Where an appointment was before it was moved."""

    interval: Interval
    doctor_id: str


class Event(Struct, frozen=True):
    """Something that happened to an appointment, or a reminder of it.

    `version` is that of the appointment, `at` when it happened; a reminder happens when it is due.
    `appointment` is as it was then, None for a reminder, which tells of it as it is when it is
    sent. `detail` tells events of one version and type apart: the id of the override that affects
    the appointment, or when a reminder is due. `personal` tells that the event names a
    patient who has not been erased.
    """

    type: EventType
    appointment_id: str
    version: int
    at: datetime
    appointment: Appointment | None = None
    previous: Previous | None = None
    detail: str = ""
    personal: bool = False

    @property
    def id(self) -> str:
        """A name that no other event has; those of one appointment sort as they are to be told."""
        rank = _RANKS.get(self.type, 0)
        return f"{self.appointment_id}~{self.version:08}~{rank}{self.detail}"
