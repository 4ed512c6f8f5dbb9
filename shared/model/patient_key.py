"""The name of a patient with an account, which tells nobody who it is."""

import hashlib
import json
from typing import NamedTuple

DIGITS = 40


class PatientKey(NamedTuple):
    """Names a patient in the store: a hash, because a `sub` may hold what no path may."""

    digits: str


def patient_key(issuer: str, subject: str) -> PatientKey:
    """Return the key of an account: the issuer of its tokens, and its `sub` there."""
    name = json.dumps([issuer, subject]).encode()
    return PatientKey(hashlib.sha256(name).hexdigest()[:DIGITS])
