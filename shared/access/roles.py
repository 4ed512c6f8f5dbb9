"""From the claims of a token that counts to a caller."""

from collections.abc import Mapping
from typing import Any

from shared.access.caller import Caller

DOCTOR_IDS = "doctor_id"


def caller_of(claims: Mapping[str, Any], role_claim: str) -> Caller:
    """Return the caller: staff if any role says so, else doctor, else patient.

    `role_claim` is the name of a claim, or else a path with dots into nested ones. A claim holds a
    text or a list; whatever else stands there is no role. A doctor without an id is no doctor's
    self, and may do nothing.
    """
    issuer, subject = str(claims["iss"]), str(claims["sub"])
    roles = _texts(_claim(claims, role_claim))
    if "staff" in roles:
        return Caller("staff", issuer, subject)
    if "doctor" in roles:
        return Caller("doctor", issuer, subject, _texts(claims.get(DOCTOR_IDS)))
    return Caller("patient", issuer, subject)


def _claim(claims: Mapping[str, Any], name: str) -> object:
    if name in claims:  # Names of claims may hold dots, as those do that are addresses.
        return claims[name]
    value: object = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _texts(value: object) -> frozenset[str]:
    values = value if isinstance(value, list) else [value]
    return frozenset(value for value in values if isinstance(value, str) and value)
