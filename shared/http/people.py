"""Appointments of people without an account, whom staff name by the appointments' ids."""

from collections.abc import Sequence

from shared.http.dependencies import Dependencies
from shared.http.request_errors import InvalidRequest
from shared.http.schemas.problem import FieldError
from shared.model.appointment import Appointment
from shared.model.patient_key import patient_key
from shared.queries.look_ups import look_up_all

HAS_ACCOUNT = "belongs to an account; send patient_id instead, and it covers all of the patient's"


async def without_account(
    dependencies: Dependencies, appointment_ids: Sequence[str]
) -> Sequence[Appointment] | None:
    """Return appointments by start, each once; None if any of them does not exist.

    Raises InvalidRequest if any belongs to an account of the present issuer. One of another issuer,
    from before AUTH was changed, cannot be named any more, so its appointments are named.
    """
    found = await look_up_all(dependencies.store, list(dict.fromkeys(appointment_ids)))
    if any(name not in found for name in appointment_ids):
        return None
    issuer = dependencies.patient_issuer
    owned = [n for n, name in enumerate(appointment_ids) if _has_account(found[name], issuer)]
    if owned:
        raise InvalidRequest(
            FieldError(field=f"appointment_ids[{n}]", message=HAS_ACCOUNT, type="has_account")
            for n in owned
        )
    return sorted(found.values(), key=lambda appointment: appointment.position)


def _has_account(appointment: Appointment, issuer: str) -> bool:
    patient_id = appointment.patient.id
    return patient_id is not None and appointment.owner == patient_key(issuer, patient_id)
