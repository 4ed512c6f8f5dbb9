"""The ids that a clinic file may give, and what they look like to people."""

import re

# An appointment's id is the doctor's, a date and a random part, and has at most 128 characters.
DOCTOR_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$"
DOCTOR_ID_MEANS = (
    "up to 80 letters, digits, dots, hyphens and underscores, beginning with a letter or digit"
)
SERVICE_ID = r"^[A-Za-z0-9._-]{1,128}$"
SERVICE_ID_MEANS = "1 to 128 letters, digits, dots, hyphens and underscores"

_DOCTOR_ID = re.compile(DOCTOR_ID.replace("$", r"\Z"), re.ASCII)


def may_be_a_doctors(doctor_id: str) -> bool:
    """Whether a doctor can have this id; a store may be asked about no other."""
    return _DOCTOR_ID.match(doctor_id) is not None
