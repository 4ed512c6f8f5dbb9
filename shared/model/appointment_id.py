"""Appointment ids, which name the doctor-day an appointment was born on."""

import re

from shared.model.day import DayKey
from shared.model.ids import DAY_PART, DOCTOR_ID_PART, RANDOM_PART

_ID = re.compile(rf"{DOCTOR_ID_PART}\.{DAY_PART}\.{RANDOM_PART}")


def appointment_id(key: DayKey, token: str) -> str:
    """Return an id that names the birth day and that nobody can guess.

    `token` is random and consists of letters and digits.
    """
    return f"{key.doctor_id}.{key.day:%Y%m%d}.{token}"


def home_day(appointment_id: str) -> DayKey | None:
    """Return the doctor-day an appointment was born on, or None if the id is not one of ours.

    The appointment is on that day, or its doctor's `elsewhere` tells where it is.
    """
    return DayKey.in_id(_ID, appointment_id)
