"""Who may do what: the one table of functions, and what it means for an appointment."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from shared.access.caller import Caller, Kind
from shared.model.appointment import Appointment
from shared.model.elsewhere import Pointer
from shared.model.patient_key import PatientKey
from shared.model.series import Series

ME = "me"
"""In the place of a patient's id: that of the caller."""
EVERY_DOCTOR = "*"
"""In the place of a doctor's id: all of them."""


class Target(Struct, frozen=True):
    """Whom a request names: doctors, and the account of a patient.

    `breaks_rules` tells that it asks for a booking that need not keep all rules.
    """

    doctor_ids: frozenset[str] = frozenset()
    patient_id: str | None = None
    breaks_rules: bool = False


Permission = Callable[[Caller, Target], bool]


def _always(_caller: Caller, _target: Target) -> bool:
    return True


def _within_rules(_caller: Caller, target: Target) -> bool:
    return not target.breaks_rules


def _for_oneself(caller: Caller, target: Target) -> bool:
    return _within_rules(caller, target) and target.patient_id in (None, caller.subject)


def _of_oneself(_caller: Caller, target: Target) -> bool:
    return target.patient_id == ME


def _with_oneself(caller: Caller, target: Target) -> bool:
    return target.doctor_ids <= caller.doctor_ids


def _own_schedule(caller: Caller, target: Target) -> bool:
    named = target.patient_id is None and EVERY_DOCTOR not in target.doctor_ids
    return named and _with_oneself(caller, target)


_Row = Mapping[Kind, Permission]

_EVERYBODY: _Row = dict.fromkeys(("anonymous", "patient", "doctor", "staff"), _always)
_BOOKING: _Row = {"patient": _for_oneself, "doctor": _with_oneself, "staff": _always}
# What they may do with an appointment depends on whose it is: `may_see`.
_BY_ID: _Row = {"patient": _always, "doctor": _always, "staff": _always}
_OF_A_SCHEDULE: _Row = {"doctor": _with_oneself, "staff": _always}
_OF_A_PATIENT: _Row = {"patient": _of_oneself, "staff": _always}

PERMISSIONS: Mapping[str, _Row] = {
    "store_health": _EVERYBODY,
    "deliver_events": {"staff": _always},
    "first_available": _EVERYBODY,
    "list_openings": _EVERYBODY,
    "list_doctors": _EVERYBODY,
    "list_services": _EVERYBODY,
    "create_appointment": _BOOKING,
    "validate_appointment": _BOOKING,
    "create_series": _BOOKING,
    "cancel_series": _BY_ID,
    "hold_time": _BOOKING,
    "release_hold": _BY_ID,
    "get_appointment": _BY_ID,
    "cancel_appointment": _BY_ID,
    "reschedule_appointment": {**_BY_ID, "patient": _within_rules, "doctor": _with_oneself},
    "update_appointment": {**_BY_ID, "patient": _for_oneself},
    "mark_appointment": {"doctor": _always, "staff": _always},
    "list_appointments": {"patient": _of_oneself, "doctor": _own_schedule, "staff": _always},
    "create_override": _OF_A_SCHEDULE,
    "delete_override": _OF_A_SCHEDULE,
    "list_overrides": _OF_A_SCHEDULE,
    "appointment_calendar": _BY_ID,
    "create_calendar_link": _OF_A_SCHEDULE,
    "doctor_calendar": _EVERYBODY,
    "export_patient": _OF_A_PATIENT,
    "erase_patient": _OF_A_PATIENT,
}
"""For each function the kinds of callers that may call it, and for whom. Others may not."""


def may_call(caller: Caller, function: str) -> bool:
    """Whether callers of this kind may call a function at all."""
    return caller.kind in PERMISSIONS[function]


def may_ask(caller: Caller, function: str, target: Target) -> bool:
    """Whether a caller may ask a function about those whom the request names."""
    permission = PERMISSIONS[function].get(caller.kind)
    return permission is not None and permission(caller, target)


def may_see(caller: Caller, appointment: Appointment) -> bool:
    """Whether a caller may see and change an appointment; for others it does not exist."""
    return _is_theirs(caller, appointment.doctor_id, appointment.owner)


def may_see_series(caller: Caller, series: Series) -> bool:
    """Whether a caller may see and cancel a series; for others it does not exist."""
    if caller.kind == "patient":
        return series.is_of(caller.patient)
    return _is_theirs(caller, series.doctor_id, None)


def may_see_pointed(caller: Caller, pointer: Pointer) -> bool:
    """Whether a caller may see the appointment that a pointer leads to."""
    return _is_theirs(caller, pointer.to.doctor_id, pointer.owner)


def _is_theirs(caller: Caller, doctor_id: str, owner: PatientKey | None) -> bool:
    match caller.kind:
        case "staff":
            return True
        case "doctor":
            return doctor_id in caller.doctor_ids
        case "patient":
            return owner is not None and owner == caller.patient
    return False
