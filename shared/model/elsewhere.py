"""What is kept of appointments beside the doctor-days: those that have left the day of their birth.

A day holds what can stand in the way on it, so it is bounded by its minutes. An appointment that
holds no time any more is kept under the doctor whom it was with last; one that does not touch the
day of its birth leaves a pointer under the doctor of its birth.
"""

from typing import NamedTuple

from shared.model.appointment import Appointment
from shared.model.day import DayKey


class ElsewhereKey(NamedTuple):
    """The name of what is kept of one appointment under one doctor."""

    doctor_id: str
    appointment_id: str


Whereabouts = Appointment | DayKey | ElsewhereKey
"""The appointment itself if it holds no time any more, else the first day that it touches.

Or, if it ended with another doctor, the key under which it is kept.
"""
