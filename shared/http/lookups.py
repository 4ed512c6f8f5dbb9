"""What a request names, looked up: doctors, and the home days of appointments."""

from shared.http.dependencies import Dependencies
from shared.http.errors import UnknownDoctor
from shared.model.appointment import Appointment
from shared.model.doctor import Doctor
from shared.store.port import StoreUnavailable

MOST_EXAMPLES = 10


async def find_doctor(dependencies: Dependencies, doctor_id: str) -> Doctor:
    """Return the doctor of an id: 404 if there is none."""
    doctors = await dependencies.doctor_cache.doctors()
    if doctor := doctors.get(doctor_id):
        return doctor
    known = ", ".join(f'"{name}"' for name in list(doctors)[:MOST_EXAMPLES])
    raise UnknownDoctor(f'there is no doctor "{doctor_id}"; use an id such as {known}')


async def doctor_of(dependencies: Dependencies, appointment: Appointment) -> Doctor:
    """Return the doctor of an appointment. Raises StoreUnavailable while unknown here."""
    doctors = await dependencies.doctor_cache.doctors()
    if doctor := doctors.get(appointment.doctor_id):
        return doctor
    raise unknown_here(appointment.doctor_id)


def unknown_here(doctor_id: str) -> StoreUnavailable:
    """Return the error about a doctor that appointments name and this instance does not know."""
    return StoreUnavailable(f"the doctor {doctor_id} is new, or was deleted by hand")
