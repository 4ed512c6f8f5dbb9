"""Who the clients are: staff, and patients with an account; the tokens that say so, and limits.

The tokens are those of Firebase's emulator, which nobody signs: so no emulator needs to run.
"""

import time
from collections.abc import Mapping
from functools import cache

from shared.model.patient_key import PatientKey, patient_key
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
    "TEST_CLOCK": "on",
}
"""Every token counts that names this project; nobody counts requests; marks say when they are."""

ALLOWED = Allowed(booked=6, changes=16)
"""What the patients of a round may do: so little that some meet it."""

POLICY: Mapping[str, int] = {
    "horizon_days": 36_600,
    "open_appointments": int(ALLOWED.booked),
    "changes_per_day": int(ALLOWED.changes),
}
"""The same as a clinic file says it; and each round has days of its own, for decades."""

HOURS_OF_A_TOKEN = 12
"""Before now, and after it: a whole day, so that it counts by every clock of a run."""


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
