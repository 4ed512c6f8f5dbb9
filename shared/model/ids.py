"""The parts of ids that name a doctor, as patterns; and the random part of a new one."""

import secrets

DOCTOR_ID_PART = r"(?P<doctor>[A-Za-z0-9][A-Za-z0-9._-]*)"
DAY_PART = r"(?P<day>[0-9]{8})"
RANDOM_PART = "[A-Za-z0-9]+"


def random_part() -> str:
    """Return the part of a new id that nobody can guess."""
    return secrets.token_hex(12)
