"""What is kept of appointments beside the doctor-days: those that have left the day of their birth.

A day holds what can stand in the way on it, so it is bounded by its minutes. An appointment that
holds no time any more is kept under the doctor whom it was with last; one that does not touch the
day of its birth leaves a pointer under the doctor of its birth.
"""

from typing import NamedTuple

from msgspec import Struct

from shared.model.appointment import Appointment
from shared.model.day import DayKey
from shared.model.patient_key import PatientKey


class ElsewhereKey(NamedTuple):
    """The name of what is kept of one appointment under one doctor."""

    doctor_id: str
    appointment_id: str


class Pointer(Struct, frozen=True):
    """Where an appointment is that has left the day of its birth, and whose it is.

    `to` is the first day that it touches or, if it ended with another doctor, the key under which
    it is kept. The owner stands here too, so that nobody else need look there to be refused.
    """

    to: DayKey | ElsewhereKey
    owner: PatientKey | None = None


Whereabouts = Appointment | Pointer
"""The appointment itself if it holds no time any more, else where it is."""
