"""Callers: who sends a request, as a verified token says."""

from typing import Literal

from msgspec import Struct

from shared.model.patient_key import PatientKey, patient_key

Kind = Literal["anonymous", "patient", "doctor", "staff"]


class Caller(Struct, frozen=True):
    """Who sends a request. Personal: never logged, never quoted in an error.

    `issuer` and `subject` are the `iss` and `sub` of the token, empty without one. `doctor_ids` are
    the doctors that a caller of the kind `doctor` is.
    """

    kind: Kind
    issuer: str = ""
    subject: str = ""
    doctor_ids: frozenset[str] = frozenset()

    @property
    def name(self) -> tuple[str, ...]:
        """Return what tells this caller from all others; empty for those without a token."""
        return (self.issuer, self.subject) if self.subject else ()

    @property
    def account(self) -> PatientKey | None:
        """The key of the caller's account, of whatever kind; None for those without a token."""
        return patient_key(self.issuer, self.subject) if self.subject else None

    @property
    def patient(self) -> PatientKey | None:
        """The key of a patient's own account; None for every other kind of caller."""
        return self.account if self.kind == "patient" else None


ANONYMOUS = Caller("anonymous")

ANYBODY = Caller("staff")
"""Whoever calls a deployment that asks nobody who they are."""
