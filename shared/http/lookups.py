"""What a request names, looked up: doctors and services."""

from collections.abc import Collection, Iterable, Mapping

from shared.http.dependencies import Dependencies
from shared.http.request_errors import NoSuchService, UnknownDoctor
from shared.model.appointment import Appointment
from shared.model.clinic import Clinic
from shared.model.doctor import Doctor
from shared.model.service import Service
from shared.store.port import StoreUnavailable

MOST_EXAMPLES = 10


async def find_doctor(dependencies: Dependencies, doctor_id: str) -> Doctor:
    """Return the doctor of an id, maybe a retired one: 404 if there is none."""
    (doctor,) = await find_doctors(dependencies, [doctor_id])
    return doctor


async def find_doctors(dependencies: Dependencies, doctor_ids: Collection[str]) -> list[Doctor]:
    """Return the doctors of these ids, each once, by id: 404 if there is none of one of them."""
    found = await dependencies.doctor_cache.find(doctor_ids)
    for doctor_id in doctor_ids:
        if doctor_id not in found:
            raise await _unknown(dependencies, doctor_id)
    return [found[each] for each in sorted(found)]


async def find_bookable_doctors(
    dependencies: Dependencies, doctor_ids: Collection[str]
) -> list[Doctor]:
    """Return the doctors of these ids as `find_doctors` does: 404 also if one is retired."""
    found = await find_doctors(dependencies, doctor_ids)
    for doctor in found:
        if doctor.retired:
            raise await _unknown(dependencies, doctor.id)
    return found


def find_service(
    clinic: Clinic, service_id: str | None, doctors: Iterable[Doctor] = ()
) -> Service | None:
    """Return the service of an id: 404 if there is none, or if one of the doctors offers it not.

    None if no service is named.
    """
    if service_id is None:
        return None
    service = clinic.services.get(service_id)
    if service is None:
        raise NoSuchService(anywhere=True)
    if not all(doctor.offers(service_id) for doctor in doctors):
        raise NoSuchService
    return service


async def doctor_of(dependencies: Dependencies, appointment: Appointment) -> Doctor:
    """Return the doctor of an appointment. Raises StoreUnavailable while unknown here."""
    return (await doctors_of(dependencies, [appointment]))[appointment.doctor_id]


async def doctors_of(
    dependencies: Dependencies, appointments: Iterable[Appointment]
) -> Mapping[str, Doctor]:
    """Return the doctors of appointments, by id. Raises StoreUnavailable while unknown here."""
    return await stored_doctors(dependencies, {each.doctor_id for each in appointments})


async def stored_doctors(
    dependencies: Dependencies, doctor_ids: Collection[str]
) -> Mapping[str, Doctor]:
    """Return doctors whom the store names, by id. Raises StoreUnavailable while unknown here."""
    found = await dependencies.doctor_cache.find(doctor_ids)
    if unknown := {*doctor_ids} - found.keys():
        some = ", ".join(sorted(unknown))
        raise StoreUnavailable(f"these doctors are new, or were deleted by hand: {some}")
    return found


async def _unknown(dependencies: Dependencies, doctor_id: str) -> UnknownDoctor:
    examples = await dependencies.doctor_cache.offering()
    known = ", ".join(f'"{doctor.id}"' for doctor in examples[:MOST_EXAMPLES])
    hint = f"use an id such as {known}" if known else "no doctor can be booked"
    return UnknownDoctor(f'there is no doctor "{doctor_id}"; {hint}')
