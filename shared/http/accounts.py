"""The accounts of patients that requests name."""

from typing import Any

from msgspec import Struct

from shared.access.permissions import ME
from shared.http.call import Call
from shared.http.request_errors import invalid
from shared.model.patient_key import PatientKey, patient_key

NOT_ME = 'must be the id of a patient\'s account; "me" is for patients who are signed in'


class Account(Struct, frozen=True):
    """The account of a patient: the `sub` of its tokens, and its name in the store."""

    id: str
    key: PatientKey


def named_account(call: Call[Any], field: str, patient_id: str) -> Account:
    """Return the account that a field names: 400 for `me` if the caller is no patient.

    A patient's is their own, as the table of permissions lets them name no other.
    """
    if call.caller.kind == "patient":
        return _account(call.caller.issuer, call.caller.subject)
    if patient_id == ME:
        raise invalid(field, "not_a_patient", NOT_ME)
    return _account(call.dependencies.patient_issuer, patient_id)


def account_to_book(call: Call[Any], patient_id: str | None) -> Account | None:
    """Return the account that a booking is for; None for people without one.

    A patient books for their own account, whether the request names it or not.
    """
    if patient_id is None and call.caller.kind != "patient":
        return None
    return named_account(call, "patient.id", patient_id or ME)


def _account(issuer: str, subject: str) -> Account:
    return Account(subject, patient_key(issuer, subject))
