"""Hold ids, which name the doctor-day on which a hold starts."""

import re

from shared.model.day import DayKey
from shared.model.ids import DAY_PART, DOCTOR_ID_PART, RANDOM_PART

# No appointment's id has `hold` there.
_ID = re.compile(rf"{DOCTOR_ID_PART}\.{DAY_PART}\.hold\.{RANDOM_PART}")


def hold_id(key: DayKey, token: str) -> str:
    """Return an id that names a doctor-day and that nobody can guess; `token` is random."""
    return f"{key.doctor_id}.{key.day:%Y%m%d}.hold.{token}"


def hold_day(hold_id: str) -> DayKey | None:
    """Return the doctor-day on which a hold starts, or None if the id is not one of ours."""
    return DayKey.in_id(_ID, hold_id)
