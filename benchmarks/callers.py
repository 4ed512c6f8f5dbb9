"""Settings of functions that ask for tokens, and tokens as Firebase's emulator writes them.

Nobody signs these, so no emulator needs to run. Of a token that was verified before, nothing is
verified again, signed or not.
"""

import time
from collections.abc import Mapping

from benchmarks.servers import HOST
from tests.access.issuing import unsigned

NO_LIMIT = "10000"
"""So many requests a second no caller sends, but they are counted."""


def asking_for_tokens(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of functions that ask for tokens of the settings' project."""
    return {
        **settings,
        "AUTH": "firebase",
        "FIREBASE_AUTH_EMULATOR_HOST": f"{HOST}:9",
        "RATE_PER_CALLER": NO_LIMIT,
    }


def signed_in(settings: Mapping[str, str], subject: str, role: str | None = None) -> dict[str, str]:
    """Return the headers of a user, who is a patient without a role."""
    project, now = settings["GOOGLE_CLOUD_PROJECT"], int(time.time())
    claims = {
        "iss": f"https://securetoken.google.com/{project}",
        "aud": project,
        "sub": subject,
        **({"role": role} if role else {}),
        "iat": now - 60,
        "auth_time": now - 60,
        "exp": now + 3600,
        "firebase": {"sign_in_provider": "password", "identities": {}},
    }
    return {"Authorization": f"Bearer {unsigned(claims)}"}
