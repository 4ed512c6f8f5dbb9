"""Doctors and the hours they work by the week."""

from datetime import timedelta
from functools import cached_property
from typing import Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEK: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class WorkingHours(NamedTuple):
    """One stretch of a working day, in minutes of the wall clock since midnight.

    `0 <= opens < closes <= 1440`; 1440 is the midnight that ends the day. A tuple, because the
    working windows of a day are remembered by it and a tuple hashes fastest.
    """

    opens: int
    closes: int


class Doctor(Struct, frozen=True, dict=True, cache_hash=True):
    """A doctor and the hours worked every week.

    `week` holds the stretches of each weekday, Monday first, in order and without overlaps.
    `day_shift` is what is added to an instant before its UTC date names the doctor-day. Stores
    keep the one that a doctor was first stored with, whatever becomes of the zone: every instance
    must always find the same day. `services` are the ids of those offered, None for all of the
    clinic's. Who is `retired` is not offered and not bookable; what is booked stays.
    """

    id: str
    name: str
    zone: ZoneInfo
    week: tuple[tuple[WorkingHours, ...], ...]
    day_shift: timedelta = timedelta()
    services: frozenset[str] | None = None
    retired: bool = False

    def offers(self, service_id: str) -> bool:
        """Whether the doctor offers a service of the clinic."""
        return self.services is None or service_id in self.services

    def weekly_hours(self) -> dict[WorkingHours, list[Weekday]]:
        """Return each stretch of work once, with the weekdays on which it is worked."""
        worked: dict[WorkingHours, list[Weekday]] = {}
        for day, stretches in zip(WEEK, self.week, strict=True):
            for hours in stretches:
                worked.setdefault(hours, []).append(day)
        return worked

    @cached_property
    def without_name(self) -> Self:
        """The same hours of nobody: what is remembered by it serves all who work them."""
        return replace(self, id="", name="", services=None, retired=False)
