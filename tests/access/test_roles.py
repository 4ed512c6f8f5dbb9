"""The caller that the claims of a token make."""

import pytest

from shared.access.caller import Caller
from shared.access.roles import caller_of
from shared.model.patient_key import patient_key

WHO = {"iss": "https://id.example", "sub": "ada"}
NAMESPACED = "https://clinic.example/role"


def caller(kind: str, *doctor_ids: str) -> Caller:
    return Caller(kind, "https://id.example", "ada", frozenset(doctor_ids))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("staff", caller("staff")),
        (["staff"], caller("staff")),
        (["doctor", "other", "staff"], caller("staff")),
        ("doctor", caller("doctor", "strange")),
        (["other", "doctor"], caller("doctor", "strange")),
        ("patient", caller("patient")),
        ("admin", caller("patient")),
        ("Staff", caller("patient")),
        ("staff ", caller("patient")),
        ("staff,doctor", caller("patient")),
        ("", caller("patient")),
        ([], caller("patient")),
        ([["staff"]], caller("patient")),
        ({"staff": True}, caller("patient")),
        ([{"staff": 1}, 1, None], caller("patient")),
        (True, caller("patient")),
        (None, caller("patient")),
    ],
)
def test_staff_wins_then_doctor_and_everything_else_is_a_patient(
    role: object, expected: Caller
) -> None:
    assert caller_of({**WHO, "role": role, "doctor_id": "strange"}, "role") == expected


@pytest.mark.parametrize(
    ("doctor_id", "ids"),
    [
        ("strange", ["strange"]),
        (["strange", "who"], ["strange", "who"]),
        (["strange", 7, None, ""], ["strange"]),
        ("", []),
        ([], []),
        (None, []),
        (7, []),
        ({"id": "strange"}, []),
    ],
)
def test_a_doctor_is_the_doctors_of_the_claim_and_without_one_nobody(
    doctor_id: object, ids: list[str]
) -> None:
    claims = {**WHO, "role": "doctor", "doctor_id": doctor_id}
    assert caller_of(claims, "role") == caller("doctor", *ids)


def test_a_doctor_without_the_claim_is_nobody() -> None:
    assert caller_of({**WHO, "role": "doctor"}, "role") == caller("doctor")


@pytest.mark.parametrize(
    ("claims", "name", "kind"),
    [
        ({"realm_access": {"roles": ["offline_access", "staff"]}}, "realm_access.roles", "staff"),
        (
            {"resource_access": {"api": {"roles": ["doctor"]}}},
            "resource_access.api.roles",
            "doctor",
        ),
        ({"realm_access": ["staff"]}, "realm_access.roles", "patient"),
        ({"realm_access": None}, "realm_access.roles", "patient"),
        ({}, "realm_access.roles", "patient"),
        ({NAMESPACED: "staff"}, NAMESPACED, "staff"),
        ({NAMESPACED: ["doctor"]}, NAMESPACED, "doctor"),
        ({"role": "staff"}, NAMESPACED, "patient"),
        ({"a.b": "patient", "a": {"b": "staff"}}, "a.b", "patient"),
    ],
)
def test_roles_stand_in_a_claim_of_any_name_or_depth(
    claims: dict[str, object], name: str, kind: str
) -> None:
    assert caller_of({**WHO, **claims}, name).kind == kind


def test_only_a_patient_has_an_account_of_a_patient() -> None:
    assert caller("patient").patient == patient_key("https://id.example", "ada")
    for kind in ("anonymous", "doctor", "staff"):
        assert caller(kind).patient is None
