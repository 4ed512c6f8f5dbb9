"""What a request names, looked up: doctors and services."""

from shared.http.dependencies import Dependencies
from shared.http.errors import UnknownDoctor
from shared.model.appointment import Appointment
from shared.model.doctor import Doctor
from shared.store.port import StoreUnavailable

MOST_EXAMPLES = 10


async def find_doctor(dependencies: Dependencies, doctor_id: str) -> Doctor:
    """Return the doctor of an id, maybe a retired one: 404 if there is none."""
    found = await dependencies.doctor_cache.find([doctor_id])
    if doctor := found.get(doctor_id):
        return doctor
    raise await _unknown(dependencies, doctor_id)


async def find_bookable_doctor(dependencies: Dependencies, doctor_id: str) -> Doctor:
    """Return the doctor of an id: 404 if there is none who takes appointments."""
    doctor = await find_doctor(dependencies, doctor_id)
    if doctor.retired:
        raise await _unknown(dependencies, doctor_id)
    return doctor


async def doctor_of(dependencies: Dependencies, appointment: Appointment) -> Doctor:
    """Return the doctor of an appointment. Raises StoreUnavailable while unknown here."""
    found = await dependencies.doctor_cache.find([appointment.doctor_id])
    if doctor := found.get(appointment.doctor_id):
        return doctor
    raise StoreUnavailable(f"the doctor {appointment.doctor_id} is new, or was deleted by hand")


async def _unknown(dependencies: Dependencies, doctor_id: str) -> UnknownDoctor:
    examples = await dependencies.doctor_cache.offering()
    known = ", ".join(f'"{doctor.id}"' for doctor in examples[:MOST_EXAMPLES])
    return UnknownDoctor(f'there is no doctor "{doctor_id}"; use an id such as {known}')
