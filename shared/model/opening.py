"""Openings: times that could be booked."""

from msgspec import Struct

from shared.model.doctor import Doctor
from shared.model.interval import Interval


class Opening(Struct, frozen=True):
    """A time that could be booked with a doctor; computed, never stored."""

    doctor: Doctor
    interval: Interval
