"""Doctors and the hours they work by the week."""

from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct


class WorkingHours(NamedTuple):
    """One stretch of a working day, in minutes of the wall clock since midnight.

    `0 <= opens < closes <= 1440`; 1440 is the midnight that ends the day.
    """

    opens: int
    closes: int


class Doctor(Struct, frozen=True):
    """A doctor, and the hours worked in every week of the year.

    `week` holds the stretches of each weekday, Monday first, ordered and not overlapping.
    """

    id: str
    name: str
    zone: ZoneInfo
    week: tuple[tuple[WorkingHours, ...], ...]
