"""Appointment ids, which name the doctor-day an appointment was born on."""

import re

from shared.model.day import DayKey

# A doctor's id, a date, and the random part.
_ID = re.compile(r"(?P<doctor>[A-Za-z0-9][A-Za-z0-9._-]*)\.(?P<day>[0-9]{8})\.[A-Za-z0-9]+")


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
