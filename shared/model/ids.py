"""What new ids consist of beside the doctor's and a date."""

import secrets


def random_part() -> str:
    """Return the part of a new id that nobody can guess."""
    return secrets.token_hex(12)
