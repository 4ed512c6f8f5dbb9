"""Appointments of people without an account, whom staff name by the appointments' ids."""

from collections.abc import Sequence

from shared.http.dependencies import Dependencies
from shared.http.errors import InvalidRequest
from shared.http.schemas.problem import FieldError
from shared.model.appointment import Appointment
from shared.queries.look_ups import look_up_all

MOST_ERRORS = 20
HAS_ACCOUNT = "belongs to an account; send patient_id instead, and it covers all of the patient's"


async def without_account(
    dependencies: Dependencies, appointment_ids: Sequence[str]
) -> Sequence[Appointment] | None:
    """Return appointments by start, each once; None if any of them does not exist.

    Raises InvalidRequest if any belongs to an account.
    """
    found = await look_up_all(dependencies.store, list(dict.fromkeys(appointment_ids)))
    if any(name not in found for name in appointment_ids):
        return None
    owned = [n for n, name in enumerate(appointment_ids) if found[name].owner]
    if owned:
        raise InvalidRequest(
            FieldError(field=f"appointment_ids[{n}]", message=HAS_ACCOUNT, type="has_account")
            for n in owned[:MOST_ERRORS]
        )
    return sorted(found.values(), key=lambda appointment: appointment.position)
