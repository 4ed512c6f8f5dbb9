"""Hold ids, which name the doctor-day on which a hold starts."""

import re

from shared.model.day import DayKey

# A doctor's id, a date, a part that no appointment's id has there, and the random part.
_ID = re.compile(r"(?P<doctor>[A-Za-z0-9][A-Za-z0-9._-]*)\.(?P<day>[0-9]{8})\.hold\.[A-Za-z0-9]+")


def hold_id(key: DayKey, token: str) -> str:
    """Return an id that names a doctor-day and that nobody can guess; `token` is random."""
    return f"{key.doctor_id}.{key.day:%Y%m%d}.hold.{token}"


def hold_day(hold_id: str) -> DayKey | None:
    """Return the doctor-day on which a hold starts, or None if the id is not one of ours."""
    return DayKey.in_id(_ID, hold_id)
