"""Who the clients are: staff, and patients with an account; the tokens that say so, and limits.

The tokens are those of Firebase's emulator, which nobody signs: so no emulator needs to run.
"""

import time
from collections.abc import Mapping
from functools import cache

from msgspec.structs import force_setattr

from shared.model.patient_key import PatientKey, patient_key
from shared.rules.limits import LIMITS
from tests.access.issuing import unsigned
from tests.ports import HOST
from tests.proof.history import Allowed

PROJECT = "demo-proof"
ISSUER = f"https://securetoken.google.com/{PROJECT}"
SETTINGS: Mapping[str, str] = {
    "AUTH": "firebase",
    "GOOGLE_CLOUD_PROJECT": PROJECT,
    "FIREBASE_AUTH_EMULATOR_HOST": f"{HOST}:9",
    "RATE_PER_CALLER": "0",
}
"""Every token counts that names this project; and nobody counts requests."""

ALLOWED = Allowed(booked=6, changes=16)
"""What the patients of a round may do: so little that some meet it."""

HOURS_OF_A_TOKEN = 12
"""Before now, and after it: a whole day, so that it counts by every clock of a run."""


def lower_limits() -> None:
    """Let patients do only what is `ALLOWED`, in this process."""
    force_setattr(LIMITS, "open_appointments", int(ALLOWED.booked))
    force_setattr(LIMITS, "changes_per_day", int(ALLOWED.changes))


@cache
def signed_in(subject: str | None) -> Mapping[str, str]:
    """The headers of a patient, or of staff."""
    now, hours = int(time.time()), HOURS_OF_A_TOKEN * 3600
    claims = {
        "iss": ISSUER,
        "aud": PROJECT,
        "sub": subject or "front-desk",
        **({} if subject else {"role": "staff"}),
        "iat": now - hours,
        "auth_time": now - hours,
        "exp": now + hours,
        "firebase": {"sign_in_provider": "password", "identities": {}},
    }
    return {"Authorization": f"Bearer {unsigned(claims)}"}


def account_key(subject: str) -> PatientKey:
    """Under which name the store keeps the schedule of an account."""
    return patient_key(ISSUER, subject)
